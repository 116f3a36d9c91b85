"""Every export gives the model's probabilities and labels where it is run."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.export import evaluators
from lr_pipeline.export import export_model as exporting
from lr_pipeline.export.export_agreement import require_agreement, ulps
from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.export_model import KINDS, export_model
from lr_pipeline.export.onnx_graph import missing_texts, onnx_graph
from lr_pipeline.export.pmml_document import pmml_document
from lr_pipeline.export.python_module import python_module
from lr_pipeline.export.score_plan import (
    CategoryTerm,
    LevelTerm,
    NumberTerm,
    ScorePlan,
    Switch,
    plan_score,
)
from lr_pipeline.export.sql_query import sql_query
from lr_pipeline.models import model_from_json
from lr_pipeline.models.decision.decision import DEFAULT_DECISION
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.table import Table
from tests.export.conftest import AGE, CITY, CODE, FLAG, RECALIBRATIONS, TAG, with_recalibration
from tests.scoring.conftest import fit

needs_pmml = pytest.mark.skipif(
    evaluators.pmml_evaluator_missing() != "", reason="no PMML evaluator is installed"
)


@pytest.fixture(scope="module")
def strange(odd: pd.DataFrame) -> pa.Table:
    """Return rows with unseen levels, and scores beyond ±700 in which exp() would overflow."""
    frame = odd.head(8).assign(
        **{
            AGE: [5e4, 6e5, -6e5, np.nan, 1e9, -1e9, 5e4, 0.0],
            CITY: ["Rome", "Oslo", "", None, "rare", "Oslo\u200b", "北京", "' OR 1=1 --"],
            CODE: ["2", "9", "1", "3", "2", "1", None, "2"],
        }
    )
    return pa.Table.from_pandas(frame.drop(columns="y"), preserve_index=False)


def expected_of(model: LogisticModel, rows: pa.Table) -> np.ndarray:
    X = model.preparation.design(rows.combine_chunks().to_batches()[0])
    return model.decision.probability(model.predictor.of_design(X))


def test_an_unknown_form_is_refused_with_those_that_there_are(model, rows) -> None:
    """Nothing is computed before that is said."""
    with pytest.raises(ExportError, match="expected one of sql, onnx, pmml, python, json, found"):
        export_model(model, "excel", rows)


@pytest.mark.parametrize("recalibration", RECALIBRATIONS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pmml"])
def test_an_export_gives_the_models_probabilities(model, rows, kind, recalibration) -> None:
    """They agree within 8 units in the last place on rows with gaps, odd names and spellings."""
    one = with_recalibration(model, recalibration)
    export = export_model(one, kind, rows)
    assert len(export.agreements) == (2 if kind == "sql" else 1)
    for agreement in export.agreements:
        assert agreement.rows == 600
        assert agreement.largest_ulp <= agreement.bound <= 8
    if kind == "json":
        assert model_from_json(export.content.decode()).to_json() == one.to_json()


@needs_pmml
@pytest.mark.slow
@pytest.mark.parametrize("recalibration", RECALIBRATIONS)
def test_pmml_gives_the_models_probabilities(model, rows, recalibration) -> None:
    """PMML4S computes them; with Platt's slope the bound follows from the sizes of the terms."""
    (agreement,) = export_model(with_recalibration(model, recalibration), "pmml", rows).agreements
    assert agreement.evaluator.startswith("PMML4S")
    assert agreement.largest_ulp <= agreement.bound < 1000


def test_rows_unlike_training_are_scored_alike(model, rows, strange) -> None:
    """Unseen levels, an attack in a level, missing values, and scores of thousands."""
    for recalibration in ("none", "isotonic"):
        one = with_recalibration(model, recalibration)
        expected = expected_of(one, strange)
        spelled = Table.from_arrow(
            strange.append_column("y", pa.array([0, 1] * 4)), target="y", category=[CODE]
        )
        plan = plan_score(one, [rows, spelled])
        found = [
            evaluators.run_python(plan, python_module(plan), strange),
            evaluators.run_sqlite(plan, sql_query(plan), strange),
            evaluators.run_duckdb(plan, sql_query(plan), strange),
            evaluators.run_onnx(plan, onnx_graph(plan), strange.slice(0, 2)),
        ]
        for result in found:
            k = len(result.probability)
            require_agreement(
                result.evaluator, expected[:k], result.probability, result.label, 0.4, 8
            )
    assert (found[0].probability > 0.94).any()


def test_python_reads_texts_by_their_spelling(model, rows) -> None:
    """Also spellings that no stored row has, and codes and numbers as a program has them."""
    plan = plan_score(model)  # knows no spellings
    module: dict = {}
    exec(compile(python_module(plan), "model.py", "exec"), module)
    row = {AGE: 5e4, TAG: 1e-3, CITY: "Köl'n", CODE: "2", FLAG: True}
    expected = module["predict_proba"](row)
    for others in ({CITY: " Köl’n "}, {CODE: 2}, {CODE: 2.0}, {FLAG: 1}, {AGE: " 5e4 "}):
        assert module["predict_proba"](row | others) == expected
    assert module["predict_proba"](row | {AGE: None}) == module["predict_proba"](row | {AGE: " "})
    assert module["predict_proba"](row | {AGE: float("nan")}) != expected
    assert module["threshold"] == model.decision.threshold
    assert "trained on 600 rows" in module["__doc__"]
    with pytest.raises(KeyError, match=FLAG):
        module["predict_proba"]({name: row[name] for name in row if name != FLAG})
    with pytest.raises(ValueError, match="at most 1e"):
        module["predict_proba"](row | {AGE: float("inf")})


def test_a_docstring_cannot_end_early() -> None:
    """Quotation marks and backslashes in names stay text."""
    frame = pd.DataFrame({'"""\nimport os\\': np.arange(40.0), 'y"""': [0, 1] * 20})
    model = fit(Table.from_pandas(frame, target='y"""'))
    source = export_model(model, "python", Table.from_pandas(frame, target='y"""')).content
    module: dict = {}
    exec(compile(source, "model.py", "exec"), module)
    assert "os" not in module


@pytest.mark.postgres
def test_postgresql_runs_the_query(model, rows, strange, odd, postgres_server) -> None:
    """The same bits but for exp(), NaN missing, no underflow at scores of thousands."""
    import psycopg

    connection = psycopg.connect(postgres_server.new_database("scores"), autocommit=True)
    with connection:
        for recalibration in RECALIBRATIONS:
            one = with_recalibration(model, recalibration)
            plan = plan_score(one, [rows])
            for data in (rows.to_arrow(), strange):
                connection.execute("DROP TABLE IF EXISTS new_rows")
                connection.execute(evaluators.create_table(plan))
                values = evaluators.plain_columns(plan, data)
                number = values[0]
                number[:] = [float("nan") if value is None else value for value in number]
                with connection.cursor() as cursor:
                    cursor.executemany(
                        evaluators.insert_into(plan, mark="%s"), list(zip(*values, strict=True))
                    )
                query = evaluators.chosen_results(plan, sql_query(plan))
                found = np.array(connection.execute(query).fetchall(), dtype=float)
                expected = expected_of(one, data)
                keep = np.ones(len(found), bool)
                if data is strange:
                    keep[5] = False  # a spelling that no stored row has
                require_agreement(
                    "PostgreSQL", expected[keep], found[keep, 0].copy(), found[keep, 1], 0.4, 8
                )


def test_more_columns_than_an_expression_may_nest() -> None:
    """The query adds 400 terms at a time; SQLite nests at most 1,000."""
    rng = np.random.default_rng(3)
    names = [f"x{k}" for k in range(1_100)]
    terms = tuple(NumberTerm(name, 0.0, *rng.normal(size=2).tolist()) for name in names)
    plan = ScorePlan(0.25, terms, DEFAULT_DECISION, ("Wide.",))
    rows = pa.table(rng.normal(scale=0.05, size=(1_100, 4)).tolist(), names)
    expected = evaluators.run_python(plan, python_module(plan), rows).probability
    found = evaluators.run_sqlite(plan, sql_query(plan), rows)
    assert ulps(expected, found.probability).max() <= 8


def test_names_of_results_that_columns_have_get_an_underscore() -> None:
    """Upper and lower case do not matter, since SQL ignores case."""
    frame = pd.DataFrame(
        {"LR_Score": np.arange(40.0), "probability": np.arange(40.0) % 7, "y": [0, 0, 1, 1] * 10}
    )
    rows = Table.from_pandas(frame, target="y")
    model = fit(rows)
    assert '"lr_score_"' in sql_query(plan_score(model))
    for kind in ("sql", "onnx", "python"):
        export_model(model, kind, rows)


def test_a_level_that_is_empty_text_is_not_missing() -> None:
    """In ONNX, missing text then has another word, named in the metadata."""
    frame = pd.DataFrame({"c": ["", "a", None, "b"] * 30, "y": [0, 1, 1, 0, 1] * 24})
    rows = Table.from_arrow(pa.Table.from_pandas(frame, preserve_index=False), target="y")
    model = fit(rows)
    plan = plan_score(model, [rows])
    assert missing_texts(plan) == {"c": "(missing)"}
    for kind in ("sql", "onnx", "python"):
        export_model(model, kind, rows)


def test_pmml_says_that_it_was_not_evaluated(model, rows, monkeypatch) -> None:
    """No result is claimed where no evaluator is installed."""
    monkeypatch.setattr(evaluators, "pmml_evaluator_missing", lambda: "no evaluator installed")
    export = export_model(model, "pmml", rows)
    assert export.agreements == ()
    assert export.left_out == ("not evaluated: no evaluator installed",)
    assert export.valid.startswith("valid by the schema of PMML 4.4")


def test_pmml_has_the_elements_of_its_schema_in_order(model, rows) -> None:
    """DataDictionary, then the model: schema, output, transformations, one table a class."""
    from xml.etree import ElementTree

    root = ElementTree.fromstring(pmml_document(plan_score(model, [rows])))
    space = "{http://www.dmg.org/PMML-4_4}"
    assert root.attrib == {"version": "4.4"}
    assert [one.tag.removeprefix(space) for one in root] == [
        "Header",
        "DataDictionary",
        "RegressionModel",
    ]
    assert [one.tag.removeprefix(space) for one in root[2]] == [
        "MiningSchema",
        "Output",
        "LocalTransformations",
        "RegressionTable",
        "RegressionTable",
    ]
    assert root[2].attrib == {"functionName": "classification", "normalizationMethod": "logit"}
    names = [one.attrib["name"] for one in root.iter(f"{space}DataField")]
    assert names == [AGE, TAG, CITY, CODE, FLAG, "y"]
    texts = {one.text for one in root.iter(f"{space}Constant")}
    assert {"<b>&amp;", "Köl'n", 'L"yon', "Oslo "} <= texts


def test_an_export_that_disagrees_is_refused(model, rows, monkeypatch) -> None:
    """A coefficient changed by one part in 10¹² is found, and the first row named."""
    plan = plan_score(model, [rows])
    wrong = replace(plan, intercept=plan.intercept * (1.0 + 1e-12))
    monkeypatch.setattr(exporting, "plan_score", lambda *_: wrong)
    for kind in ("sql", "onnx", "python"):
        with pytest.raises(ExportError, match=r"disagrees with the model in .*Nothing was written"):
            export_model(model, kind, rows)


def test_another_threshold_is_refused(model, rows, monkeypatch) -> None:
    """Labels are compared too."""
    plan = plan_score(model, [rows])
    other = replace(plan, decision=replace(plan.decision, threshold=0.7))
    monkeypatch.setattr(exporting, "plan_score", lambda *_: other)
    with pytest.raises(ExportError, match="another label than the model"):
        export_model(model, "sql", rows)


def test_ulps_are_steps_between_numbers() -> None:
    """Numpy's nextafter counts the same steps; NaN and negative numbers are far."""
    p = np.array([0.5, 0.3, 1.0, 0.0, 0.2])
    found = np.array([0.5, np.nextafter(np.nextafter(0.3, 1), 1), np.nextafter(1, 0), -0.1, np.nan])
    far = np.iinfo(np.int64).max
    assert ulps(p, found).tolist() == [0, 2, 1, far, far]
    assert ulps(np.array([0.0]), np.array([3e-308])).tolist() == [0]


def test_a_package_that_is_missing_is_named_with_its_command(model, rows, monkeypatch) -> None:
    """One line, and the command that installs it."""
    monkeypatch.setattr("lr_pipeline.export.onnx_graph.find_spec", lambda _: None)
    with pytest.raises(ExportError, match=r"pip install 'lr-pipeline\[export\]'"):
        export_model(model, "onnx", rows)


def test_characters_that_a_form_has_not_are_refused() -> None:
    """NUL in SQL and a control character in XML raise an error that names the text."""
    frame = pd.DataFrame({"c": ["a\0b", "x", "x"] * 20, "y": [0, 0, 1, 1, 1] * 12})
    rows = Table.from_arrow(pa.Table.from_pandas(frame, preserve_index=False), target="y")
    model = fit(rows)
    with pytest.raises(ExportError, match="NUL"):
        export_model(model, "sql", rows)
    with pytest.raises(ExportError, match="which XML forbids"):
        export_model(model, "pmml", rows)
    export_model(model, "python", rows)


def test_equal_models_give_equal_files(model, rows) -> None:
    """Nothing depends on the clock or on chance."""
    for kind in ("sql", "onnx", "python"):
        assert export_model(model, kind, rows).content == export_model(model, kind, rows).content


def test_names_that_differ_by_case_alone_are_refused_by_sql() -> None:
    """SQLite and DuckDB cannot tell them apart; Python can."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=["Age", "age"]).assign(y=[0, 1, 1] * 20)
    rows = Table.from_pandas(frame, target="y")
    model = fit(rows)
    with pytest.raises(ExportError, match=r"duplicate column name: age. Nothing was written"):
        export_model(model, "sql", rows)
    export_model(model, "python", rows)


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)


@settings(max_examples=20)
@given(
    st.lists(TEXTS, min_size=2, max_size=2, unique_by=str.casefold),
    st.lists(TEXTS, min_size=3, max_size=5, unique=True),
    st.lists(st.floats(-50, 50), min_size=8, max_size=8),
)
def test_whatever_the_names_the_engines_agree(names, texts, numbers) -> None:
    """Quotation marks, comments, line breaks, any letters: nothing is read as SQL or Python."""
    first, second, third, fourth, *rest = numbers
    levels = tuple(
        LevelTerm((text,), Switch(on=first / (k + 1), off=second))
        for k, text in enumerate(texts[1:])
    )
    category = CategoryTerm(
        names[0], levels, (texts[0],), Switch(on=third, off=0.5), Switch(on=fourth, off=-0.5)
    )
    number = NumberTerm(names[1], rest[0], rest[1], rest[2], Switch(on=1.0, off=rest[3]))
    plan = ScorePlan(0.25, (category, number), DEFAULT_DECISION, (f"About {names}.", texts[0]))
    values = [*texts, None, "\u2603 of no level"]
    rows = pa.table(
        {names[0]: values, names[1]: [None, *[float(k) for k in range(len(values) - 1)]]}
    )
    expected = evaluators.run_python(plan, python_module(plan), rows).probability
    for evaluate in (evaluators.run_sqlite, evaluators.run_duckdb):
        found = evaluate(plan, sql_query(plan), rows)
        require_agreement(found.evaluator, expected, found.probability, found.label, 0.5, 8)
    found = evaluators.run_onnx(plan, onnx_graph(plan), rows)
    require_agreement(found.evaluator, expected, found.probability, found.label, 0.5, 8)


def test_of_many_rows_some_are_compared(model, rows, monkeypatch) -> None:
    """Evenly spaced, and the description says how many of how many."""
    monkeypatch.setitem(exporting.KINDS, "python", KINDS["python"]._replace(rows=250))
    (agreement,) = export_model(model, "python", rows).agreements
    assert (agreement.rows, agreement.step) == (200, 3)
    assert ": 200 (1 of 3) stored rows, largest difference" in agreement.description
