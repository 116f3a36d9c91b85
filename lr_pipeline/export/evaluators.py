"""Run what was exported: SQL engines, onnxruntime, a PMML evaluator, a bare Python interpreter."""

import contextlib
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from lr_pipeline.core.types import RowVector
from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.onnx_graph import OPSET, missing_texts
from lr_pipeline.export.score_plan import CategoryTerm, NumberTerm, ScorePlan
from lr_pipeline.export.sql_query import ROWS, quoted_name, result_columns
from lr_pipeline.tables.preparation.encoding import stored_numbers
from lr_pipeline.tables.values.column_values import plain_values

REMEDY = "Nothing was written. Rename the columns, or leave some out."
READER = """
import json, runpy, sys
module = runpy.run_path(sys.argv[1])
for line in sys.stdin:
    print(module["predict_proba"](json.loads(line)).hex())
"""


class Found(NamedTuple):
    """What an evaluator gave: its name and version, probabilities (n,), and labels if it gives."""

    evaluator: str
    probability: RowVector
    label: RowVector | None


def run_python(plan: ScorePlan, source: str, rows: pa.Table) -> Found:
    """Run the module in a new interpreter with the standard library alone (``-I -S``)."""
    columns = plain_columns(plan, rows)
    lines = "\n".join(
        json.dumps(dict(zip(plan.features, values, strict=True)))
        for values in zip(*columns, strict=True)
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.py"
        path.write_text(source, encoding="utf-8")
        command = [sys.executable, "-I", "-S", "-X", "utf8", "-c", READER, str(path)]
        done = subprocess.run(
            command, input=lines, capture_output=True, text=True, encoding="utf-8", check=False
        )
    if done.returncode:
        raise ExportError(f"the exported module failed: {done.stderr.strip().splitlines()[-1]}")
    probability = np.array([float.fromhex(line) for line in done.stdout.split()], dtype=np.float64)
    name = f"Python {sys.version_info.major}.{sys.version_info.minor} (-I -S)"
    return Found(name, probability, None)


def run_sqlite(plan: ScorePlan, query: str, rows: pa.Table) -> Found:
    """Run the query in SQLite of the standard library."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("SELECT exp(1)")
        except sqlite3.OperationalError:  # built without its mathematical functions
            connection.create_function("exp", 1, math.exp, deterministic=True)
        try:
            connection.execute(create_table(plan))
            connection.executemany(insert_into(plan), zip(*plain_columns(plan, rows), strict=True))
            found = connection.execute(chosen_results(plan, query)).fetchall()
        except sqlite3.Error as error:
            raise ExportError(f"SQLite: {error}. {REMEDY}") from None
    return _pairs(f"SQLite {sqlite3.sqlite_version}", found)


def run_duckdb(plan: ScorePlan, query: str, rows: pa.Table) -> Found:
    """Run the query in DuckDB."""
    import duckdb

    with contextlib.closing(duckdb.connect()) as connection:
        try:
            connection.register("arrow_rows", _typed(plan, rows))
            connection.execute(f"CREATE TABLE {ROWS} AS SELECT * FROM arrow_rows")
            found = connection.execute(chosen_results(plan, query)).fetchall()
        except duckdb.Error as error:
            raise ExportError(f"DuckDB: {_first_line(error)}. {REMEDY}") from None
    return _pairs(f"DuckDB {duckdb.__version__}", found)


def run_onnx(plan: ScorePlan, graph: bytes, rows: pa.Table) -> Found:
    """Run the graph in onnxruntime, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    texts = missing_texts(plan)
    inputs: dict[str, np.ndarray] = {}
    for name, values in zip(plan.features, plain_columns(plan, rows), strict=True):
        if name in texts:
            filled = [texts[name] if value is None else value for value in values]
            column = np.array(filled, dtype=object)
        else:
            column = np.array(values, dtype=np.float64)  # None becomes NaN
        inputs[name] = column[:, None]
    outputs = [plan.unused("probability"), plan.unused("label")]
    probability, label = session.run(outputs, inputs)
    name = f"onnxruntime {onnxruntime.__version__}, opset {OPSET}"
    return Found(name, probability[:, 0], label[:, 0].astype(np.float64))


def pmml_evaluator_missing() -> str:
    """Return what is missing to evaluate PMML, or an empty string."""
    if find_spec("pypmml") is None:
        return "no evaluator installed (pip install pypmml; it needs Java)"
    return "" if which("java") else "pypmml is installed, but Java is not"


def run_pmml(plan: ScorePlan, document: str, rows: pa.Table) -> Found:
    """Evaluate the document with PMML4S, by pypmml and Java, row by row.

    Its data frames would round numbers to ten digits.
    """
    from pypmml import Model, PMMLError

    columns = [
        [float(one) if isinstance(one, bool) else one for one in values]
        for values in plain_columns(plan, rows)
    ]
    probability, label = plan.unused("probability"), plan.unused("label")
    found = []
    try:
        model = Model.fromString(document)
        for values in zip(*columns, strict=True):
            result = model.predict(dict(zip(plan.features, values, strict=True)))
            found.append((float(result[probability]), int(result[label])))
    except PMMLError as error:
        raise ExportError(f"PMML4S: {_first_line(error)}. {REMEDY}") from None
    return _pairs(f"PMML4S by pypmml {version('pypmml')}", found)


def create_table(plan: ScorePlan) -> str:
    """Return the statement that makes a table with the plan's columns."""
    columns = ", ".join(f"{quoted_name(term.name)} {_sql_type(term)}" for term in plan.terms)
    return f"CREATE TABLE {ROWS} ({columns})"


def insert_into(plan: ScorePlan, mark: str = "?") -> str:
    """Return the statement that inserts a row."""
    return f"INSERT INTO {ROWS} VALUES ({', '.join([mark] * len(plan.terms))})"


def chosen_results(plan: ScorePlan, query: str) -> str:
    """Return the query of probability and label alone."""
    probability, label = map(quoted_name, result_columns(plan))
    return f"SELECT {probability}, {label} FROM (\n{query}) AS results"


def plain_columns(plan: ScorePlan, rows: pa.Table) -> list[list[Any]]:
    """Return each feature's values as Python objects: floats, texts, None where missing."""
    found: list[list[Any]] = []
    for term in plan.terms:
        column = rows.column(term.name).combine_chunks()
        if isinstance(term, CategoryTerm):
            found.append(plain_values(column).to_pylist())
        else:
            numbers = stored_numbers(term.name, column).tolist()
            values = [None if math.isnan(one) else one for one in numbers]
            boolean = [None if one is None else bool(one) for one in values]
            found.append(boolean if term.boolean else values)
    return found


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def _sql_type(term: NumberTerm | CategoryTerm) -> str:
    if isinstance(term, CategoryTerm):
        return "TEXT"
    return "BOOLEAN" if term.boolean else "DOUBLE PRECISION"


def _typed(plan: ScorePlan, rows: pa.Table) -> pa.Table:
    kinds = {"TEXT": pa.string(), "BOOLEAN": pa.bool_(), "DOUBLE PRECISION": pa.float64()}
    columns = [
        pa.array(values, kinds[_sql_type(term)])
        for term, values in zip(plan.terms, plain_columns(plan, rows), strict=True)
    ]
    return pa.table(columns, list(plan.features))


def _pairs(evaluator: str, found: Sequence[tuple[float, int]]) -> Found:
    array = np.array(found, dtype=np.float64).reshape(-1, 2)
    return Found(evaluator, array[:, 0].copy(), array[:, 1].copy())
