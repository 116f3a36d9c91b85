"""Export a model, and verify the export on stored rows before anything is written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lr_pipeline.export import evaluators
from lr_pipeline.export.evaluators import Found
from lr_pipeline.export.export_agreement import Agreement, require_agreement
from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.onnx_graph import onnx_graph, require_package
from lr_pipeline.export.pmml_document import pmml_document
from lr_pipeline.export.pmml_schema import pmml_schema_missing, require_valid_pmml
from lr_pipeline.export.python_module import python_module
from lr_pipeline.export.score_plan import ScorePlan, plan_score
from lr_pipeline.export.sql_query import sql_query
from lr_pipeline.models import model_from_json
from lr_pipeline.models.decision.recalibration import Platt
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.storage.atomic import replaced_file
from lr_pipeline.tables.row_choice import EveryRow
from lr_pipeline.tables.table import Table

# z has the model's bits in each export; exp and one division remain, each right to 1 or 2 ulp.
BOUND = 8
ROWS_COMPARED = 50_000
PMML_ROWS = 2_000  # each goes to Java on its own
CELLS_COMPARED, PMML_CELLS = 2_000_000, 100_000

Run = Callable[[ScorePlan, str, pa.Table], Found]


class Kind(NamedTuple):
    """A form of export: what its file is called, and how much is compared."""

    suffix: str
    rows: int = ROWS_COMPARED
    cells: int = CELLS_COMPARED


KINDS = {
    "sql": Kind(".sql"),
    "onnx": Kind(".onnx"),
    "pmml": Kind(".pmml", PMML_ROWS, PMML_CELLS),
    "python": Kind(".py"),
    "json": Kind(".json"),
}


@dataclass(frozen=True)
class Export:
    """What was exported, how it agreed with the model, and what was not verified.

    ``valid``: by what schema it is valid, "" where it has none.
    """

    content: bytes
    agreements: tuple[Agreement, ...]
    left_out: tuple[str, ...] = ()
    valid: str = ""

    def write(self, path: Path) -> None:
        """Write the file, completely or not at all; an earlier file is replaced."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(path) as partial:
            partial.write_bytes(self.content)


def export_model(
    model: LogisticModel, kind: str, rows: Table, others: Iterable[Table] = ()
) -> Export:
    """Export a model as one of ``KINDS`` and run the export on ``rows``.

    ``rows`` are stored rows; at most 50,000 evenly spaced ones are compared (2,000 for PMML), and
    fewer if they have many columns. ``others`` are more stored rows; other spellings of a level
    that occur in either are written down.

    Raises
    ------
    ExportError
        There is no such kind; the export differs from the model or cannot be run; or a package that
        it needs is not installed.
    """
    if kind not in KINDS:
        raise ExportError(f"expected one of {', '.join(KINDS)}, found {kind!r}.")
    if kind == "onnx":
        require_package("onnx")
        require_package("onnxruntime")
    plan = plan_score(model, (rows, *others))
    limit = min(KINDS[kind].rows, max(1, KINDS[kind].cells // len(plan.features)))
    step = max(1, ceil(rows.num_rows / limit))
    chosen = rows.where(EveryRow(step)) if step > 1 else rows
    expected = model.decision.probability(model.linear_predictor(chosen))
    table = chosen.to_arrow()

    def compared(found: Found, bound: int = BOUND) -> Agreement:
        threshold = model.decision.threshold
        return require_agreement(
            found.evaluator, expected, found.probability, found.label, threshold, bound, step
        )

    if kind == "json":
        text = model.to_json()
        again = model_from_json(text)
        assert isinstance(again, LogisticModel)
        probability = again.decision.probability(again.linear_predictor(chosen))
        return Export(text.encode(), (compared(Found("read again", probability, None), 0),))
    if kind == "python":
        source = python_module(plan)
        return Export(source.encode(), (compared(evaluators.run_python(plan, source, table)),))
    if kind == "onnx":
        graph = onnx_graph(plan)
        return Export(graph, (compared(evaluators.run_onnx(plan, graph, table)),))
    if kind == "pmml":
        return _pmml(model, plan, table, compared)
    return _sql(plan, table, compared)


def _pmml(
    model: LogisticModel,
    plan: ScorePlan,
    table: pa.Table,
    compared: Callable[[Found, int], Agreement],
) -> Export:
    document, left_out = pmml_document(plan), []
    if missing := pmml_schema_missing():
        left_out.append(f"not validated: {missing}")
    valid = "" if missing else require_valid_pmml(document)
    if missing := evaluators.pmml_evaluator_missing():
        left_out.append(f"not evaluated: {missing}")
        return Export(document.encode(), (), tuple(left_out), valid)
    platt = plan.decision.recalibration
    bound = BOUND + (_rounding(model, platt, table) if isinstance(platt, Platt) else 0)
    found = evaluators.run_pmml(plan, document, table)
    return Export(document.encode(), (compared(found, bound),), tuple(left_out), valid)


def _rounding(model: LogisticModel, platt: Platt, table: pa.Table) -> int:
    """Return a bound, in ulp of the probability, on the rounding of a z that is added up otherwise.

    In PMML, Platt's slope multiplies each term. A sum of k terms of sizes that add up to S is right
    to k S 2⁻⁵³ in either way; p has at most that relative error, and 2⁻⁵³ is at most one ulp.
    """
    predictor = model.predictor
    sizes = 0.0
    for batch in table.to_batches():
        X = model.preparation.design(batch)
        terms = np.abs((X - predictor.center) * predictor.parameters[1:]).sum(axis=1)
        sizes = max(sizes, float(terms.max(initial=0.0)))
    size = abs(platt.intercept) + platt.slope * (abs(float(predictor.parameters[0])) + sizes)
    return ceil(2.0 * (len(predictor.parameters) + 3) * size)


def _sql(plan: ScorePlan, table: pa.Table, compared: Callable[[Found], Agreement]) -> Export:
    query = sql_query(plan)
    engines: list[Run] = [evaluators.run_sqlite]
    left_out = ["PostgreSQL: not run here (its tests run there)"]
    if find_spec("duckdb") is None:
        left_out.append("DuckDB: not run, not installed (pip install duckdb)")
    else:
        engines.append(evaluators.run_duckdb)
    agreements = tuple(compared(run(plan, query, table)) for run in engines)
    return Export(query.encode(), agreements, tuple(left_out))
