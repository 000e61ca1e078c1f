"""Conditions and absolute values decided in every way there is: an argument is above 0, below 0, or 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backprop_cli.worker.opaque import opaque
from backprop_cli.worker.vanishing import vanishes

MOST_CASES = 27


def everywhere(difference: Any) -> str:
    """The means by which a difference is 0 whatever holds of the conditions in it; empty where there is none."""
    kinds = opaque()
    if not difference.has(kinds.Positive, kinds.Magnitude):
        return vanishes(difference)
    if difference.expand() == 0:
        return "multiplied out"
    for count, case in enumerate(_cases(difference)):
        if count >= MOST_CASES or not vanishes(case):
            return ""
    return "case by case"


def _cases(difference: Any) -> Iterator[Any]:
    """The difference with its conditions decided, in every way; from the inside out."""
    import sympy

    kinds = opaque()
    both = (kinds.Positive, kinds.Magnitude)
    pending = [difference]
    while pending:
        each = pending.pop()
        inner = [found for found in each.atoms(*both) if not found.args[0].has(*both)]
        if not inner:
            yield each
            continue
        argument = min((found.args[0] for found in inner), key=sympy.default_sort_key)
        above, below, at = _decisions(argument, inner)
        pending += [each.xreplace(above), each.xreplace(below)]
        if not argument.is_nonzero:
            pending.append(_where_zero(argument, each.xreplace(at)))


def _decisions(argument: Any, found: list[Any]) -> tuple[Mapping[Any, Any], ...]:
    """What stands for the conditions on an argument and on its negative where it is above 0, below 0, and 0."""
    import sympy

    one, zero = sympy.S.One, sympy.S.Zero
    above: dict[Any, Any] = {}
    below: dict[Any, Any] = {}
    for each in found:
        own = each.args[0]
        sign = 1 if own == argument else -1 if own + argument == 0 or (own + argument).expand() == 0 else 0
        if sign and isinstance(each, opaque().Positive):
            above[each], below[each] = (one, zero) if sign == 1 else (zero, one)
        elif sign:
            above[each], below[each] = sign * own, -sign * own
    return above, below, dict.fromkeys(above, zero)


def _where_zero(argument: Any, expr: Any) -> Any:
    """An expression that has the value of another one where an argument is 0: 0 itself if the argument divides it."""
    import sympy

    for each in sorted(argument.free_symbols, key=sympy.default_sort_key):
        slope = argument.diff(each)
        if slope.is_Rational and slope != 0:
            return expr.xreplace({each: each - argument / slope}).expand()
    try:
        numerator = sympy.fraction(sympy.together(expr))[0].expand()
        return expr if numerator == 0 or sympy.reduced(numerator, [argument])[1] != 0 else sympy.S.Zero
    except sympy.PolynomialError:
        return expr
