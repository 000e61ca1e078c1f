"""The flat tape over many points at once: every value a column with a number for each point.

The loops are those of a single point, and so are the formulas: a column holds what point after point gives, up to the last
digit of functions such as `exp`. Functions with results that are exact at many places, such as powers, are those of a
single point too, so that a point on a corner is on it here as there.

Imported only where there are many points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import numpy as np

from backprop_cli.autodiff.engine import Engine
from backprop_cli.autodiff.loops import Loops
from backprop_cli.autodiff.notices import JUMPS, dependent
from backprop_cli.autodiff.plan import Plan
from backprop_cli.calculus.arithmetic import FLOAT
from backprop_cli.calculus.formula import Rules

_ERRORS = (ValueError, OverflowError, ZeroDivisionError)


def _entrywise(function: Callable[..., float]) -> Callable[..., Any]:
    """One of Python's functions, for columns and for numbers that are the same at every point."""

    def careful(*entries: float) -> float:
        try:
            return function(*entries)
        except OverflowError:
            return math.inf
        except _ERRORS:
            return math.nan

    def apply(*operands: Any) -> Any:
        count = max((len(each) for each in operands if isinstance(each, np.ndarray)), default=None)
        if count is None:
            return function(*operands)
        entries = [each.tolist() if isinstance(each, np.ndarray) else repeat(each, count) for each in operands]
        try:
            return np.fromiter(map(function, *entries), float, count)
        except _ERRORS:
            entries = [each.tolist() if isinstance(each, np.ndarray) else repeat(each, count) for each in operands]
            return np.fromiter(map(careful, *entries), float, count)

    return apply


def _where(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b) if isinstance(condition, np.ndarray) else a if condition else b


def _part(upstream: Any, local: Any) -> Any:
    """Upstream times local derivative; where nothing arrives nothing is passed on, also where there is no derivative."""
    return np.where(upstream == 0, 0.0, upstream * local)


def _numpy(name: str, theirs: str) -> Callable[[Any], Any]:
    """One of NumPy's functions for columns, Python's for a number that is the same at every point."""
    fast, single = getattr(np, theirs), FLOAT.functions[name]
    return lambda x: fast(x) if isinstance(x, np.ndarray) else single(x)


def _raised(base: Any, exponent: float) -> Any:
    return base * base if exponent == 2 else _FUNCTIONS["power"](base, exponent)


_NUMPY = {name: name for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh")}
_NUMPY |= {f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
# Adding 0 turns -0 into 0, as Python's own functions of these names do.
_EXACT: dict[str, Callable[..., Any]] = {
    **{name: _numpy(name, theirs) for name, theirs in _NUMPY.items()},
    "sqrt": lambda x: np.sqrt(x) if isinstance(x, np.ndarray) else math.sqrt(x),
    "abs": abs,
    "sign": lambda x: np.subtract(x > 0, x < 0, dtype=float) + 0.0,
    "floor": lambda x: np.floor(x) + 0.0,
    "ceil": lambda x: np.ceil(x) + 0.0,
    "round": lambda x: np.rint(x) + 0.0,
    "maximum": lambda a, b: _where(b > a, b, a),
    "minimum": lambda a, b: _where(b < a, b, a),
    "where": _where,
}
_FUNCTIONS = {name: _entrywise(function) for name, function in FLOAT.functions.items()} | _EXACT
COLUMNS = replace(FLOAT, name="columns", functions={**_FUNCTIONS, "raised": _raised, "part": _part}, lazy=False, infix={"**": "raised"})
_RULES = Rules(COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What a sweep found; `good` marks the points at which everything that matters is finite, and only there the rest holds.

    `values` and `kinked` have shape (points,), `adjoints` for each node asked for (points, ...).
    """

    good: Any
    values: Any = None
    adjoints: Mapping[int, Any] = field(default_factory=dict)
    kinked: Any = None


class ColumnLoops(Loops):
    """The loops over columns, as fast as they can be: what is undefined at a point spreads, and the point is looked at again."""

    arithmetic = COLUMNS
    unless = ()


class CarefulLoops(ColumnLoops):
    """Where nothing arrives nothing is passed on: a branch that is not taken does no harm."""

    @classmethod
    def product(cls, local: str) -> str:
        return f"part(g, {local})"


def sweep_columns(engine: Engine, plan: Plan, values: list[Any], count: int, careful: bool) -> Points:
    """Run a plan without arrays at `count` points; `values` hold a column for each leaf that varies.

    `careful` finds the points at which what is undefined does no harm: in a branch that is not taken, or where nothing arrives.
    """
    with np.errstate(all="ignore"):
        if careful:
            values = [np.broadcast_to(np.asarray(value, dtype=float), count) for value in values]
        loops = CarefulLoops(plan) if careful else ColumnLoops(plan)
        if loops.forward(values) >= 0:
            return Points(np.zeros(count, dtype=bool))
        good = ~_undefined(plan, values, count) if careful else _finite((values[node] for node in plan.order), count)
        adjoints, failed = loops.backward(values)
        if failed >= 0:
            return Points(np.zeros(count, dtype=bool))
        good &= _finite(adjoints, count)
        found = {node: _spread(adjoints[node], count) for node in plan.wrt}
        kinked, doubtful = _kinked(engine, plan, values, adjoints, count)
        return Points(good & ~doubtful, _spread(values[plan.output], count), found, kinked)


def _spread(value: Any, count: int) -> Any:
    return np.broadcast_to(np.asarray(value, dtype=float), count)


def _finite(columns: Iterable[Any], count: int) -> Any:
    """The points at which all numbers are finite: their sum is. Where it overflows the point is looked at again."""
    total = np.zeros(count)
    for column in columns:
        total += column
    return np.isfinite(total)


def _undefined(plan: Plan, values: list[Any], count: int) -> Any:
    """The points at which the output needs a node without a value: of a `where` only the branch that it takes."""
    graph, wrong = plan.graph, np.zeros(count, dtype=bool)
    needed: dict[int, Any] = {plan.output: np.ones(count, dtype=bool)}
    for node in reversed(plan.order):
        here = needed.pop(node, None)
        if here is None:
            continue
        wrong |= here & ~np.isfinite(values[node])
        operands = graph.operands(node)
        levels = [here] * len(operands)
        if graph.rows[graph.op[node]].head == "where":
            taken = values[operands[0]]
            levels = [here, here & np.isfinite(taken) & (taken != 0), here & (taken == 0)]
        for operand, level in zip(operands, levels, strict=True):
            needed[operand] = needed[operand] | level if operand in needed else level
    return wrong


def _kinked(engine: Engine, plan: Plan, values: list[Any], adjoints: list[Any], count: int) -> tuple[Any, Any]:
    """The points at which a convention stands in for a derivative that does not exist; and those that have to be looked at alone.

    These are where a step has its jump and 0 arrives at it: whether the jump shows is told by what lies between.
    """
    graph, found, doubtful = engine.graph, np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    bent = {number: row.kink.at for number, row in enumerate(graph.rows) if row.kink is not None}
    if not bent:
        return found, doubtful
    depends = dependent(plan)
    for node in plan.order:
        at = bent.get(graph.op[node])
        if at is not None and depends[node]:
            row, inputs = graph.rows[graph.op[node]], [values[operand] for operand in graph.operands(node)]
            hit = np.asarray(_RULES.condition(row, at)(*inputs, values[node]), dtype=bool)
            flows = np.not_equal(adjoints[node], 0) if plan.moved[node] else True
            found |= hit & flows
            if row.head in JUMPS:
                doubtful |= hit & ~np.asarray(flows)
    return found, doubtful
