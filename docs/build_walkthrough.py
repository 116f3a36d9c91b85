"""Write the walkthrough, docs/walkthrough.{en,zh}.md and docs/pictures, from a run of the pipeline.

``python docs/build_walkthrough.py`` runs the training job, the studies and the tutorial job in a
temporary folder, and fills their numbers into docs/templates. tests/docs/test_walkthrough.py does
the same and compares.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lr_pipeline.core.rows import gather
from lr_pipeline.core.solvers.result import TracePoint
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.evaluation.curves import rank_curves
from lr_pipeline.evaluation.findings import Findings, HeldOutRows, ModelSection
from lr_pipeline.evaluation.model_results import model_results
from lr_pipeline.evaluation.number_format import MINUS, count, significant
from lr_pipeline.models.agreement import measure_agreement
from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.report.answers_section import calibration_figure
from lr_pipeline.report.canvas import picture
from lr_pipeline.report.figures import roc_curves
from lr_pipeline.report.loss_figure import loss_curve
from lr_pipeline.studies.descent import gradient_descent_study
from lr_pipeline.studies.newton_steps import NewtonSteps, newton_steps
from lr_pipeline.studies.newton_steps_figure import draw_newton_steps
from lr_pipeline.tables.sources.declared_tables import SyntheticTable

DOCS = Path(__file__).parent
LANGUAGES = ("en", "zh")
STUDIES = {
    "gradient_descent_study": ("paths", "distances"),
    "likelihood_study": (
        "probability_and_likelihood",
        "log_likelihood",
        "underflow",
        "bernoulli",
    ),
    "regression_study": ("simple_regression", "multiple_regression", "sigmoid"),
    "learning_rate_study": ("loss_curves", "final_loss"),
}
CHINESE = {
    "converged": "收敛",
    "oscillating": "来回振荡，逐渐收敛",
    "diverging": "发散",
    "cycling": "循环",
    "unfinished": "尚未到达",
    "monotone": "单调下降",
    "overflow": "溢出",
    "separable": "可完全分开",
}
TUTORIAL_RATE = 1e-3
# Below this a gradient is rounding, which differs from machine to machine.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Walkthrough:
    """The pages by file name, the pictures by name, and the numbers that the pages show."""

    pages: dict[str, str]
    pictures: dict[str, bytes]
    numbers: dict[str, Any]


def build_walkthrough(folder: Path) -> Walkthrough:
    """Run the pipeline with all its files below ``folder``, and fill in the templates."""
    definitions = build_definitions(
        SyntheticTable(),
        studies=True,
        resources={"io_manager": ArtifactIOManager(root=str(folder / "artifacts"))},
    )
    with dg.DagsterInstance.from_config(str(initialise_home(folder / "home"))) as instance:
        trained, tutorial = (
            _Results(definitions.resolve_job_def(job).execute_in_process(instance=instance))
            for job in ("training_job", "tutorial_job")
        )
    steps = follow_newton(trained)
    numbers = collect_numbers(trained, tutorial, steps) | {"edges": _edges(definitions)}
    pages = {
        name: _environment().get_template(name).render(n=numbers, zh=CHINESE)
        for name in (f"walkthrough.{language}.md" for language in LANGUAGES)
    }
    return Walkthrough(pages, draw_pictures(trained, tutorial, steps), numbers)


def _environment() -> Environment:
    """Templates with << and >>, since TeX has braces of its own, and formats for numbers."""
    environment = Environment(
        loader=FileSystemLoader(DOCS / "templates"),
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "fixed": lambda x, digits: f"{x:.{digits}f}".replace("-", MINUS),
        "plain": lambda x: f"{x:.4g}".replace("-", MINUS),
        "exact": lambda x: repr(x).replace("-", MINUS),
        "excess": lambda x: "< 10⁻¹²" if x < ROUNDING else significant(x, 2),
        "count": count,
    }
    return environment


class _Results:
    """The values of one run's assets, by name."""

    def __init__(self, result: dg.ExecuteInProcessResult) -> None:
        self.result = result

    def __getitem__(self, asset: str) -> Any:
        return self.result.output_for_node(asset)


def follow_newton(trained: _Results) -> NewtonSteps:
    """Both methods on the training rows, to the optimum of the model."""
    train_set, model = trained["train_set"], trained["numpy_model"]
    rows = gather(TableRows(train_set, model.preparation))
    optimum = np.array([model.fit.intercept, *model.fit.coefficients])
    return newton_steps(rows, optimum, TUTORIAL_RATE)


def collect_numbers(trained: _Results, tutorial: _Results, steps: NewtonSteps) -> dict[str, Any]:
    """Every number of the pages."""
    studies = {name: trained[name].numbers for name in STUDIES}
    paths, rates = studies["gradient_descent_study"]["paths"], studies["learning_rate_study"]
    report = tutorial["evaluation_report"].numbers
    newton = trained["numpy_model"]
    return {
        "table": {
            "rows": trained["dataset"].num_rows,
            "features": len(trained["dataset"].roles.features),
            "train": trained["train_set"].num_rows,
            "test": trained["test_set"].num_rows,
        },
        "dependent": len(trained["mle_existence"]["dependent_columns"]),
        "regression": studies["regression_study"],
        "likelihood": studies["likelihood_study"],
        "descent": {
            "paths": paths,
            "by_rate": {f"{path['learning_rate']:g}": path for path in reversed(paths)},
        },
        "rates": rates | {"fixed": [run for run in rates["runs"] if run["schedule"] == "fixed"]},
        "newton": {
            "iterations": newton.fit.iterations,
            "loss": newton.fit.value,
            "gradient_norm": newton.fit.gradient_norm,
        },
        "steps": {
            "path": list(zip(steps.losses, steps.distances, strict=True)),
            "smallest": steps.smallest,
            "largest": steps.largest,
            "factor": 1.0 - TUTORIAL_RATE * steps.smallest,
            "needed": round(steps.needed, -3),
        },
        "agreement": measure_agreement(
            newton, trained["torch_model"], trained["train_set"]
        ).distance,
        "tutorial": _tutorial_numbers(tutorial),
        "row": report["drawn_row"],
        "metrics": {
            "tutorial": report["models"]["numpy_model"],
            "optimum": trained["evaluation_report"].numbers["models"]["numpy_model"],
        },
    }


def _tutorial_numbers(tutorial: _Results) -> dict[str, Any]:
    """What 5,000 steps of either kernel lead to, and what they leave to do."""
    numpy_fit, torch_fit = tutorial["numpy_model"].fit, tutorial["torch_model"].fit
    pairs = list(zip(numpy_fit.trace, torch_fit.trace, strict=True))
    gap = tutorial["evaluation_report"].numbers["descents"]["numpy_model"]
    return {
        "losses": [(ours.iteration, ours.value, theirs.value) for ours, theirs in pairs[::10]],
        "difference": max(abs(ours.value - theirs.value) for ours, theirs in pairs),
        "recorded": len(pairs),
        "first_gradient": numpy_fit.trace[0].gradient_norm,
        "last_gradient": numpy_fit.trace[-1].gradient_norm,
        "gap": gap,
        "needed": round(gap["iterations_needed"], -3),
    }


def draw_pictures(trained: _Results, tutorial: _Results, steps: NewtonSteps) -> dict[str, bytes]:
    """The studies' pictures, those of other learning rates, and figures of the report."""
    pictures = {
        ("rate_" if study == "learning_rate_study" else "") + name: trained[study].pictures[name]
        for study, names in STUDIES.items()
        for name in names
    }
    pictures["descent_one_rate"] = gradient_descent_study((0.1,)).pictures["paths"]
    pictures["descent_small_large"] = gradient_descent_study((0.01, 0.8)).pictures["paths"]
    newton = trained["numpy_model"]
    pictures["newton"] = _descent(newton.fit.trace, "Newton's method")
    pictures["newton_steps"] = picture(draw_newton_steps(steps, TUTORIAL_RATE))
    pictures["tutorial_descent"] = _descent(tutorial["numpy_model"].fit.trace, "numpy, η = 0.001")
    pictures["torch_descent"] = _descent(tutorial["torch_model"].fit.trace, "torch, η = 0.001")
    test_set = trained["test_set"]
    labels, probabilities = test_set.labels(), newton.predict_proba(test_set)
    z = newton.linear_predictor(test_set)
    held_out = HeldOutRows(labels, float(labels.mean()), target="y")
    section = ModelSection("numpy_model", "numpy_model", probabilities, z)
    found = model_results(Findings(held_out, [section]))
    pictures["calibration"] = picture(calibration_figure(held_out, found))
    curves = {
        title: rank_curves(labels, results["numpy_model"].linear_predictor(test_set))
        for title, results in (("at the optimum", trained), ("after 5,000 steps", tutorial))
    }
    ones = int(labels.sum())
    pictures["roc_curves"] = picture(roc_curves(curves, (len(labels) - ones, ones)))
    return pictures


def _descent(trace: Sequence[TracePoint], title: str) -> bytes:
    shown = [point for point in trace if point.gradient_norm > ROUNDING]
    return picture(loss_curve(shown, title))


def _edges(definitions: dg.Definitions) -> list[tuple[str, str]]:
    """Which asset is made from which, but for the studies."""
    graph = definitions.resolve_asset_graph()
    names = {
        key: key.to_user_string()
        for key in graph.get_all_asset_keys()
        if graph.get(key).group_name != "study"
    }
    return sorted(
        (names[parent], name)
        for key, name in names.items()
        for parent in graph.get(key).parent_keys
    )


def write_walkthrough(walkthrough: Walkthrough, docs: Path = DOCS) -> None:
    """Replace the pages and all the pictures."""
    for name, text in walkthrough.pages.items():
        (docs / name).write_text(text, encoding="utf-8", newline="\n")
    pictures = docs / "pictures"
    pictures.mkdir(exist_ok=True)
    for path in pictures.glob("*.png"):
        path.unlink()
    for name, png in walkthrough.pictures.items():
        (pictures / f"{name}.png").write_bytes(png)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write_walkthrough(build_walkthrough(Path(folder)))
