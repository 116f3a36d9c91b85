"""The types and shapes of the package's functions, checked in all tests.

jaxtyping's own import hook checks the arguments of every call twice, which took two thirds of the
tests' time. What a check answers depends on types, dtypes and shapes alone, so each combination of
them that a function meets is checked once here.
"""

import ast
import contextlib
import functools
import inspect
import sys
import typing
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import is_dataclass
from hashlib import sha256
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

import jaxtyping
import numpy as np
from beartype import beartype
from beartype.door import die_if_unbearable

ROOMS = ("core", "engines", "tables", "models", "evaluation", "report", "studies")
CHECKED = tuple(f"lr_pipeline.{room}" for room in ROOMS)
VERSION = f"checked-{sha256(Path(__file__).read_bytes()).hexdigest()[:8]}"
SHAPES = jaxtyping.jaxtyped("context")  # within it a dimension's name stands for one number


def install_type_checks() -> None:
    """Have ``checked`` decorate each function and each dataclass that is imported from now on."""
    sys.meta_path.insert(0, CheckedFinder())


class CheckedFinder:
    """The finder of the modules whose functions are checked."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The place of a module of those rooms, with the loader that decorates."""
        spec = PathFinder.find_spec(name, path, target) if name.startswith(CHECKED) else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = CheckedLoader(spec.loader.name, spec.loader.path)
        return spec


class CheckedLoader(SourceFileLoader):
    """A loader that writes ``@_checked`` on each function and class, and keeps that bytecode."""

    def source_to_code(self, data: bytes, path: str, *, _optimization: int = -1) -> CodeType:
        """The module's code with the decorators."""
        tree = ast.fix_missing_locations(Decoration().visit(ast.parse(data)))
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimization)

    def get_data(self, path: str) -> bytes:
        """The source, or the bytecode with the decorators."""
        return super().get_data(with_decorators(path))

    def set_data(self, path: str, data: bytes, *, _mode: int = 0o666) -> None:
        """Keep bytecode beside that without decorators."""
        super().set_data(with_decorators(path), data, _mode=_mode)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, to which the decorator is known."""
        vars(module)["_checked"] = checked
        super().exec_module(module)


def with_decorators(path: str) -> str:
    """The path of bytecode with decorators, of this version of them; a source stays as it is."""
    return f"{path.removesuffix('.pyc')}.{VERSION}.pyc" if path.endswith(".pyc") else path


class Decoration(ast.NodeTransformer):
    """It decorates below others of a function, which may hide types, and above those of a class."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Decorate a function, and the functions within it."""
        self.generic_visit(node)
        node.decorator_list.append(ast.copy_location(ast.Name("_checked", ast.Load()), node))
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Decorate a class, and its methods."""
        self.generic_visit(node)
        node.decorator_list.insert(0, ast.copy_location(ast.Name("_checked", ast.Load()), node))
        return node


def checked(function: Any) -> Any:
    """Check a function's arguments and its answer, or the fields of a dataclass."""
    if inspect.isclass(function):
        if is_dataclass(function):
            function.__init__ = checked(function.__init__)
        return function
    if isinstance(function, classmethod | staticmethod):
        return type(function)(checked(function.__func__))
    if not any(map(needs_checks, function.__annotations__.values())):
        return beartype(function)
    checks = CHECKS.setdefault(id(function.__code__), Checks(function))
    return checks.applied_to(function)


class Checks:
    """The checks of one function, or of all functions that one ``def`` within a function makes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function  # its code must stay, since CHECKS knows it by its address
        self.passed: set[Hashable] = set()

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """The arguments of the function."""
        return inspect.signature(self.function)

    @functools.cached_property
    def types(self) -> dict[str, Any]:
        """The type of each argument, and of the answer as ``return``, where it can be imported."""
        types = {}
        for name, hint in self.function.__annotations__.items():
            if typing.get_origin(hint) is typing.Unpack:  # beartype looks at none of its values
                continue
            one, names = SimpleNamespace(__annotations__={name: hint}), self.function.__globals__
            with contextlib.suppress(NameError):  # torch is imported where it is used
                types |= typing.get_type_hints(one, names, include_extras=True)
        return types

    def check(self, values: tuple[Any, ...], named: dict[str, Any], **answer: Any) -> None:
        """Raise an error if an argument, or the answer, has another type or shape."""
        with SHAPES:
            for name, value in (self.signature.bind(*values, **named).arguments | answer).items():
                for one in self.parts(name, value):
                    die_if_unbearable(one, self.types.get(name, object))

    def parts(self, name: str, value: Any) -> Iterable[Any]:
        """The values that have the type of an argument: each one of ``*values`` and ``**named``."""
        argument = self.signature.parameters.get(name)
        if argument is not None and argument.kind is inspect.Parameter.VAR_POSITIONAL:
            return value
        if argument is not None and argument.kind is inspect.Parameter.VAR_KEYWORD:
            return value.values()
        return (value,)

    def applied_to(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with the check of its arguments before the call and of its answer after."""
        passed = self.passed

        @functools.wraps(function)
        def call(*values: Any, **named: Any) -> Any:
            given = (*map(kind, values), *named, *map(kind, named.values()))
            if given not in passed:
                self.check(values, named)
                passed.add(given)
            answer = function(*values, **named)
            both = (given, kind(answer))
            if both not in passed:
                self.check(values, named, **{"return": answer})
                passed.add(both)
            return answer

        return call


CHECKS: dict[int, Checks] = {}  # by the code of the function


def needs_checks(hint: object) -> bool:
    """Whether a type has names of dimensions, or is in quotes, perhaps as nothing imports it."""
    if isinstance(hint, str | typing.ForwardRef):
        return True
    if isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return any(map(needs_checks, typing.get_args(hint)))


def kind(value: Any) -> Hashable:
    """What decides whether a value passes; a new object where the value itself decides."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape
    if isinstance(value, tuple):
        return type(value), *map(kind, value)
    if isinstance(value, str | type):
        return value
    if isinstance(value, list | dict | set):
        return object()
    return type(value), getattr(value, "shape", None), getattr(value, "dtype", None)
