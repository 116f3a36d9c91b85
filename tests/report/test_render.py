import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.solvers.result import Status, TracePoint
from lr_pipeline.evaluation.findings import (
    BASELINE,
    CoefficientRow,
    DescentGap,
    DrawnRow,
    Findings,
    FitFacts,
    HeldOutRows,
    ModelSection,
    Notice,
)
from lr_pipeline.report.render import Report, render_report

HOSTILE = "<script>alert(1)</script>\"quoted\" 'too' &amp;\n中文 {{ 7 * 7 }}"
VOID = {"meta", "link", "img", "br", "hr", "input", "base", "source", "embed", "wbr"}


def rendered(*findings, **others) -> Report:
    """Return the page of these findings."""
    return render_report(Findings(*findings, **others))


class Page(HTMLParser):
    """The elements, attributes and texts of a page; unbalanced tags raise an error."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self.rows, self._open = [], [], [], [], []
        self._continues = False  # a <wbr> stands inside a word
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._continues = tag == "wbr"
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._continues:
            self.texts[-1] += data
        else:
            self.texts.append(data)
        self._continues = False
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data

    @property
    def text(self):
        """Return all text, with single spaces."""
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def held_out():
    """Return forty test rows of both classes."""
    labels = (np.random.default_rng(1).uniform(size=40) < 0.4).astype(float)
    return HeldOutRows(labels, 0.375, 160, "sha256:train", "sha256:test", target="churned")


@pytest.fixture(scope="module")
def models(held_out):
    """Return a linear baseline that leaves [0, 1], and two logistic models that coincide."""
    rng = np.random.default_rng(2)
    z = 3 * held_out.labels - 1.5 + rng.normal(size=40)
    p = 1 / (1 + np.exp(-z))
    rows = (CoefficientRow("(intercept)", -0.5), CoefficientRow("x1", 1.25, scale=2.0))
    trace = tuple(TracePoint(i, 0.3 + 0.4**i, 0.1**i, 1.0) for i in range(5))
    fit = FitFacts("newton", Status.CONVERGED, 5, 1e-15, Certificate(1e-18, 3e-11), trace)
    logistic = ModelSection(
        "numpy_model", "Logistic (numpy)", p, z, "mean log loss", rows, fit=fit, withheld="Firth."
    )
    linear = ModelSection("linear_baseline", "Linear baseline", z / 2, coefficients=rows)
    return [linear, logistic, replace(logistic, name="torch_model", title="Logistic (torch)")]


@pytest.fixture(scope="module")
def report(held_out, models):
    """Return their report, without notices."""
    return rendered(held_out, models)


def test_the_page_is_one_file_that_needs_nothing_else(report):
    """No script, no link, no address: it opens the same offline and forbids anything else."""
    page = Page(report.html)
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(page.tags)
    addresses = [value for name, value in page.attributes if name in ("src", "href", "action")]
    assert all(address.startswith("#") for address in addresses)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert "url(" not in "".join(text for text in page.texts if "--paper" in text)


def test_every_id_on_the_page_is_unique_and_every_reference_resolves(report):
    """Ten figures share one page without borrowing each other's markers."""
    page = Page(report.html)
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in page.attributes if name == "href"} <= set(ids)


def test_the_contents_lead_to_every_section(report):
    """Each section has a line in the table of contents, with its heading."""
    links = dict(re.findall(r'<li><a href="#(\w+)">([^<]*)</a></li>', report.html))
    headings = dict(re.findall(r'<section id="(\w+)">\s*<h2>([^<]*)</h2>', report.html))
    assert links == headings
    assert {"metrics", "calibration", "provenance"} <= set(links)
    assert "features" not in links  # none were given


def test_names_are_text_wherever_they_appear(held_out, models):
    """Markup, quotes and template code in any name reach the reader as letters."""
    hostile = replace(
        models[1],
        name=f"n{HOSTILE}",
        title=f"t{HOSTILE}",
        objective=f"o{HOSTILE}",
        withheld=f"w{HOSTILE}",
        coefficients=(CoefficientRow(f"c{HOSTILE}", 1.0, scale=1.0),),
        facts={f"f{HOSTILE}": f"g{HOSTILE}"},
    )
    rows = replace(held_out, target=f"a{HOSTILE}", positive=f"p{HOSTILE}", negative=f"m{HOSTILE}")
    report = rendered(
        rows, [hostile], [Notice("error", f"e{HOSTILE}")], {f"v{HOSTILE}": HOSTILE}, f"h{HOSTILE}"
    )
    page = Page(report.html)
    assert "script" not in page.tags
    assert all(not name.startswith("on") for name, _ in page.attributes)
    visible = " ".join(HOSTILE.split())
    for prefix in "towcfgapmevh":
        assert prefix + visible in page.text
    assert "49" not in page.text.split("{{ 7 * 7 }}")[0]


def test_the_metrics_table_shows_each_model_and_the_baseline(report):
    """It has a row for each metric; a gap is a dash, with its reason below."""
    page = Page(report.html)
    heading, log_loss = page.rows[:2]
    assert heading == [
        "Metric",
        "Prevalence baseline",
        "Linear baseline",
        "Logistic (numpy) = Logistic (torch)",
    ]
    assert log_loss[0] == "Log loss"
    assert log_loss[2] == "–"
    assert "Log loss is undefined for Linear baseline: " in page.text
    loss = report.numbers["models"]["numpy_model"]["log_loss"]
    estimate, low, high = re.findall(r"[\d.]+", log_loss[3])
    assert estimate == f"{loss:.{len(low) - 2}f}"
    assert float(low) < loss < float(high)


def test_the_baseline_predicts_the_training_prevalence(held_out, report):
    """Its log loss is that of the constant 0.375 on the test labels."""
    numbers = report.numbers
    share = held_out.labels.mean()
    expected = -share * math.log(0.375) - (1 - share) * math.log(0.625)
    assert numbers["models"][BASELINE]["log_loss"] == pytest.approx(expected, rel=1e-14)
    assert numbers["models"][BASELINE]["roc_auc"] == 0.5
    assert numbers["prevalence"] == 0.375


def test_numbers_are_strict_json_with_the_documented_keys(held_out, models):
    """Other programs read them: no NaN, nulls with their reasons, fingerprints."""
    numbers = rendered(held_out, models, [Notice("note", "n")]).numbers
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    assert set(numbers["models"]) == {
        BASELINE,
        "linear_baseline",
        "numpy_model",
        "torch_model",
    }
    assert numbers["models"]["linear_baseline"]["log_loss"] is None
    assert "outside [0, 1]" in numbers["reasons"]["linear_baseline"]["log_loss"]
    assert (numbers["test_rows"], numbers["train_rows"]) == (40, 160)
    assert numbers["train_fingerprint"] == "sha256:train"
    assert numbers["test_fingerprint"] == "sha256:test"


def test_notices_open_the_page_gravest_first(held_out, models):
    """What the reader must know comes after the verdict, and before any table."""
    notices = [Notice("note", "N."), Notice("error", "E."), Notice("warning", "W.")]
    text = Page(rendered(held_out, models, notices).html).text
    assert text.index("E.") < text.index("W.") < text.index("N.") < text.index("Calibration")


def test_five_notices_are_shown_and_the_others_are_folded_away(held_out, models):
    """The gravest come first, so that no warning is folded behind a note."""
    notices = [Notice("note", f"N{k}.") for k in range(5)] + [Notice("warning", "W.")]
    html = rendered(held_out, models, notices).html
    shown, _, folded = html.partition("1 further notice<")
    assert html.index("W.") < html.index("N0.")
    assert "N3." in shown
    assert "N4." not in shown
    assert "N4." in folded


def test_the_verdict_opens_the_page_and_the_numbers(held_out, models):
    """Headline, paragraph and next steps are above all notices, and in the JSON."""
    report = rendered(held_out, models, [Notice("warning", "W.")])
    verdict = report.numbers["verdict"]
    text = Page(report.html).text
    assert text.index(verdict["headline"]) < text.index(verdict["text"]) < text.index("W.")
    assert all(step in text for step in verdict["next_steps"])
    assert verdict["headline"] == "Not proven – too few rows to tell"


def test_each_model_states_its_fit_in_words(report):
    """Objective, status, certificate and what is withheld stand in the model's section."""
    text = Page(report.html).text
    for words in (
        "mean log loss",
        "newton",
        "converged",
        "at most 3.0 × 10⁻¹¹ standard errors from the optimum",
        "Standard errors, intervals or p-values are withheld: Firth.",
    ):
        assert words in text


def test_figures_are_drawn_for_every_model(report):
    """They are ROC and precision-recall curves, calibration, net benefit and lift of all."""
    labels = [value for name, value in Page(report.html).attributes if name == "aria-label"]
    assert [label for label in labels if label.startswith(("ROC", "Precision"))] == [
        "ROC curves of all models",
        "Precision-recall curves of all models",
    ]
    for figure in ("Observed against predicted", "Net benefit and cost", "Gain and lift"):
        assert sum(label.startswith(figure) for label in labels) == 1
    assert "Objective by iteration" not in labels


def test_a_test_set_of_one_class_gives_a_page_without_rank_curves(held_out, models):
    """The curves are left out with the reason, and everything else is there."""
    report = rendered(replace(held_out, labels=np.ones(40)), models)
    page = Page(report.html)
    assert "ROC curves of all models" not in dict.fromkeys(value for _, value in page.attributes)
    assert "all 40 test labels are 1" in page.text
    assert report.numbers["models"]["numpy_model"]["roc_auc"] is None


def test_weighted_rows_count_by_their_weight(held_out, models):
    """Metrics and figures are weighted, and the page says so."""
    weight = np.where(held_out.labels == 1, 2.0, 1.0)
    report = rendered(replace(held_out, weight=weight), models)
    expected = 2 * held_out.labels.sum() / weight.sum()
    assert report.numbers["test_prevalence"] == pytest.approx(expected)
    assert "A row counts as often as its weight says" in Page(report.html).text


@pytest.mark.parametrize("change", [{"name": "x"}, {"title": "x"}])
def test_models_that_share_a_name_or_title_are_refused(held_out, models, change):
    """Two rows with one name could not be told apart."""
    with pytest.raises(ValueError, match="distinct names and titles, found twice: \\['x'\\]"):
        rendered(held_out, [replace(model, **change) for model in models[:2]])


def test_the_same_input_gives_the_same_page(held_out, models, report):
    """No date, no random id: a report can be compared byte for byte."""
    assert rendered(held_out, models) == report


def test_one_row_is_shown_with_its_prediction_and_its_label(held_out, models):
    """Every model predicts a value of the target; 0.5 itself is not positive."""
    rows = replace(held_out, negative="stays", positive="leaves")
    half = replace(models[1], probabilities=np.full(40, 0.5))
    report = rendered(rows, [models[0], half], drawn_row=DrawnRow(index=6, seed=9))
    shown = report.numbers["drawn_row"]
    assert (shown["index"], shown["seed"]) == (6, 9)
    assert shown["label"] == ("leaves" if held_out.labels[6] else "stays")
    assert shown["probabilities"]["linear_baseline"] == models[0].probabilities[6]
    assert shown["predicted"]["numpy_model"] == "stays"
    page = Page(report.html)
    assert "Row 6 of 40, counted from 0, drawn at random with seed 9." in page.text
    assert ["Logistic (numpy)", "0.5000", "stays", shown["label"]] in page.rows


def test_what_gradient_descent_left_to_do_is_a_table(held_out, models):
    """It has one row for each model, with a dash if the needed steps are unknown."""
    known = DescentGap("numpy_model", 1e-3, 5_000, "x9", 0.6123, 1e-6, 312_470, 5)
    unknown = replace(known, name="torch_model", iterations_needed=None)
    report = rendered(held_out, models, descents=[known, unknown])
    rows = Page(report.html).rows
    facts = ["0.001", "5,000", "0.612", "x9"]
    assert ["Logistic (numpy)", *facts, "about 312,470", "5"] in rows
    assert ["Logistic (torch)", *facts, "–", "5"] in rows
    assert report.numbers["descents"]["numpy_model"]["iterations_needed"] == 312_470


def test_a_report_without_descent_or_drawn_row_has_neither_section(report):
    """Newton's method needs no such section."""
    assert "left to do" not in report.html
    assert "One row of the test set" not in report.html


def test_the_descents_of_all_models_share_one_figure(held_out, models):
    """It is drawn where a model was fitted by gradient descent."""
    descent = replace(models[1], fit=replace(models[1].fit, solver="gradient_descent"))
    report = rendered(held_out, [models[0], descent, models[2]])
    labels = [value for name, value in Page(report.html).attributes if name == "aria-label"]
    assert labels.count("Objective by iteration") == 1
    texts = Page(report.html).text
    assert "Logistic (numpy): 4 iterations" in texts
    assert "Logistic (torch): 4 iterations" in texts


def test_how_the_models_were_fitted_is_one_table(report):
    """It has one row a fact and one column a model."""
    rows = Page(report.html).rows
    assert ["Fact", "Logistic (numpy)", "Logistic (torch)"] in rows
    assert ["Status", "converged", "converged"] in rows


def test_models_that_answer_at_other_thresholds_are_not_silently_compared(held_out, models):
    """The page says which thresholds accuracy and McNemar's test follow from."""
    same = rendered(held_out, models).html
    assert "A difference in these metrics is one of thresholds" not in same
    other = [replace(models[0], threshold=0.8), *models[1:]]
    html = rendered(held_out, other).html
    assert html.count("A difference in these metrics is one of thresholds") == 1
    assert "0.800 by" in html
    rounded = [replace(one, threshold=0.8 + k * 1e-15) for k, one in enumerate(models)]
    assert "A difference in these metrics" not in rendered(held_out, rounded).html
