"""A model as PMML 4.4: a logistic RegressionModel with its preparation as derived fields."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from xml.sax.saxutils import unescape

from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.score_plan import CategoryTerm, NumberTerm, ScorePlan, Switch
from lr_pipeline.models.decision.recalibration import Isotonic, Platt

NAMESPACE = "http://www.dmg.org/PMML-4_4"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ESCAPED_TEXT = re.compile(
    '(<Constant dataType="string">)([^<]*&[^<]*)(</Constant>)',
)
POSITIVE, NEGATIVE = "1", "0"


def pmml_document(plan: ScorePlan) -> str:
    """Return the document; its outputs are ``probability`` and ``label``, 1 or 0.

    Each design column is a derived field, which computes its centred value times its coefficient;
    the regression adds them. With Platt's recalibration the terms are multiplied by its slope; an
    isotonic one is a table of intervals of z.

    Raises
    ------
    ExportError
        A name or text contains a character that XML forbids.
    """
    recalibration = plan.decision.recalibration
    platt = recalibration if isinstance(recalibration, Platt) else Platt(0.0, 1.0)
    isotonic = recalibration if isinstance(recalibration, Isotonic) else None
    root = Element("PMML", {"version": "4.4", "xmlns": NAMESPACE})
    header = SubElement(root, "Header", {"description": _sound("\n".join(plan.about))})
    SubElement(header, "Application", {"name": "lr_pipeline"})
    target = plan.unused("y")
    _dictionary(root, plan, target, isotonic is None)
    logit = {"normalizationMethod": "logit"} if isotonic is None else {}
    kind = "classification" if isotonic is None else "regression"
    model = SubElement(root, "RegressionModel", {"functionName": kind, **logit})
    _mining_schema(model, plan, target)
    _output(model, plan, isotonic)
    names = _derived_fields(model, plan)
    intercept = platt.intercept + platt.slope * plan.intercept
    category = {} if isotonic is not None else {"targetCategory": POSITIVE}
    table = SubElement(model, "RegressionTable", {"intercept": repr(intercept), **category})
    for name in names:
        predictor = {"name": name, "coefficient": repr(platt.slope)}
        SubElement(table, "NumericPredictor", predictor)
    if isotonic is None:
        SubElement(model, "RegressionTable", {"intercept": "0", "targetCategory": NEGATIVE})
    indent(root, " ")
    text = ESCAPED_TEXT.sub(_in_cdata, tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _in_cdata(found: re.Match[str]) -> str:
    """Write a text without escapes: PMML4S reads only what is before the first one."""
    text = unescape(found[2])
    return found[0] if "]]>" in text else f"{found[1]}<![CDATA[{text}]]>{found[3]}"


def _dictionary(root: Element, plan: ScorePlan, target: str, classification: bool) -> None:
    fields = SubElement(root, "DataDictionary")
    for term in plan.terms:
        text = isinstance(term, CategoryTerm)
        kind = ("categorical", "string") if text else ("continuous", "double")
        attributes = {"name": _sound(term.name), "optype": kind[0], "dataType": kind[1]}
        SubElement(fields, "DataField", attributes)
    kind = ("categorical", "string") if classification else ("continuous", "double")
    attributes = {"name": target, "optype": kind[0], "dataType": kind[1]}
    field = SubElement(fields, "DataField", attributes)
    for value in (POSITIVE, NEGATIVE) if classification else ():
        SubElement(field, "Value", {"value": value})
    fields.set("numberOfFields", str(len(plan.terms) + 1))


def _mining_schema(model: Element, plan: ScorePlan, target: str) -> None:
    schema = SubElement(model, "MiningSchema")
    for name in plan.features:
        # Without asIs, a level that training lacked would be refused.
        SubElement(schema, "MiningField", {"name": name, "invalidValueTreatment": "asIs"})
    SubElement(schema, "MiningField", {"name": target, "usageType": "target"})


def _output(model: Element, plan: ScorePlan, isotonic: Isotonic | None) -> None:
    output = SubElement(model, "Output")
    name, z = plan.unused("probability"), plan.unused("z")
    double = {"optype": "continuous", "dataType": "double"}
    if isotonic is None:
        attributes = {"name": name, "feature": "probability", "value": POSITIVE, **double}
        SubElement(output, "OutputField", attributes)
    else:
        SubElement(output, "OutputField", {"name": z, "feature": "predictedValue", **double})
        transformed = {"name": name, "feature": "transformedValue", **double}
        _steps(SubElement(output, "OutputField", transformed), isotonic, z)
    attributes = {"name": plan.unused("label"), "feature": "transformedValue"}
    label = SubElement(
        output, "OutputField", {**attributes, "optype": "categorical", "dataType": "integer"}
    )
    choice = SubElement(label, "Apply", {"function": "if"})
    above = SubElement(choice, "Apply", {"function": "greaterThan"})
    SubElement(above, "FieldRef", {"field": name})
    _constant(above, plan.decision.threshold)
    for value in ("1", "0"):
        SubElement(choice, "Constant", {"dataType": "integer"}).text = value


def _steps(parent: Element, isotonic: Isotonic, z: str) -> None:
    """Write p as a function of z: one interval for each value, closed at its left end."""
    table = SubElement(parent, "Discretize", {"field": z, "dataType": "double"})
    edges = [None, *isotonic.starts, None]
    for left, right, value in zip(edges, edges[1:], isotonic.values, strict=False):
        item = SubElement(table, "DiscretizeBin", {"binValue": repr(value)})
        attributes = {"closure": "openOpen" if left is None else "closedOpen"}
        attributes |= {} if left is None else {"leftMargin": repr(left)}
        attributes |= {} if right is None else {"rightMargin": repr(right)}
        SubElement(item, "Interval", attributes)


def _derived_fields(model: Element, plan: ScorePlan) -> list[str]:
    """Write a field for each design column, and return their names."""
    transformations = SubElement(model, "LocalTransformations")
    prefix = "term"
    while any(name.startswith(prefix) for name in plan.features):
        prefix = f"_{prefix}"
    fields: list[str] = []
    for term in plan.terms:
        columns = _number(term) if isinstance(term, NumberTerm) else _category(term)
        for column in columns:
            fields.append(f"{prefix}_{len(fields) + 1}")
            attributes = {"name": fields[-1], "optype": "continuous", "dataType": "double"}
            SubElement(transformations, "DerivedField", attributes).append(column)
    return fields


def _number(term: NumberTerm) -> Iterator[Element]:
    product = Element("Apply", {"function": "*"})
    centred = SubElement(product, "Apply", {"function": "-"})
    # mapMissingTo would be shorter, but is optional for a consumer.
    filled = SubElement(centred, "Apply", {"function": "if"})
    filled.append(_is_missing(term.name))
    _constant(filled, term.median)
    SubElement(filled, "FieldRef", {"field": term.name})
    _constant(centred, term.mean)
    _constant(product, term.slope)
    yield product
    if term.missing is not None:
        yield _either(_is_missing(term.name), term.missing)


def _category(term: CategoryTerm) -> Iterator[Element]:
    for level in term.levels:
        value = _either(_among("isIn", term.name, level.texts), level.switch)
        yield _unless_missing(term.name, value, level.switch.off)
    if term.other is not None:
        other = _either(_among("isNotIn", term.name, term.known), term.other)
        yield _unless_missing(term.name, other, term.other.off)
    if term.missing is not None:
        yield _either(_is_missing(term.name), term.missing)


def _unless_missing(name: str, value: Element, otherwise: float) -> Element:
    choice = Element("Apply", {"function": "if"})
    choice.append(_is_missing(name))
    _constant(choice, otherwise)
    choice.append(value)
    return choice


def _is_missing(name: str) -> Element:
    found = Element("Apply", {"function": "isMissing"})
    SubElement(found, "FieldRef", {"field": name})
    return found


def _among(function: str, name: str, texts: tuple[str, ...]) -> Element:
    found = Element("Apply", {"function": function})
    SubElement(found, "FieldRef", {"field": name})
    for text in texts:
        SubElement(found, "Constant", {"dataType": "string"}).text = _sound(text)
    return found


def _either(condition: Element, switch: Switch) -> Element:
    choice = Element("Apply", {"function": "if"})
    choice.append(condition)
    _constant(choice, switch.on)
    _constant(choice, switch.off)
    return choice


def _constant(parent: Element, value: float) -> None:
    SubElement(parent, "Constant", {"dataType": "double"}).text = repr(value)


def _sound(text: str) -> str:
    if found := NOT_XML.search(text):
        raise ExportError(
            f"{text[:60]!r} contains the character {found[0]!r}, which XML forbids. Rename it."
        )
    return text
