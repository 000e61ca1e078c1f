"""The point a graph is evaluated at: which leaves get which values, and which are missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backprop_cli.autodiff.engine import Engine, Value, scalar_arithmetic
from backprop_cli.autodiff.plan import Plan, make_plan
from backprop_cli.errors import BackpropError, Diagnostic, Span, nearest
from backprop_cli.graph.build import build
from backprop_cli.graph.graph import Graph
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.program import Declare, Program
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Index, Name, Number, Part, fold, names_in, postorder
from backprop_cli.lang.text import source
from backprop_cli.lang.unparse import unparse
from backprop_cli.limits import Limits

# An Expr is a constant expression, such as pi/2; an array may be a NumPy array or nested lists of numbers.
if TYPE_CHECKING:
    from fractions import Fraction

    Given = float | int | Fraction | Expr | Any
else:
    Given = Any


def point(graph: Graph, at: Mapping[str, Given], exact: bool, limits: Limits) -> dict[int, Value]:
    """The given values by leaf. Raises BackpropError for names that are no leaves and values that are no numbers."""
    wrong = [complaint for name in at if (complaint := _unfit(graph, name)) is not None]
    if wrong:
        raise BackpropError(wrong)
    return {graph.leaves[name]: _number(name, value, exact, limits) for name, value in at.items()}


def _unfit(graph: Graph, name: str) -> Diagnostic | None:
    if name in graph.leaves:
        return None
    origin = graph.program.source
    leaves = ", ".join(list(graph.leaves)[:8]) or "none"
    if name in graph.names:
        message = f"{name} is computed, and only leaves can be given a value"
        return Diagnostic("not-a-leaf", message, origin, graph.span(graph.names[name]), hint=f"give its leaves values: {leaves}")
    close = nearest(name, graph.leaves)
    hint = f"did you mean {close}?" if close else f"its leaves: {leaves}"
    return Diagnostic("unknown-name", f"{origin.name} has no leaf {name}", hint=hint)


def _number(name: str, value: Given, exact: bool, limits: Limits) -> Value:
    if isinstance(value, Number | Name | Apply | Brackets | Index):
        return _constant(name, value, exact, limits)
    if hasattr(value, "shape") or isinstance(value, list | tuple):
        return _array(name, value, exact, limits)
    from fractions import Fraction

    if not isinstance(value, int | float | Fraction):
        raise BackpropError(
            Diagnostic("not-a-number", f"{name} is a {type(value).__name__}, not a number", hint=f"give numbers, as in {name}=2")
        )
    if not math.isfinite(value):
        raise _not_finite(name, str(value))
    if exact:
        return Fraction(value) if not isinstance(value, float) else Fraction(repr(value))
    return float(value)


def _array(name: str, value: Any, exact: bool, limits: Limits) -> Value:
    """A float64 array that nobody can write to; exact, an array of fractions."""
    import numpy as np

    from backprop_cli.calculus.arrays import all_finite

    try:
        array = np.asarray(value, dtype=float).view()
    except (TypeError, ValueError):
        raise BackpropError(Diagnostic("not-a-number", f"{name} is no array of numbers", hint="rows of one length, numbers only")) from None
    if array.size > limits.entries:
        message = f"{name} would have {array.size:,} entries; the limit is {limits.entries:,}"
        raise BackpropError(Diagnostic("too-many-entries", message, hint="allow more with --limit entries=N"))
    if not all_finite(array):
        where = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
        raise _not_finite(name, f"{array[tuple(where)]} at entry {where}")
    if not array.shape:
        return _number(name, float(array), exact, limits)
    if exact:
        from fractions import Fraction

        array = np.frompyfunc(lambda entry: Fraction(repr(float(entry))), 1, 1)(array)
    array.setflags(write=False)
    return array


def _not_finite(name: str, shown: str) -> BackpropError:
    return BackpropError(Diagnostic("not-finite", f"{name} must be finite, not {shown}", hint=f"give numbers, as in {name}=2"))


def _constant(name: str, value: Expr, exact: bool, limits: Limits) -> Value:
    """The value of an expression in which no variable stands."""
    plain = literal_array(value) if isinstance(value, Brackets) and not exact else None
    if plain is not None:
        return _array(name, plain, exact, limits)
    if isinstance(value, Number):
        return scalar_arithmetic(exact, limits).number(value.text)
    stray = [word for word in names_in(value) if word not in ("pi", "e")]
    if stray:
        message = f"the value of {name} must be a number, and {stray[0]} is a name"
        raise BackpropError(Diagnostic("not-constant", message, hint="pi and e are the only names that may stand here"))
    text = unparse(value)
    program = Program(source(text, f"the value of {name}"), (Declare("input", name, Span(0, len(text)), parse_expression(text)),))
    graph = build(program, (), limits)
    engine = Engine(graph, {}, exact, limits)
    return engine.start(make_plan(graph, graph.leaves[name], (), ()))[graph.leaves[name]]


def literal_array(expr: Expr) -> Any:
    """Nested lists of floats for an array literal of plain numbers; None where anything else stands in it."""
    for part in postorder(expr):
        if not isinstance(part, Number | Brackets) and not (isinstance(part, Apply) and part.head == NEGATE):
            return None

    def combine(part: Part, below: list[Any]) -> Any:
        if isinstance(part, Number):
            return float(part.text)
        return below if isinstance(part, Brackets) else -below[0] if isinstance(below[0], float) else [-each for each in below[0]]

    return fold(expr, combine)


def require_values(plan: Plan, given: Mapping[int, Value]) -> None:
    """Complain of every leaf that is needed and has no value, all at once."""
    graph = plan.graph
    known = (given, graph.literal, graph.preset)
    missing = [name for name, leaf in graph.leaves.items() if plan.needed[leaf] and not any(leaf in each for each in known)]
    if not missing:
        return
    first, more = missing[0], len(missing) - 12
    listed = ", ".join(missing[:12]) + (f" and {more} more" if more > 0 else "")
    hints = [f"{name}: did you mean {close}?" for name in missing[:3] if (close := nearest(name, set(graph.names) - set(missing)))]
    example = ",".join(f"{name}=1" for name in missing[:4]) + (",..." if len(missing) > 4 else "")
    label = "used here first" if len(missing) == 1 else f"{first} is used here first"
    hint = f"give {'it a value' if len(missing) == 1 else 'them values'}: --at {example}, or in the file {first} = 1"
    span = graph.first_use[graph.leaves[first]]
    raise BackpropError(
        Diagnostic("missing-value", f"no value for {listed}", graph.program.source, span, label, note="; ".join(hints), hint=hint)
    )
