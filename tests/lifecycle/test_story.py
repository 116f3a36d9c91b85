"""The life of a model on a real instance: trained, promoted, replaced, kept, rolled back."""

import multiprocessing
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

import lr_pipeline
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.lifecycle.model_in_use import Champion
from lr_pipeline.models.model_version import version_of
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    load_recorded,
    recorded,
)
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.manual_rulings import promote, roll_back
from lr_pipeline.orchestration.instance.rulings import (
    champion_key,
    current_champion,
    records_of,
    rulings,
)
from lr_pipeline.orchestration.instance.sqlite_waits import fewer_disk_waits
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.report.render import Report
from lr_pipeline.scoring.predictions import ScoringError
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.sources.declared_tables import FileTable
from tests.homes import ready_home

PARTS = ("dataset", "train_set", "test_set", "mle_existence", "linear_baseline", "numpy_model")
NO_FOLDS = {"evaluation_report": {"cv": {"repeats": 0}}}  # what they show is not of this story

pytestmark = pytest.mark.usefixtures("data_anywhere", "undrawn")


def rows(n: int, noise: float, seed: int) -> pd.DataFrame:
    """Customers who leave more often the longer they stayed; the noise hides how long that was."""
    rng = np.random.default_rng(seed)
    stay = rng.normal(size=n)
    left = (rng.random(n) < sigmoid(2.5 * stay)).astype(int)
    return pd.DataFrame({"stay": stay + noise * rng.normal(size=n), "left": left})


class Shop:
    """A table that changes, its home, and its jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "shop.csv"
        self.home = ready_home(folder / "home")
        rows(600, 2.0, 1).to_csv(self.file, index=False)
        self.definitions = build_definitions(
            FileTable(self.file, target="left"),
            "shop",
            resources={"io_manager": ArtifactIOManager(root=str(folder / "artifacts"))},
        )

    def instance(self) -> dg.DagsterInstance:
        """The home, opened."""
        return dg.DagsterInstance.from_config(str(self.home))

    def run(self, job: str, **ops: object) -> dg.ExecuteInProcessResult:
        """Run a job of the table."""
        config = {"ops": {f"shop__{name}": {"config": one} for name, one in ops.items()}}
        with fewer_disk_waits(), self.instance() as instance:
            return self.definitions.resolve_job_def(f"shop__{job}").execute_in_process(
                instance=instance, run_config=config if ops else None, raise_on_error=False
            )

    def train(self, frame: pd.DataFrame | None = None, **ops: object) -> Champion:
        """Train on new rows, and return the champion after that."""
        if frame is not None:
            frame.to_csv(self.file, index=False)
        result = self.run("training_job", **NO_FOLDS | ops)
        assert result.success
        return self.champion()

    def champion(self) -> Champion:
        """The model in use, as users load it."""
        return Champion.of(lr_pipeline.load("shop/champion", home=self.home))

    def records(self) -> list:
        """All rulings."""
        with self.instance() as instance:
            return records_of(rulings(instance, champion_key(["shop"])))

    def scores(self, **options: object) -> pd.DataFrame:
        """The scores of new rows."""
        new = self.folder / "new.csv"
        rows(20, 0.5, 9)[["stay"]].to_csv(new, index=False)
        result = self.run("scoring_job", predictions={"score_path": str(new)} | options)
        assert result.success
        return lr_pipeline.load("shop/predictions", home=self.home).to_pandas()

    def scored_by(self) -> tuple[str, str]:
        """The version and status in the scores of new rows."""
        found = self.scores()
        return found["model_version"][0], found["model_status"][0]

    def drifted(self, frame: pd.DataFrame) -> tuple[bool, list[str]]:
        """Whether the check of new rows alarms, and the features that have drifted."""
        new = self.folder / "later.csv"
        frame.to_csv(new, index=False)
        result = self.run("drift_job", drift_report={"score_path": str(new)})
        assert result.success
        (check,) = result.get_asset_check_evaluations()
        numbers = lr_pipeline.load("shop/drift_report", home=self.home)
        return not check.passed, numbers["drifted_features"]

    def report(self) -> Report:
        """The page of the latest report and its numbers."""
        with self.instance() as instance:
            key = dg.AssetKey(["shop", "evaluation_report"])
            return load_recorded(key, latest_materialization(instance, key))

    def shown(self, name: str) -> str | None:
        """What the web UI shows beside the latest report, by its name."""
        with self.instance() as instance:
            key = dg.AssetKey(["shop", "evaluation_report"])
            return recorded(latest_materialization(instance, key), name)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Shop:
    """A shop with one champion."""
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.train()
    return made


def test_the_life_of_a_model(shop) -> None:
    """A model is promoted, replaced by a better one, kept against a weaker one, and taken back.

    In between it scores with reasons, rows that drifted alarm, and each report says what changed
    since the last one and which model was in use before it.
    """
    first = shop.champion()
    _the_first_is_better_than_the_prevalence(shop, first)
    _it_scores_with_reasons(shop, first)
    _rows_that_drifted_alarm(shop)
    better = shop.train(rows(600, 0.1, 2))
    _better_data_replace_it(shop, first, better)
    _worse_data_do_not(shop, better)
    _a_person_takes_it_back(shop, first, better)


def _the_first_is_better_than_the_prevalence(shop: Shop, first: Champion) -> None:
    """Before it there was no model, and no report."""
    assert first.record.ruling.challenge.verdict == "promoted"
    assert first.record.ruling.challenge.against == "the prevalence"
    assert Path(first.record.ruling.report).is_file()
    run = shop.report().numbers["run"]
    assert run["in_use"]["version"] is None and run["since"] is None
    assert shop.shown("since_last_report") is None


def _it_scores_with_reasons(shop: Shop, first: Champion) -> None:
    """Who stayed longest has that as the reason."""
    scores, longest = shop.scores(reasons=1), rows(20, 0.5, 9)["stay"].argmax()
    assert set(scores["model_version"]) == {first.version}
    assert set(scores["model_status"]) == {"champion"}
    assert scores["reason_1_column"][longest] == "stay"
    assert scores["reason_1_contribution"][longest] > 0
    assert scores["reason_1_contribution"].idxmax() == longest == scores["probability"].idxmax()


def _rows_that_drifted_alarm(shop: Shop) -> None:
    """Rows like those of training do not."""
    later = rows(600, 2.0, 4)
    assert shop.drifted(later) == (False, [])
    assert shop.drifted(later.assign(stay=later["stay"] + 1.5)) == (True, ["stay"])


def _better_data_replace_it(shop: Shop, first: Champion, better: Champion) -> None:
    """The test rows show it, and the report what changed."""
    challenge = better.record.ruling.challenge
    assert challenge.verdict == "promoted" and challenge.against == first.version
    assert challenge.interval.low > 0
    assert better.version != first.version
    assert "may have seen some of these test rows" in better.record.ruling.why
    assert shop.scored_by() == (better.version, "champion")
    report = shop.report()
    run = report.numbers["run"]
    assert "stay" in [one["column"] for one in run["since"]["coefficients"]["moved"]]
    metrics = {(one["model"], one["metric"]): one for one in run["since"]["metrics"]}
    area = metrics["numpy_model", "roc_auc"]
    assert area["difference"] > 0 and area["overlap"] is False
    assert run["since"]["same_test_rows"] is False
    assert run["in_use"]["version"] == first.version
    assert f"Champion before: <bdi>{first.version}</bdi>" in report.html
    assert "Since the last report" in report.html


def _worse_data_do_not(shop: Shop, better: Champion) -> None:
    """A sixth of the rows makes no better model."""
    kept = shop.train(rows(100, 0.1, 3))
    assert kept.version == better.version
    assert kept.record.ruling.challenge.verdict != "promoted"
    latest = lr_pipeline.load("shop/numpy_model", home=shop.home)
    assert version_of(latest) != kept.version
    assert shop.scored_by() == (better.version, "champion")
    assert "training rows: 480, now 80" in shop.shown("since_last_report")


def _a_person_takes_it_back(shop: Shop, first: Champion, better: Champion) -> None:
    """The earlier model is in use to the bit, and only a person can put the later one back."""
    result = shop.run("rollback_job", return_to_champion={"because": "complaints"})
    assert result.success
    back = shop.champion()
    assert back.version == first.version
    assert back.model.to_json() == first.model.to_json()
    assert (back.record.ruling.action, back.record.ruling.why) == ("rolled back", "complaints")
    assert shop.scored_by() == (first.version, "champion")

    again = shop.train(rows(600, 0.1, 2))
    assert again.version == first.version
    assert "only a person can put it back" in again.record.ruling.why
    with shop.instance() as instance:
        promote(instance, ["shop"], "latest", "the complaints were about the shop")
    assert shop.champion().version == better.version
    changes = [one.version for one in shop.records() if one.changed]
    assert changes == [first.version, better.version, first.version, better.version]


def test_a_rollback_needs_an_earlier_champion(shop) -> None:
    """The error lists those that there are."""
    with shop.instance() as instance, pytest.raises(ScoringError, match="version beef among the"):
        roll_back(instance, ["shop"], "beef", "why not")


@pytest.mark.promise("Champion", "A model whose checks failed is never put in use by itself.")
def test_a_model_whose_checks_failed_is_never_promoted(tmp_path) -> None:
    """Materializing it around its blocking check does not help, nor does a person's word."""
    shop = Shop(tmp_path)
    first = shop.train()

    rows(600, 0.1, 2).to_csv(shop.file, index=False)
    with shop.instance() as instance:
        assets = shop.definitions.resolve_implicit_global_asset_job_def()
        keys = [
            dg.AssetKey(["shop", name]) for name in (*PARTS, "torch_model", "evaluation_report")
        ]
        done = assets.get_subset(asset_selection=set(keys), asset_check_selection=set())
        ops = {f"shop__{name}": {"config": one} for name, one in NO_FOLDS.items()}
        assert done.execute_in_process(instance=instance, run_config={"ops": ops}).success
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(["shop", "train_set"]),
                check_name="no_leakage",
                passed=False,
                metadata={},
                description="test rows are in it",
            )
        )
        last = assets.get_subset(asset_selection={dg.AssetKey(["shop", "champion"])})
        assert last.execute_in_process(instance=instance).success
        kept = shop.champion()
        assert kept.version == first.version
        assert "shop/train_set: no_leakage: test rows are in it" in kept.record.ruling.why
        with pytest.raises(ScoringError, match="is not promoted"):
            promote(instance, ["shop"], "latest", "I insist")
        assert shop.champion().version == first.version


def _train_and_rule(folder: str, home: str, file: str, ready, go) -> None:
    """Train, wait for the others and rule, in a process of its own."""
    from lr_pipeline.orchestration.instance import rulings as module

    held = module.one_ruling_at_a_time

    def together(instance, key):
        ready.release()
        go.wait()
        return held(instance, key)

    from lr_pipeline.orchestration.assets import lifecycle
    from lr_pipeline.orchestration.instance import run_opening

    lifecycle.one_ruling_at_a_time = together
    run_opening.await_turn = lambda *run: None  # else the other would wait until this run has ruled
    definitions = build_definitions(
        FileTable(file, target="left"),
        "shop",
        resources={"io_manager": ArtifactIOManager(root=f"{folder}/artifacts")},
    )
    ops = {f"shop__{name}": {"config": one} for name, one in NO_FOLDS.items()}
    with fewer_disk_waits(), dg.DagsterInstance.from_config(home) as instance:
        definitions.resolve_job_def("shop__training_job").execute_in_process(
            instance=instance, run_config={"ops": ops}
        )


@pytest.mark.slow  # two processes that train
@pytest.mark.promise("Champion", "Two decisions at once are made one after the other.")
def test_two_rulings_at_once_are_made_one_after_the_other(tmp_path) -> None:
    """Each is tested against what the other left: no ruling is lost, and one champion remains."""
    shop = Shop(tmp_path)
    first = shop.train()
    other = tmp_path / "other.csv"
    rows(600, 0.1, 2).to_csv(shop.file, index=False)
    rows(600, 0.1, 5).to_csv(other, index=False)
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    arguments = [
        (str(tmp_path), str(shop.home), str(file), ready, go) for file in (shop.file, other)
    ]
    runs = [context.Process(target=_train_and_rule, args=one) for one in arguments]
    for one in runs:
        one.start()
    for _ in runs:
        assert ready.acquire(timeout=120)
    go.set()
    for one in runs:
        one.join(120)
    records = shop.records()
    assert len(records) == 3
    assert records[1].ruling.replaced == first.version
    assert records[2].ruling.replaced == records[1].version
    assert records[2].ruling.challenge.against == records[1].version
    assert shop.champion().version == records[2].version


def test_a_champion_whose_file_is_lost_is_said_with_the_way_out(tmp_path) -> None:
    """The run fails, since nothing can be tested against it; a promotion by hand puts it right."""
    shop = Shop(tmp_path)
    shop.train()
    with shop.instance() as instance:
        key = champion_key(["shop"])
        Path(recorded(latest_materialization(instance, key), "path")).unlink()
        with pytest.raises(ArtifactError, match="champion shop --promote latest --because"):
            current_champion(instance, key)
        promote(instance, ["shop"], "latest", "its file was lost")
        assert current_champion(instance, key).model is not None


def test_a_model_whose_report_says_no_is_not_promoted_by_a_test(tmp_path) -> None:
    """A leak makes the best of test rows; a person may still put the model in use."""
    shop = Shop(tmp_path)
    leaking = rows(600, 1.0, 3)
    leaking["refund"] = leaking["left"] + np.random.default_rng(4).normal(size=600) / 8
    champion = shop.train(leaking)
    assert champion.model is None
    assert "a check failed: evaluation_report: No" in champion.record.ruling.why
    with shop.instance() as instance:
        promote(instance, ["shop"], "latest", "the refund is known before")
    assert shop.champion().model is not None


def test_rulings_follow_artifacts_that_were_moved(tmp_path, monkeypatch) -> None:
    """What a person promotes is stored where the artifacts are now, and not where they were."""
    shop = Shop(tmp_path)
    shop.train()
    now = (tmp_path / "artifacts").rename(tmp_path / "moved")
    monkeypatch.setenv("LR_PIPELINE_ARTIFACTS", str(now))
    with shop.instance() as instance:
        promote(instance, ["shop"], "latest", "it was moved")
        entry = latest_materialization(instance, champion_key(["shop"]))
    assert Path(recorded(entry, "path")).is_relative_to(now)
    assert not (tmp_path / "artifacts").exists()


def test_an_empty_version_is_not_the_latest(shop) -> None:
    """A variable of the shell that is not set puts no model in use."""
    with shop.instance() as instance, pytest.raises(ScoringError, match="expected version '' of"):
        promote(instance, ["shop"], "", "a script said so")
