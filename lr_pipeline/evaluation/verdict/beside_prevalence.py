"""How each model compares with predicting the training prevalence for every row."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lr_pipeline.evaluation.findings import BASELINE

Numbers = Mapping[str, Any]


def no_better_than_prevalence(models: Numbers, names: Iterable[str]) -> list[str]:
    """Return the models whose loss on the test set is not below that of the prevalence."""
    return [
        name
        for name in names
        if models[name][metric := _comparable_metric(models, name)] >= models[BASELINE][metric]
    ]


def beside_prevalence(numbers: Numbers, worse: Collection[str]) -> str:
    """Say of each model how it compares with the prevalence, in the words of the report's verdict.

    ``worse`` are those that are no better.
    """
    said: dict[str, list[str]] = {}
    for one in numbers["comparisons"]:
        name, metric = one["first"], one["metric"]
        if one["second"] != BASELINE or metric != _comparable_metric(numbers["models"], name):
            continue
        if one["verdict"] == "withheld":
            told = f"not proven to be better than {{}}: {one['interval']['withheld']}"
        elif name in worse:
            told = "no better than {}"
        elif one["verdict"] == "better":
            told = "significantly better than {}"
        else:
            told = "not proven to be better than {}: it may be chance"
        said.setdefault(told.format("predicting the prevalence for every row"), []).append(name)
    return "; ".join(f"{', '.join(names)}: {told}" for told, names in said.items())


def _comparable_metric(models: Numbers, name: str) -> str:
    """Return the log loss where the model and the baseline have one, else the Brier score."""
    both = None not in (models[name]["log_loss"], models[BASELINE]["log_loss"])
    return "log_loss" if both else "brier_score"
