"""Another way to the values of a program: Python's own parser and mpmath, fifty digits. Knows nothing of graphs or derivatives."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from mpmath import mp, mpf

from backprop_cli.calculus.table import row

DIGITS = 50
_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: real(a**b),
}


def real(value: Any) -> Any:
    if isinstance(value, mp.mpc):
        raise ValueError(f"{value} is not real")
    return value


def _checked(name: str) -> Callable[[Any], Any]:
    return lambda x: real(getattr(mp, name)(x))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(mp, name) for name in ("exp", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh", "erf", "erfc", "atan2")},
    **{name: getattr(mp, name) for name in ("sign", "floor", "ceil", "hypot", "expm1", "log1p")},
    **{name: _checked(name) for name in ("log", "sqrt", "asin", "acos", "acosh", "atanh")},
    **{"abs": abs, "round": mp.nint, "maximum": max, "minimum": min, "max": max, "min": min},
    **{"cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)), "exp2": lambda x: mpf(2) ** x, "log2": lambda x: mp.log(x, 2), "log10": mp.log10},
}


class Reference:
    """A program read by Python's parser."""

    def __init__(self, text: str) -> None:
        self.steps: list[tuple[str, ast.expr, str]] = []
        self.own: dict[str, tuple[list[str], ast.expr, str]] = {}
        for line in text.split("\n"):
            target, _, right = line.partition(" = ")
            right = right.replace("^", "**")
            tree = ast.parse(right.strip(), mode="eval").body
            function = re.fullmatch(r"(\w+)\((.*)\)", target.strip())
            if function:
                self.own[function.group(1)] = (function.group(2).split(", "), tree, right.strip())
            else:
                self.steps.append((target.strip(), tree, right.strip()))

    def values(self, at: Mapping[str, Any], digits: int = DIGITS) -> dict[str, Any]:
        """The value of every name at a point."""
        with mp.workdps(digits):
            found: dict[str, Any] = {name: mpf(value) for name, value in at.items()}
            for name, tree, text in self.steps:
                found[name] = self.value(tree, text, found)
            return found

    def slope(self, of: str, by: str, at: Mapping[str, Any], digits: int = DIGITS) -> Any:
        """The central difference of a name by a leaf."""
        with mp.workdps(digits):
            step = mpf(10) ** (-digits // 3) * (abs(mpf(at[by])) or 1)
            ahead, behind = (self.values({**at, by: mpf(at[by]) + side}, digits)[of] for side in (step, -step))
            return (ahead - behind) / (2 * step)

    def value(self, node: ast.expr, text: str, names: Mapping[str, Any]) -> Any:
        def inner(node: ast.expr) -> Any:
            return self.value(node, text, names)

        match node:
            case ast.Constant():
                return mpf(ast.get_source_segment(text, node))
            case ast.Name(id=name):
                return names[name] if name in names else {"pi": +mp.pi, "e": +mp.e}[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -inner(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return inner(operand)
            case ast.BinOp(left=left, op=operator, right=right):
                return _BINARY[type(operator)](inner(left), inner(right))
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return mpf(_COMPARE[type(operator)](inner(left), inner(right)))
            case ast.Call(func=ast.Name(id="where"), args=[condition, first, second]):
                return inner(first) if inner(condition) != 0 else inner(second)
            case ast.Call(func=ast.Name(id=head), args=arguments, keywords=keywords):
                return self.call(head, [inner(each) for each in arguments], {str(k.arg): inner(k.value) for k in keywords}, names)
        raise AssertionError(ast.dump(node))

    def call(self, head: str, operands: list[Any], keywords: dict[str, Any], names: Mapping[str, Any]) -> Any:
        if head in self.own:
            parameters, body, text = self.own[head]
            return self.value(body, text, {**names, **dict(zip(parameters, operands, strict=True))})
        if head in _FUNCTIONS:
            return _FUNCTIONS[head](*operands)
        found = row(head)
        assert found is not None
        defaults = {name: mpf(text) for name, text in found.defaults.items()}
        return formula(found.textbook, {**defaults, **dict(zip(found.operands, operands, strict=False)), **keywords}, mp.dps)


def formula(text: str, at: Mapping[str, Any], digits: int = DIGITS) -> Any:
    """The value of an expression at a point."""
    return Reference(f"value = {text}").values(at, digits)["value"]


def formula_slope(text: str, by: str, at: Mapping[str, Any], digits: int = DIGITS) -> Any:
    """The central difference of an expression by one of its names."""
    return Reference(f"value = {text}").slope("value", by, at, digits)
