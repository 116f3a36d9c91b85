"""The page: its sections in their order, and the templates that write them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lr_pipeline.evaluation.number_format import count, metric, significant

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

LONGEST_WORD = 18  # letters that a narrow column has room for
# Between the words of a name, but never inside a number.
_BETWEEN_WORDS = re.compile(r"(?<=[_=/|])(?=[^\W_])|(?<=[^\W\d][.,:;-])(?=[^\W\d])")

# Between a number and its sign; < and > are escaped in the text of a page.
_INSIDE_NUMBERS = re.compile(r"(?<=\d) (?=%)|(?<=&[lg]t;) (?=\d)|(?<=\d) (?=× 10)|(?<=\d ×) (?=10)")


class Section(NamedTuple):
    """A section of the page: ``template`` ``<name>.html`` writes its body, below ``heading``."""

    name: str
    heading: str


SECTIONS = (
    Section("metrics", "How well the models predict"),
    Section("comparisons", "How the models compare"),
    Section("since", "Since the last report"),
    Section("calibration", "Calibration"),
    Section("threshold", "From probability to answer"),
    Section("lift", "Lift"),
    Section("effects", "Effects"),
    Section("diagnostics", "Diagnostics"),
    Section("slices", "Slices"),
    Section("one_row", "One row of the test set"),
    Section("descents", "What gradient descent left to do"),
    Section("features", "Features"),
    Section("models", "Fits"),
    Section("provenance", "Provenance"),
)


def write_page(context: Mapping[str, Any]) -> str:
    """Return the HTML page; a section whose template writes nothing is left out.

    ``context`` are the names that the templates use; any text in it is escaped.
    """
    from markupsafe import Markup

    environment = _environment()
    bodies = {
        section: environment.get_template(f"{section.name}.html").render(context).strip()
        for section in SECTIONS
    }
    # Each body was written by a template of this environment, which escapes every text.
    sections = [(one, Markup(body)) for one, body in bodies.items() if body]
    page = environment.get_template("report.html").render(context, sections=sections)
    return without_lonely_signs(page)


def write_template(name: str, context: Mapping[str, Any]) -> str:
    """Return another HTML page, which the template of this name writes; any text is escaped."""
    return without_lonely_signs(_environment().get_template(name).render(context))


def without_lonely_signs(page: str) -> str:
    """Return the page without line breaks inside 95 %, < 0.001 and 2 × 10⁻⁵."""
    return _INSIDE_NUMBERS.sub("\N{NO-BREAK SPACE}", page)


def breakable(text: object) -> "Markup":
    """Return a name in which a browser breaks a line between its words only.

    Line breaks are allowed after underscores, dots, dashes and the like; a single word that is
    longer than ``LONGEST_WORD`` letters may be broken anywhere, since it fits in no other way.
    """
    from markupsafe import Markup, escape

    parts = _BETWEEN_WORDS.split(str(text))
    words = re.split(r"\s+", " ".join(parts))
    body = Markup("<wbr>").join(map(escape, parts))
    long = max(map(len, words), default=0) > LONGEST_WORD
    return Markup('<bdi class="long">{}</bdi>' if long else "<bdi>{}</bdi>").format(body)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lr_pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"count": count, "metric": metric, "significant": significant}
    environment.filters["name"] = breakable
    return environment
