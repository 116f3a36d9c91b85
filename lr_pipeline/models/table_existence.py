"""Describe the existence of the maximum-likelihood estimate with the names of the columns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lr_pipeline.core.existence.existence import Existence, Verdict
from lr_pipeline.core.listed_names import listed
from lr_pipeline.tables.errors import cut

NAMES_SHOWN = 6


def existence_to_dict(existence: Existence, columns: Sequence[str]) -> dict[str, Any]:
    """Return plain data for JSON; columns are given by name."""
    return {
        "verdict": existence.verdict.value,
        "columns": list(columns),
        "separating_columns": [columns[j] for j in existence.separating_columns],
        "separating_direction": list(existence.separating_direction),
        "separating_intercept": existence.separating_intercept,
        "separated_rows": existence.separated_rows,
        "dependent_columns": [columns[j] for j in existence.dependent_columns],
    }


def existence_from_dict(data: Mapping[str, Any]) -> Existence:
    """Restore an existence: the inverse of :func:`existence_to_dict`."""
    position = {name: j for j, name in enumerate(data["columns"])}
    return Existence(
        verdict=Verdict(data["verdict"]),
        separating_columns=tuple(position[name] for name in data["separating_columns"]),
        separating_direction=tuple(data["separating_direction"]),
        separating_intercept=data["separating_intercept"],
        separated_rows=data["separated_rows"],
        dependent_columns=tuple(position[name] for name in data["dependent_columns"]),
    )


def has_estimate(data: Mapping[str, Any]) -> bool:
    """Tell whether the likelihood is known to have a finite maximum."""
    return existence_from_dict(data).exists


def describe_existence(data: Mapping[str, Any]) -> str:
    """Return one or two sentences for a check, the metadata and the report's first line."""
    sentences = []
    if data["verdict"] == Verdict.UNDECIDED:
        sentences.append(
            "The classes of the training set overlap, or are apart, by less than rounding: whether "
            "the maximum-likelihood estimate exists cannot be told."
        )
    elif not has_estimate(data):
        kind = (
            "completely" if data["verdict"] == Verdict.COMPLETE_SEPARATION else "quasi-completely"
        )
        names = _listed(data["separating_columns"])
        sentences.append(
            f"The training set is {kind} separated by {names} "
            f"({data['separated_rows']} rows): the maximum-likelihood estimate does not exist."
        )
    else:
        sentences.append("The maximum-likelihood estimate exists.")
    if data["dependent_columns"]:
        names = _listed(data["dependent_columns"])
        sentences.append(
            "The estimate is not unique, since these columns depend on those before them: "
            f"{names}. The coefficients reported are those of smallest norm."
        )
    return " ".join(sentences)


def _listed(names: Iterable[str]) -> str:
    return listed(map(cut, names), NAMES_SHOWN)
