"""A PMML document is checked against the schema of PMML before it is written."""

import re

import pytest

from lr_pipeline.export import evaluators
from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.export_model import export_model
from lr_pipeline.export.pmml_document import pmml_document
from lr_pipeline.export.pmml_schema import require_valid_pmml
from lr_pipeline.export.score_plan import plan_score
from tests.export.conftest import RECALIBRATIONS, with_recalibration


@pytest.mark.parametrize("recalibration", RECALIBRATIONS)
def test_pmml_is_valid_by_its_schema(model, rows, recalibration) -> None:
    """That of PMML 4.4 as JPMML has it, without what JPMML adds to it."""
    plan = plan_score(with_recalibration(model, recalibration), [rows])
    document = pmml_document(plan)
    assert "pmml-model-" in require_valid_pmml(document)
    assert not re.search(r"[ <\"]x-", document)


@pytest.mark.parametrize(
    ("written", "wrong", "said"),
    [
        ("<MiningSchema>", "<MiningSchema><Wrong/>", "Wrong"),
        ('functionName="classification"', 'functionName="yes"', "functionName"),
        (' dataType="double"', "", "dataType"),
        ("PMML-4_4", "PMML-4_3", "PMML"),
    ],
)
def test_a_document_that_is_not_valid_is_refused(model, rows, written, wrong, said) -> None:
    """An unknown element, a wrong value, an attribute that is missing, another version."""
    document = pmml_document(plan_score(model, [rows]))
    assert written in document
    with pytest.raises(ExportError, match=rf"not valid .*line \d+: .*{said}.*Nothing was written"):
        require_valid_pmml(document.replace(written, wrong))


def test_pmml_says_that_it_was_not_validated(model, rows, monkeypatch) -> None:
    """If the schema is not installed, the note gives the command that installs it."""
    monkeypatch.setattr("lr_pipeline.export.pmml_schema.PACKAGES", ("lxml", "no_such_package"))
    monkeypatch.setattr(evaluators, "pmml_evaluator_missing", lambda: "no Java")
    export = export_model(model, "pmml", rows)
    assert export.valid == ""
    assert export.left_out == (
        "not validated: no_such_package not installed (pip install no_such_package)",
        "not evaluated: no Java",
    )
