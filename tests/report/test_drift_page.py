"""The drift page: the verdict first, a row a feature, and no name that is HTML."""

import re

import pytest

from lr_pipeline.report.drift_page import drift_pictures, render_drift
from lr_pipeline.report.drift_view import feature_rows, whole_rows

NASTY = "<script>alert(1)</script>"


def comparison(subject: str, aspect: str = "distribution", **given: object) -> dict[str, object]:
    """Return one comparison's numbers, by default of a number that has not moved."""
    return {
        "subject": subject,
        "kind": "feature",
        "aspect": aspect,
        "measure": "D",
        "effect": 0.01,
        "floor": 0.04,
        "drifted": False,
        "p_value": 0.8,
        "adjusted": 1.0,
        "before": 2.0,
        "after": 2.5,
        "psi": 0.001,
        "shift": 0.02,
        "withheld": "",
        "cells": [["≤ 1", 0.5, 0.4], ["> 1", 0.5, 0.6]],
        "names": [],
    } | given


@pytest.fixture
def numbers() -> dict[str, object]:
    """Return numbers of 40 features, of which one has drifted in two ways."""
    share = {"measure": "V", "floor": 0.05, "before": 0.0, "after": 0.2, "psi": None, "shift": None}
    none = dict.fromkeys(("effect", "p_value", "adjusted", "before", "after", "psi", "shift"))
    drifted = {"drifted": True, "adjusted": 1e-5}
    return {
        "verdict": f"Drift: 1 of 40 features ({NASTY}).",
        "drifted": True,
        "drifted_features": [NASTY],
        "source": f"{NASTY}.csv",
        "rows": 100,
        "cases": 100,
        "train_rows": 1_000_000,
        "train_cases": 1_000_000,
        "sampled_cases": 62_500,
        "labelled": 0,
        "unlabelled": 100,
        "unknown_answers": {NASTY: 3},
        "target": "y = 1",
        "model_version": "abc",
        "train_fingerprint": "f" * 64,
        "significance": 0.05,
        "floors": {"D": 0.04, "V": 0.05},
        "features": [
            *(comparison(f"x{k}") for k in range(39)),
            comparison(NASTY, effect=0.3, **drifted),
            comparison(NASTY, "unseen levels", names=[NASTY], effect=0.4, **drifted | share),
            comparison(NASTY, "missing", effect=0.0, **share),
        ],
        "score": comparison("score", kind="score"),
        "prevalence": comparison(
            "prevalence", kind="prevalence", withheld="no column y", cells=[], **none
        ),
    }


def test_no_name_is_interpreted(numbers) -> None:
    """Page and pictures show names of columns, levels and files as they are."""
    html = render_drift(numbers).html
    assert "<script" not in html
    assert html.startswith("<!doctype html>")
    assert "default-src 'none'" in html


def test_the_verdict_comes_first_and_the_drift_before_the_rest(numbers) -> None:
    """Two rows for the feature that drifted in two ways, one for each other."""
    html = render_drift(numbers).html
    assert html.index("Drift: 1 of 40") < html.index("<table")
    rows = feature_rows(numbers)
    assert [row[0] for row in rows[:3]] == [NASTY, NASTY, "x0"]
    assert len(rows) == 41
    assert rows[1][2:4] == ["mean 2.000", "mean 2.500 (0.020 SD)"]
    assert rows[0][3] == f"20.0 % ({NASTY})"
    assert "16 more rows" in html


def test_what_was_not_compared_says_why(numbers) -> None:
    """The prevalence of rows without answers."""
    (score, prevalence) = whole_rows(numbers)
    assert score[-1] == "no drift"
    assert prevalence[1:] == [
        "distribution", "–", "–", "–", "–", "–", "not compared: no column y",
    ]  # fmt: skip


def test_figures_are_of_what_drifted(numbers) -> None:
    """If nothing drifted, the only figure is that of the largest effect."""
    assert len(re.findall("<svg", render_drift(numbers).html)) == 2
    calm = numbers | {"features": numbers["features"][:5], "drifted": False}
    assert len(re.findall("<svg", render_drift(calm).html)) == 1
    assert list(drift_pictures(calm)) == ["distribution_1"]


def test_a_sample_of_the_training_rows_is_said(numbers) -> None:
    """The distributions of a million training rows are those of evenly spaced cases."""
    assert "of 62,500 evenly spaced cases" in render_drift(numbers).html
