"""The answer at the top of a report: yes, not proven or no."""

from dataclasses import dataclass
from typing import Any

from lr_pipeline.evaluation.findings import Findings
from lr_pipeline.evaluation.model_results import ModelResults
from lr_pipeline.evaluation.verdict.evidence import evidence
from lr_pipeline.evaluation.verdict.rules import Answer, Reason, reasons
from lr_pipeline.evaluation.verdict.wording import paragraph

READY = "Yes – ready to use"
OPENING = {"not proven": "Not proven", "no": "No"}
WATCH = "Use it, and test it again on new rows: what holds today need not hold next year."


@dataclass(frozen=True)
class ReportVerdict:
    """Whether the model is ready to use: ``answer``, the ``headline`` with its main reason.

    ``text`` is a paragraph: which model, how much better than what, what is wrong, what was
    withheld. ``next_steps`` say what to do.
    """

    answer: Answer
    headline: str
    text: str
    reasons: tuple[Reason, ...]
    next_steps: tuple[str, ...]

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "answer": self.answer,
            "headline": self.headline,
            "text": self.text,
            "reasons": [reason.numbers() for reason in self.reasons],
            "next_steps": list(self.next_steps),
        }


def judge(findings: Findings, results: ModelResults) -> ReportVerdict | None:
    """Answer whether the first logistic model of a report is ready to use.

    There is no answer where there are no models.
    """
    if not findings.models:
        return None
    found = evidence(findings, results)
    given = tuple(reasons(found))
    answer: Answer = given[0].answer if given else "yes"
    headline = f"{OPENING[answer]} – {given[0].short}" if given else READY
    steps = tuple(dict.fromkeys(reason.remedy for reason in given)) or (WATCH,)
    return ReportVerdict(answer, headline, paragraph(findings, results, found, given), given, steps)
