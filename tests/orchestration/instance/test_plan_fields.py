"""A table's plan as plain fields, and back."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.orchestration.instance.plan_fields import PlanError, plan_fields, plan_of_fields
from lr_pipeline.orchestration.instance.remembered_tables import yaml_text
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable, SyntheticTable
from lr_pipeline.tables.split.split_policy import SplitPolicy

CHURN = {"kind": "file", "path": "/data/churn.csv", "target": "churned"}
PLANS = [
    TablePlan(FileTable("/data/churn.csv", "churned"), "churn"),
    TablePlan(
        FileTable(
            "/data/c*.csv",
            "no",
            positive=False,
            exclude=("day", "2024"),
            group="yes",
            split=SplitPolicy(kind="sticky", seed=4, test_size=0.3),
            missing=("?", "-999"),
            keep_na=("country",),
            category=("code",),
        ),
        "churn",
        {"penalty": "l2", "l2": 0.5},
        {"row_seed": 3},
        "streaming",
        score_path="/data/new.csv",
        champion={"aim": "non-inferiority", "metric": "roc_auc", "margin": 0.01, "alpha": 0.1},
        scoring={"reasons": 3, "reference": "/data/reference.yaml"},
        acknowledged={
            "contract": {"says": "'day': left out.", "because": "it is no feature"},
            "numpy_model:converged": {"says": "3 \n4", "because": "yes", "any_numbers": True},
        },
    ),
    TablePlan(
        FileTable("s3://b/c.parquet", "y", time="t"), "c", engine="dask", scheduler="tcp://a:1"
    ),
    TablePlan(SqlTable("env:DB", "select * from t", "y", features=("a",)), "t"),
    TablePlan(
        SqlTable("env:DB", "select * from t", "y", version_query="select count(*) from t"),
        "t",
        automation={"timezone": "Europe/Berlin", "schedule": "30 2 * * *", "watch": True},
    ),
    TablePlan(SyntheticTable(num_rows=60), "made"),
]


def through_yaml(fields: dict[str, object]) -> dict[str, object]:
    """Return what a reader of the file gets."""
    return yaml.safe_load(yaml_text(fields))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_plan_survives_yaml(plan) -> None:
    """Every field comes back with its type."""
    assert plan_of_fields(plan.name, through_yaml(plan_fields(plan))) == plan


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(
    target=TEXT, others=st.lists(TEXT, max_size=4), positive=TEXT | st.booleans() | st.integers()
)
def test_any_name_of_a_column_survives_yaml(target, others, positive) -> None:
    """A column may be called no, 1e3, ~ or - : nothing is taken for something else."""
    plan = TablePlan(FileTable("/a.csv", target, positive=positive, exclude=others), "a")
    assert plan_of_fields("a", through_yaml(plan_fields(plan))) == plan


def test_a_relative_path_is_written_from_the_root(tmp_path, monkeypatch) -> None:
    """The web UI may run in another folder; a link stays a link."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er")
    monkeypatch.chdir(tmp_path / "deep")

    def path(given: str) -> str:
        return plan_fields(TablePlan(FileTable(given, "y"), "a"))["table"]["path"]

    assert path("../deep/a.csv") == str(tmp_path / "deep" / "a.csv")
    assert path(str(tmp_path / "link" / "a.csv")) == str(tmp_path / "link" / "a.csv")
    through_link = str(tmp_path / "link" / ".." / "a.csv")  # deep/a.csv, not a.csv
    assert Path(path(through_link)).resolve() == tmp_path / "deep" / "a.csv"
    assert path("https://a.org/a.csv") == "https://a.org/a.csv"


@pytest.mark.parametrize(
    "address",
    [
        "https://me:geheim@a.org/a.csv",
        "https://a.org/a.csv?token=geheim",
        "https://a.blob.core.windows.net/c/a.csv?sv=1&sig=geheim",
    ],
)
def test_a_password_or_token_is_not_written(address) -> None:
    """The message has the remedy, and not the secret."""
    for plan in (
        TablePlan(FileTable(address, "y"), "a"),
        TablePlan(FileTable("a.csv", "y"), "a", score_path=address),
    ):
        with pytest.raises(PlanError, match="holds a password or token") as caught:
            plan_fields(plan)
        assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "expected fields below table:"),
        ({"table": [1]}, "expected fields below table:"),
        ({"table": CHURN, "traning": {}}, "unknown field 'traning'"),
        ({"table": CHURN | {"kind": "files"}}, "table kind 'files' is unknown"),
        ({"table": {"kind": "file", "path": "a"}}, "lacks the field 'target'"),
        ({"table": CHURN | {"traget": "y"}}, "unknown field 'traget'"),
        ({"table": CHURN | {"target": False}}, "field target: Input should be a valid string"),
        ({"table": CHURN | {"exclude": [2024]}}, "field exclude: Input should be a valid string"),
        ({"table": CHURN | {"exclude": 7}}, "field exclude:"),
        ({"table": CHURN | {"split": "time"}}, "expected fields below split:"),
        ({"table": CHURN | {"split": {"test_size": "half"}}}, "field test_size:"),
        ({"table": CHURN | {"split": {"test_size": 1.5}}}, "test_size must lie between 0 and 1"),
        ({"table": CHURN | {"split": {"kind": 3}}}, "field kind:"),
        ({"table": CHURN | {"group": "g", "time": "t"}}, "no split does both"),
        (
            {"table": CHURN, "automation": {"timezone": "Berlin"}},
            "automation: timezone: time zone 'Berl",
        ),
        ({"table": CHURN, "automation": {"schedule": "nightly"}}, "five fields"),
        ({"table": CHURN, "automation": {"wach": True}}, "automation: wach: Extra inputs"),
        ({"table": {"kind": "synthetic"}, "automation": {"watch": True}}, "never changes"),
        ({"table": CHURN, "automation": {"monthly_from": "2023-01"}}, "with a time column"),
        ({"table": CHURN, "training": {"penalty": "l3"}}, "training: penalty:"),
        ({"table": CHURN, "training": {"penalty": "l2"}}, "Give both or neither"),
        ({"table": CHURN, "training": {"lambda": 1}}, "training: lambda:"),
        ({"table": CHURN, "training": {"decision": "cost"}}, "expected one kind"),
        ({"table": CHURN, "training": {"decision": {"cost": None}}}, "expected one kind"),
        ({"table": CHURN, "training": {"decision": {"price": {}}}}, "training: decision:"),
        (
            {"table": CHURN, "training": {"decision": {"cost": {"false_positive": -1}}}},
            "training: decision.cost.false_positive: Input should be greater",
        ),
        ({"table": CHURN, "training": {1: 2}}, "expected fields below training:"),
        ({"table": CHURN, "evaluation": {"row_seed": -1}}, "evaluation: row_seed:"),
        ({"table": CHURN, "champion": {"aim": "non-inferiority"}}, "expected a margin above 0"),
        ({"table": CHURN, "champion": {"metric": "accuracy"}}, "champion: metric:"),
        ({"table": CHURN, "scoring": {"reasons": 0}}, "scoring: reasons:"),
        ({"table": CHURN, "scoring": {"score_path": "new.csv"}}, "scoring: score_path:"),
        ({"table": CHURN, "engine": "spark"}, "field engine:"),
        ({"table": CHURN, "score_path": 5}, "field score_path:"),
        ({"table": CHURN, "acknowledged": {"contract": "known"}}, "expected says and because"),
        ({"table": CHURN, "acknowledged": {"contract": {"says": "a"}}}, "acknowledged: because:"),
        (
            {"table": CHURN, "acknowledged": {"leaks": {"says": "a", "because": "b"}}},
            "acknowledged: expected a check of the table, found 'leaks'",
        ),
    ],
)
def test_what_is_wrong_is_named(fields, said) -> None:
    """The field, what was expected and what was found are in the message."""
    with pytest.raises(PlanError) as caught:
        plan_of_fields("churn", fields)
    assert said in str(caught.value)


def test_one_name_may_stand_for_a_list_of_one() -> None:
    """Python's declaration allows the same."""
    plan = plan_of_fields("churn", {"table": CHURN | {"exclude": "day"}})
    assert plan.source.exclude == ("day",)
