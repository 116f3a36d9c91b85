"""A report's numbers, as small as a comparison needs, and changes of them."""

import copy
from typing import Any

from lr_pipeline.evaluation.since.changes import SinceLast
from lr_pipeline.evaluation.since.compare import since_last
from lr_pipeline.evaluation.since.earlier_report import EarlierReport

NUMBERS: dict[str, Any] = {
    "verdict": {"answer": "yes"},
    "target": "left",
    "positive": "1",
    "train_rows": 800,
    "test_rows": 200,
    "prevalence": 0.25,
    "test_prevalence": 0.25,
    "train_fingerprint": "train",
    "test_fingerprint": "test",
    "data": {
        "source": "shop.csv",
        "content": {"sha256": "a" * 64},
        "fingerprint": "f",
        "declaration": {"target": "left", "exclude": [], "weight": None},
        "split": {"kind": "random", "seed": 1},
    },
    "features": {
        "age": {"kind": "number", "levels": [], "pooled": [], "reference": None},
        "city": {"kind": "category", "levels": ["B", "C"], "pooled": [], "reference": "A"},
    },
    "fits": {
        "numpy_model": {
            "objective": "mean loss",
            "coefficients": {"(intercept)": 0.5, "age": 1.0, "city=B": 2.0, "city=C": -1.0},
            "standard_errors": {"(intercept)": 0.3, "age": 0.3, "city=B": 0.3, "city=C": None},
        }
    },
    "models": {"numpy_model": {"log_loss": 0.40, "roc_auc": 0.80, "true_positive": 30}},
    "intervals": {
        "numpy_model": {
            "log_loss": {"low": 0.37, "high": 0.43},
            "roc_auc": {"low": 0.70, "high": 0.90},
        }
    },
    "effects": {"name": "numpy_model"},
    "titles": {"numpy_model": "Logistic"},
    "settings": {"config": {"numpy_model": {"config": {"penalty": "auto"}}}, "engine": {}},
    "code": {"version": "0.1.0", "libraries": {"numpy": "2.1"}},
    "run": {"since": None},
}


def altered(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Return the numbers with other values at paths whose names are separated by slashes."""
    numbers = copy.deepcopy(NUMBERS)
    for path, value in changes:
        *above, last = path.split("/")
        place = numbers
        for name in above:
            place = place[name]
        place[last] = value
    return numbers


def since(now: dict[str, Any], then: dict[str, Any] | None = None) -> SinceLast:
    """Compare with an earlier report, the unchanged one unless told otherwise."""
    earlier = EarlierReport("run-1", "2031-05-06T07:08:09Z", altered() if then is None else then)
    return since_last(earlier, now)
