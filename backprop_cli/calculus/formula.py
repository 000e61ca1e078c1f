"""The table's formulas, made computable: from text to tree, and from tree to Python.

Only texts of the table and the fixed names `a`, `v3`, ... ever reach `compile` here; a user's text and names never do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from threading import RLock
from types import CodeType
from typing import Any

from backprop_cli.calculus.arithmetic import NATIVE, Arithmetic
from backprop_cli.calculus.primitive import Primitive
from backprop_cli.calculus.table import ROWS
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Name, Number, Part, fold, postorder, rebuilt, substitute

_PYTHON = {"+": "+", "-": "-", "*": "*", "/": "/", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "==", "!=": "!="}


@cache
def tree(text: str) -> Expr:
    """The tree of a formula of the table."""
    return parse_expression(text, "<derivative table>")


@cache
def native_tree(text: str) -> Expr:
    """The tree of a formula, with every head that the arithmetics do not bring replaced by its row's own forward formula."""
    expr = tree(text)
    while any(isinstance(part, Apply) and _composite(part.head) for part in postorder(expr)):
        expr = fold(expr, _inlined)  # type: ignore[assignment]
    return expr


def _composite(head: str) -> bool:
    return head.isidentifier() and head not in NATIVE


def _inlined(part: Part, below: list[Part]) -> Part:
    part = rebuilt(part, below)
    if isinstance(part, Apply) and _composite(part.head):
        row = ROWS[part.head]
        return substitute(tree(row.forward), dict(zip(row.operands, part.operands, strict=True)))
    return part


class Namespace:
    """The names that generated Python refers to: an arithmetic's functions, and the numbers that formulas mention."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic
        caught = {error.__name__: error for error in (ValueError, OverflowError, ZeroDivisionError, FloatingPointError)}
        self.names: dict[str, Any] = {**arithmetic.functions, **caught, "__builtins__": {}}

    def bind(self, value: Any, stem: str) -> str:
        """A name for a value."""
        name = f"{stem}_{len(self.names)}"
        self.names[name] = value
        return name

    def python(self, expr: Expr, operands: Mapping[str, str]) -> str:
        """A formula as a Python expression; `operands` gives the Python for each name in it."""

        def combine(part: Part, below: list[str]) -> str:
            match part:
                case Number(text=text):
                    return self.number(text)
                case Name(id=name):
                    return operands[name] if name in operands else self.bind(self.arithmetic.constants[name], name)
                case Apply(head=head, operands=inner):
                    return self._apply(head, inner, below)
                case _:
                    raise TypeError(f"the table's formulas hold no {type(part).__name__}")

        return fold(expr, combine)

    def number(self, text: str) -> str:
        """A literal: written out where Python's own floats mean the same, else bound to a name."""
        if self.arithmetic.number is float:
            return repr(float(text))
        return self.bind(self.arithmetic.number(text), "number")

    def _apply(self, head: str, inner: tuple[Expr, ...], below: list[str]) -> str:
        if head in self.arithmetic.infix:
            return f"{self.arithmetic.infix[head]}({', '.join(below)})"
        if head == NEGATE:
            return f"(-{below[0]})"
        if head == "^":
            power = inner[1]
            if isinstance(power, Number) and power.text.isdecimal():
                if power.text == "1":
                    return below[0]
                if power.text == "2" and len(below[0]) < 8:
                    return f"({below[0]}*{below[0]})"
                raised = self.arithmetic.infix.get("**")
                return f"{raised}({below[0]}, {power.text})" if raised else f"({below[0]}**{power.text})"
            return f"power({below[0]}, {below[1]})"
        if head in _PYTHON:
            return f"({below[0]} {_PYTHON[head]} {below[1]})"
        if head == "where" and self.arithmetic.lazy:
            return f"({below[1]} if {below[0]} else {below[2]})"
        return f"{head}({', '.join(below)})"

    def function(self, arguments: str, body: str) -> Callable[..., Any]:
        """A Python function with the given body."""
        return self.run(f"def made({arguments}):\n{body}\n", "made")

    def run(self, source: str, name: str) -> Callable[..., Any]:
        """Define what `source` defines, and return what it calls `name`."""
        exec(_compiled(source, name), self.names)
        made: Callable[..., Any] = self.names[name]
        return made


@cache
def _compiled(source: str, name: str) -> CodeType:
    return compile(source, f"<backprop {name}>", "exec")


class Rules:
    """The rows of the table as Python functions, in one arithmetic."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self.namespace = Namespace(arithmetic)
        self._lock = RLock()
        self._made: dict[tuple[Primitive, object], Callable[..., Any]] = {}

    def forward(self, row: Primitive) -> Callable[..., Any]:
        """value = f(*operands)"""
        return self._function(row, "forward", row.forward, row.operands)

    def slope(self, row: Primitive, operand: int) -> Callable[..., Any]:
        """local derivative = f(*operands, y)"""
        text = row.computed[operand]
        assert text is not None
        return self._function(row, operand, text, (*row.operands, "y"))

    def condition(self, row: Primitive, text: str) -> Callable[..., Any]:
        """truth = f(*operands, y), for domains and kinks"""
        return self._function(row, text, text, (*row.operands, "y"))

    def _function(self, row: Primitive, key: object, text: str, names: tuple[str, ...]) -> Callable[..., Any]:
        made = self._made.get((row, key))
        if made is not None:
            return made
        with self._lock:
            body = self.namespace.python(native_tree(text), {name: name for name in names})
            made = self._made[row, key] = self.namespace.function(", ".join(names), f"    return {body}")
        return made


@cache
def rules_of(arithmetic: Arithmetic) -> Rules:
    """The rows in an arithmetic, kept for the next run."""
    return Rules(arithmetic)
