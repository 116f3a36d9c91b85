"""A feature's kind can be declared: the same values in every file make the same columns."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import lr_pipeline
from lr_pipeline.cli.command_line import main
from lr_pipeline.scoring.new_rows import SchemaMismatchError, open_new_rows
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable, source_from_dict
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.schema_change import contract_of, schema_differences
from lr_pipeline.tables.values.declared_kinds import category_texts

RACE = [1, 2, 3, 1, 2, 1, 3, 1]
FRAME = pd.DataFrame({"y": [0, 1] * 4, "race": RACE, "x": [0.5, 1.5, 0.25, 2.0, 1.0, 3.0, 2.5, 4]})
DESIGN = [[float(r == 2), float(r == 3)] for r in RACE]  # 1 is the most frequent: the reference


def stored(folder: Path, form: str) -> FileTable | SqlTable:
    """The same eight rows with the codes stored as in different kinds of files."""
    as_stored = {
        "integers": FRAME,
        "floats": FRAME.astype({"race": float}),
        "texts": FRAME.astype({"race": str}),
        "dictionary": FRAME.astype({"race": "category"}),
        "decimals": FRAME.assign(race=[Decimal(code) for code in RACE]),
    }
    settings = {"target": "y", "category": ["race"]}
    if form == "sql":
        url = f"sqlite:///{folder / 'rows.db'}"
        FRAME.to_sql("rows", url, index=False)
        return SqlTable(url, "select * from rows", **settings)
    if form.startswith("csv"):
        path = folder / "rows.csv"
        (FRAME if form == "csv" else as_stored["floats"]).to_csv(path, index=False)
        return FileTable(path, **settings)
    path = folder / "rows.parquet"
    as_stored[form].to_parquet(path, index=False)
    return FileTable(path, **settings)


FORMS = ("integers", "floats", "texts", "dictionary", "decimals", "csv", "csv of floats", "sql")


@pytest.mark.parametrize("form", FORMS)
def test_codes_are_coded_level_by_level_whatever_holds_them(tmp_path, form) -> None:
    """Whether from a file or a database, no slope is fitted to the codes 1, 2, 3."""
    table = stored(tmp_path, form).read(to_split=False)
    preparation = Preparation.fit(table)
    assert preparation.columns == ("race=2", "race=3", "x")
    (block,) = table.blocks()
    assert preparation.design(block)[:, :2].tolist() == DESIGN


@pytest.mark.parametrize("trained", ["csv", "integers", "floats"])
@pytest.mark.parametrize("form", FORMS[:-1])
def test_new_rows_of_another_storage_get_the_same_columns(tmp_path, trained, form) -> None:
    """The model knows which features are codes; its rows may come from any kind of file."""
    (tmp_path / "new").mkdir()
    table = stored(tmp_path, trained).read()
    preparation = Preparation.from_dict(Preparation.fit(table).to_dict())
    new = stored(tmp_path / "new", form)
    (block,) = open_new_rows(new.path, preparation).table.blocks(columns=["race", "x"])
    assert preparation.design(block)[:, :2].tolist() == DESIGN
    assert preparation.unseen(block) == {}


def test_without_the_declaration_codes_given_as_text_stay_refused(tmp_path) -> None:
    """Only a declared feature may change its type."""
    preparation = Preparation.fit(Table.from_pandas(FRAME, "y"))
    stored(tmp_path, "texts")
    with pytest.raises(SchemaMismatchError, match="number or boolean"):
        open_new_rows(tmp_path / "rows.parquet", preparation)


def test_the_doors_of_python_and_yaml_agree() -> None:
    """A data frame, an Arrow table and a declaration as plain values give the same table."""
    frame = Table.from_pandas(FRAME, "y", category=["race"])
    arrow = Table.from_arrow(pa.Table.from_pandas(FRAME), "y", category=["race"])
    assert frame.fingerprint == arrow.fingerprint
    declared = FileTable("rows.csv", target="y", category="race", number=("x",))
    assert (declared.category, declared.number) == (("race",), ("x",))
    values = declared.to_dict()
    assert (values["category"], values["number"]) == (["race"], ["x"])
    assert source_from_dict(values) == declared
    assert "category" not in FileTable("rows.csv", target="y").to_dict()


def test_roles_keep_the_kinds_and_older_files_are_read() -> None:
    """The schema of a Parquet file and a model's JSON keep them."""
    roles = ColumnRoles("y", 1, ("race", "x"), category=("race",), number=("x",))
    assert ColumnRoles.from_dict(roles.to_dict()) == roles
    plain = ColumnRoles("y", 1, ("race", "x")).to_dict()
    assert not {"category", "number"} & plain.keys()
    assert ColumnRoles.from_dict(plain).category == ()


def test_text_that_is_no_number_is_an_error_with_its_first_row(tmp_path) -> None:
    """The file's other values are numbers; the remedy is the other kind."""
    frame = FRAME.astype({"x": str})
    frame.loc[5, "x"] = "3 kg"
    frame.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(TableError) as caught:
        FileTable(tmp_path / "rows.csv", target="y", number=["x"]).read()
    assert str(caught.value) == (
        f"{tmp_path / 'rows.csv'}: column 'x' is declared a number, found '3 kg' (first at row 6). "
        "Correct it or make it missing, or set category=['x'] instead."
    )


def test_numbers_stored_as_text_are_read_as_numbers() -> None:
    """They may have spaces around them, and missing values among them."""
    frame = FRAME.assign(x=[" 1.5", "2", None, "-3e2", "4", "5", "6", "7 "])
    table = Table.from_pandas(frame, "y", number=["x"])
    values = table.column("x").to_pylist()
    assert values == [1.5, 2.0, None, -300.0, 4.0, 5.0, 6.0, 7.0]
    assert Preparation.fit(table).columns[-1] == "x=missing"


def test_a_category_of_ten_thousand_values_is_an_error() -> None:
    """It is never left out without a message, since the user asked for it."""
    frame = pd.DataFrame({"y": [0, 1] * 10_000, "k": np.arange(20_000) % 10_000, "x": 1.0})
    with pytest.raises(TableError) as caught:
        lr_pipeline.tables.validation.validate.useful_features(
            Table.from_pandas(frame, "y", category=["k"]), named=False
        )
    assert str(caught.value) == (
        "feature 'k' is declared a category, found 10,000 different values in 20,000 rows (at most "
        "100, and fewer than rows). Group its values, or set exclude=['k'] instead."
    )


def test_a_declared_kind_is_taken_at_its_word() -> None:
    """A counter declared as number stays; dates and amounts declared as categories are levels."""
    rows = 200
    frame = pd.DataFrame(
        {
            "y": [0, 1] * 100,
            "n": range(rows),
            "day": [f"0{1 + k % 3}/02/2024" for k in range(rows)],
            "fee": [f"{k % 4},50" for k in range(rows)],
        }
    )
    table = Table.from_pandas(frame, "y", category=["day", "fee"], number=["n"])
    kept, left_out = lr_pipeline.tables.validation.validate.useful_features(table)
    assert (kept.roles.features, left_out) == (("n", "day", "fee"), [])


def test_a_kind_declared_meanwhile_is_no_change_of_the_source() -> None:
    """The user wants it, like a changed role."""
    before = contract_of(Table.from_pandas(FRAME, "y").with_provenance({"declaration": {}}))
    table = Table.from_pandas(FRAME, "y", category=["race"])
    now = table.with_provenance({"declaration": {"category": ["race"]}})
    assert schema_differences(before, now) == {}


@given(st.lists(st.integers(-(2**53), 2**53) | st.none(), max_size=20))
def test_integers_floats_and_their_texts_are_the_same_levels(codes) -> None:
    """That holds for texts without an exponent, whichever program wrote them."""
    small = [code if code is None or abs(code) < 10**6 else code % 1000 for code in codes]
    texts = [None if code is None else str(code) for code in small]
    assert category_texts(pa.array(codes, pa.int64())).to_pylist() == [
        None if code is None else str(code) for code in codes
    ]
    for kind in (pa.float64(), pa.int32()):
        assert category_texts(pa.array(small, pa.int64()).cast(kind)).to_pylist() == texts
    spelled = pa.array([None if code is None else f"{code}.0" for code in small], pa.string())
    assert category_texts(spelled).to_pylist() == texts


def test_the_command_line_trains_on_codes_and_predicts_from_parquet(tmp_path, monkeypatch) -> None:
    """``--category`` in ``run``; the scores of CSV and of Parquet with integers are the same."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"race": rng.integers(1, 4, 240), "x": rng.normal(size=240)})
    frame["y"] = (rng.random(240) < 0.3 + 0.4 * (frame["race"] == 2)).astype(int)
    frame.to_csv("low.csv", index=False)
    pq.write_table(pa.Table.from_pandas(frame), "low.parquet")
    runner = CliRunner()
    options = ["--target", "y", "--category", "race", "--cv", "0"]
    ran = runner.invoke(main, ["run", "low.csv", *options])
    assert ran.exit_code == 0, ran.output
    model = lr_pipeline.load("low/numpy_model", ".dagster_home")
    assert len([name for name in model.coefficients if name.startswith("race=")]) == 2
    for file in ("low.csv", "low.parquet"):
        command = ["predict", file, "--model", "low", "--anyway", "--output", f"{file}.csv"]
        scored = runner.invoke(main, command)
        assert scored.exit_code == 0, scored.output
        assert " 0 with an unseen category" in scored.output
    assert Path("low.csv.csv").read_text() == Path("low.parquet.csv").read_text()
