"""A model as an ONNX graph in double precision."""

import json
from importlib.util import find_spec
from typing import Any

from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.score_plan import CategoryTerm, NumberTerm, ScorePlan, Switch
from lr_pipeline.models.decision.recalibration import Isotonic, Platt

OPSET, ML_OPSET, IR_VERSION = 17, 3, 8
MISSING_TEXT = "missing_text"
INSTALL = "pip install 'lr-pipeline[export]'"


def onnx_graph(plan: ScorePlan) -> bytes:
    """Return the graph; one input (n, 1) a feature, double or string; outputs (n, 1).

    A missing number is NaN; a missing text is the empty text, or the one that the metadata
    ``missing_text`` names for its column. z is added up in the model's order. Texts are compared
    exactly. Opsets 17 of ai.onnx and 3 of ai.onnx.ml.

    Raises
    ------
    ExportError
        The package onnx is not installed.
    """
    require_package("onnx")
    graph = _Graph(plan)
    z = graph.constant(plan.intercept)
    for term in plan.terms:
        added = graph.number(term) if isinstance(term, NumberTerm) else graph.category(term)
        for one in added:
            z = graph.node("Add", z, one)
    p = graph.probability(plan, z)
    positive = graph.node("Greater", p, graph.constant(plan.decision.threshold))
    label = graph.node("Cast", positive, to=graph.proto.TensorProto.INT64)
    outputs = {plan.unused("probability"): p, plan.unused("label"): label}
    for name, value in outputs.items():
        graph.nodes.append(graph.helper.make_node("Identity", [value], [name]))
    return graph.finished(plan, list(outputs))


def missing_texts(plan: ScorePlan) -> dict[str, str]:
    """Return category → the text that stands for a missing value."""
    return {one.name: _missing_text(one) for one in plan.terms if isinstance(one, CategoryTerm)}


def _missing_text(term: CategoryTerm) -> str:
    """Return the empty text, unless that is a level."""
    text = "" if "" not in term.known else "(missing)"
    while text in term.known:
        text += "_"
    return text


def require_package(name: str) -> None:
    """Raise ``ExportError``, with the command that installs it, if a package is not installed."""
    if find_spec(name) is None:
        raise ExportError(f"--to onnx needs the package {name}. Install it: {INSTALL}")


class _Graph:
    """Nodes and constants under names of their own; a feature's name is that of its input only."""

    def __init__(self, plan: ScorePlan) -> None:
        import onnx
        from onnx import helper

        self.proto, self.helper = onnx, helper
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.constants: dict[tuple[str, float | int], tuple[str, Any]] = {}
        self.count, self.prefix = 0, "v"
        while any(name.startswith(self.prefix) for name in plan.features):
            self.prefix = f"_{self.prefix}"

    def fresh(self) -> str:
        """Return a name that no feature and no other value has."""
        self.count += 1
        return f"{self.prefix}{self.count}"

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        name = self.fresh()
        self.nodes.append(
            self.helper.make_node(kind, list(inputs), [name], domain=domain, **attributes)
        )
        return name

    def constant(self, value: float | int) -> str:
        """Return the name of a number, double or int64; equal ones share one."""
        kind = "INT64" if isinstance(value, int) else "DOUBLE"
        key = (kind, value) if value else (kind + str(value), 0)  # 0.0 and -0.0 differ
        if key not in self.constants:
            name, data_type = self.fresh(), getattr(self.proto.TensorProto, kind)
            tensor = self.helper.make_tensor(name, data_type, [], [value])
            self.constants[key] = (name, tensor)
        return self.constants[key][0]

    def vector(self, kind: str, values: tuple[float, ...]) -> str:
        """Return the name of a vector of numbers of a kind, DOUBLE or INT64."""
        name, data_type = self.fresh(), getattr(self.proto.TensorProto, kind)
        tensor = self.helper.make_tensor(name, data_type, [len(values)], list(values))
        self.constants[(name, 0)] = (name, tensor)
        return name

    def input(self, name: str, kind: int) -> str:
        """Add the input of a feature."""
        self.inputs.append(self.helper.make_tensor_value_info(name, kind, ["rows", 1]))
        return name

    def switch(self, condition: str, switch: Switch) -> str:
        """Return ``on`` where the condition is true, else ``off``."""
        return self.node("Where", condition, self.constant(switch.on), self.constant(switch.off))

    def number(self, term: NumberTerm) -> list[str]:
        """Return the terms of a number."""
        x = self.input(term.name, self.proto.TensorProto.DOUBLE)
        missing = self.node("IsNaN", x)
        filled = self.node("Where", missing, self.constant(term.median), x)
        centred = self.node("Sub", filled, self.constant(term.mean))
        found = [self.node("Mul", centred, self.constant(term.slope))]
        return found if term.missing is None else [*found, self.switch(missing, term.missing)]

    def category(self, term: CategoryTerm) -> list[str]:
        """Return the terms of a category: each text has a place, which a design column knows."""
        x = self.input(term.name, self.proto.TensorProto.STRING)
        count = len(term.levels)
        places = dict.fromkeys(term.reference, count + 2)
        places |= {text: j for j, level in enumerate(term.levels) for text in level.texts}
        places[_missing_text(term)] = count + 1
        place = self.node(
            "LabelEncoder",
            x,
            domain="ai.onnx.ml",
            keys_strings=list(places),
            values_int64s=list(places.values()),
            default_int64=count,
        )
        found = [
            self.switch(self.node("Equal", place, self.constant(j)), level.switch)
            for j, level in enumerate(term.levels)
        ]
        for at, switch in ((count, term.other), (count + 1, term.missing)):
            if switch is not None:
                found.append(self.switch(self.node("Equal", place, self.constant(at)), switch))
        return found

    def probability(self, plan: ScorePlan, z: str) -> str:
        """Return p of z: recalibrated, else σ(z) without overflow."""
        recalibration = plan.decision.recalibration
        if isinstance(recalibration, Isotonic):
            return self.steps(recalibration, z)
        if isinstance(recalibration, Platt):
            scaled = self.node("Mul", self.constant(recalibration.slope), z)
            z = self.node("Add", self.constant(recalibration.intercept), scaled)
        one = self.constant(1.0)
        e = self.node("Exp", self.node("Neg", self.node("Abs", z)))
        negative = self.node("Less", z, self.constant(0.0))
        top = self.node("Where", negative, e, one)
        return self.node("Div", top, self.node("Add", one, e))

    def steps(self, recalibration: Isotonic, z: str) -> str:
        """Return the value of the last step that starts at z or below."""
        values = self.vector("DOUBLE", recalibration.values)
        if not recalibration.starts:
            return self.node("Add", self.node("Mul", z, self.constant(0.0)), values)
        reached = self.node("GreaterOrEqual", z, self.vector("DOUBLE", recalibration.starts))
        ones = self.node("Cast", reached, to=self.proto.TensorProto.INT64)
        number = self.node("ReduceSum", ones, self.vector("INT64", (1,)), keepdims=1)
        return self.node("Gather", values, number)

    def finished(self, plan: ScorePlan, outputs: list[str]) -> bytes:
        """Return the serialised model, checked; equal plans give equal bytes."""
        kinds = (self.proto.TensorProto.DOUBLE, self.proto.TensorProto.INT64)
        values = [
            self.helper.make_tensor_value_info(name, kind, ["rows", 1])
            for name, kind in zip(outputs, kinds, strict=True)
        ]
        tensors = [tensor for _, tensor in self.constants.values()]
        graph = self.helper.make_graph(self.nodes, "lr_pipeline", self.inputs, values, tensors)
        opsets = [
            self.helper.make_opsetid("", OPSET),
            self.helper.make_opsetid("ai.onnx.ml", ML_OPSET),
        ]
        model = self.helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="lr_pipeline",
            doc_string="\n".join(plan.about),
        )
        texts = json.dumps(missing_texts(plan), ensure_ascii=False)
        self.helper.set_model_props(model, {MISSING_TEXT: texts})
        self.proto.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))
