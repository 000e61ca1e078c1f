"""Terms as numbers at several points at once: the fingerprints by which wrong answers are recognised."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import numpy as np

from backprop_cli.equality.slopes import formula_of
from backprop_cli.equality.terms import CONSTANT, LEAF, NUMBER, Terms
from backprop_cli.lang.syntax import Apply, Expr, Name, Number, Part, fold, postorder
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.textbook import FIXED, in_basics

Row = Any  # float64, one number for each point
_FIXED = {fixed: math.pi if which == "pi" else math.e for which, fixed in FIXED.items()}
_ERROR = np.frompyfunc(math.erf, 1, 1)
_REST = np.frompyfunc(math.erfc, 1, 1)


_FUNCTIONS: dict[str, Callable[..., Row]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "u-": np.negative,
    "where": lambda c, a, b: np.where(c != 0, a, b),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "round": np.round,
    "erf": lambda x: np.asarray(_ERROR(x), dtype=float),
    "erfc": lambda x: np.asarray(_REST(x), dtype=float),
    "atan2": np.arctan2,
    "abs": np.abs,
    **{head: getattr(np, head) for head in ("sign", "floor", "ceil", "cbrt", "sqrt", "exp", "log", "sin", "cos", "tan")},
    **{head: getattr(np, head) for head in ("sinh", "cosh", "tanh")},
    **{head: getattr(np, "arc" + head[1:]) for head in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
}
for _head, _compare in {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}.items():
    _FUNCTIONS[_head] = lambda a, b, compare=_compare: np.asarray(compare(a, b), dtype=float)
_FUNCTIONS["=="] = lambda a, b: np.asarray(np.equal(a, b), dtype=float)
_FUNCTIONS["!="] = lambda a, b: np.asarray(np.not_equal(a, b), dtype=float)


@cache
def _call(head: str, count: int) -> tuple[tuple[str, ...], Expr]:
    """A head of the table applied to operands of fixed names."""
    names = tuple(f"a{i}" for i in range(count))
    return names, Apply(head, tuple(Name(each) for each in names))


@cache
def _steps(tree: Expr) -> tuple[tuple[str, float, int], ...]:
    """A formula in basic heads as steps on a stack: a name, a number, or a head and how many operands it takes.

    Only formulas of the table and of the slips come here, so that few are kept.
    """

    def combine(part: Part, below: list[Any]) -> Any:
        return in_basics(part, below) if isinstance(part, Apply) else part

    made: Expr = fold(tree, combine)
    found: list[tuple[str, float, int]] = []
    for part in postorder(made):
        match part:
            case Number():
                found.append(("", float(part.exact), -1))
            case Name(id=name):
                found.append(("", _FIXED[name], -1) if name in _FIXED else (name, 0.0, -1))
            case Apply(head=head, operands=operands) if head in _FUNCTIONS:
                found.append((head, 0.0, len(operands)))
            case _:
                raise NoOpinion("a formula for numbers holds something else")
    return tuple(found)


class Field:
    """The numbers of terms at points. `points` gives every variable its row; `instead` rows for terms that are taken to be otherwise.

    Outside a function's domain a number is nan. Nothing is raised for that.
    """

    def __init__(self, terms: Terms, points: Mapping[str, Row], count: int, instead: Mapping[int, Row] | None = None) -> None:
        self.terms, self.points, self.count = terms, points, count
        self._known: dict[int, Row] = dict(instead or {})
        self._locals: dict[tuple[int, int], Row | None] = {}

    def row(self, term: int) -> Row:
        """The numbers of one term."""
        if term not in self._known:
            self._work([term])
        return self._known[term]

    def rows(self, ids: Iterable[int]) -> Row:
        """The numbers of several terms: one line for each."""
        wanted = list(ids)
        missing = [each for each in wanted if each not in self._known]
        if missing:
            self._work(missing)
        return np.array([self._known[each] for each in wanted]).reshape(len(wanted), self.count)

    def otherwise(self, instead: Mapping[int, Row]) -> Field:
        """The same points with some terms taken to be otherwise."""
        return Field(self.terms, self.points, self.count, instead)

    def repeated(self, times: int, instead: Mapping[int, Row]) -> Field:
        """All points several times over, with some terms taken to be otherwise at each."""
        return Field(self.terms, {name: np.tile(row, times) for name, row in self.points.items()}, times * self.count, instead)

    def take(self, term: int, row: Row) -> None:
        """Takes a term to be otherwise from now on; what has been worked out above it stays."""
        self._known[term] = row

    def _work(self, wanted: Sequence[int]) -> None:
        terms, known = self.terms, self._known
        with np.errstate(all="ignore"):
            for each in terms.below(wanted, known.__contains__):
                if each in known:
                    continue
                known[each] = self._computed(each)

    def _computed(self, term: int) -> Row:
        terms = self.terms
        head = terms.heads[term]
        if head == LEAF:
            return self.points[str(terms.data[term])]
        if head == CONSTANT:
            return np.full(self.count, math.pi if terms.data[term] == "pi" else math.e)
        if head == NUMBER:
            return np.full(self.count, _as_float(terms.value(term)))
        below = [self._known[each] for each in terms.operands[term]]
        return self.applied(head, below)

    def applied(self, head: str, below: Sequence[Row]) -> Row:
        """A head of the table applied to rows."""
        if head == "named":
            return below[0]
        if head in ("maximum", "minimum"):
            found = below[0]
            for each in below[1:]:
                found = _FUNCTIONS[head](found, each)
            return found
        if head in _FUNCTIONS:
            return _FUNCTIONS[head](*below)
        names, tree = _call(head, len(below))
        return self.formula(tree, dict(zip(names, below, strict=True)))

    def formula(self, tree: Expr, rows: Mapping[str, Row]) -> Row:
        """A formula whose names stand for rows."""

        stack: list[Row] = []
        with np.errstate(all="ignore"):
            for word, number, count in _steps(tree):
                if count < 0:
                    stack.append(rows[word] if word else number)
                    continue
                operands = stack[len(stack) - count :]
                del stack[len(stack) - count :]
                stack.append(_FUNCTIONS[word](*operands))
        return np.broadcast_to(stack[0], (self.count,))

    def local(self, user: int, at: int) -> Row | None:
        """The derivative of a term by its operand with that number; None where nothing passes."""
        key = (user, at)
        if key not in self._locals:
            operands = self.terms.operands[user]
            self._locals[key] = self.local_at(user, at, [self.row(each) for each in operands], self.row(user))
        return self._locals[key]

    def local_at(self, user: int, at: int, operands: Sequence[Row], own: Row | None = None) -> Row | None:
        """The same derivative taken at other values of the operands."""
        head = self.terms.heads[user]
        if head in ("named", "+"):
            return np.ones(self.count)
        if head == "*":
            return operands[1 - at]
        names, tree = formula_of(head, len(operands), at)
        if tree is None:
            return None
        if own is None:
            with np.errstate(all="ignore"):
                own = self.applied(head, operands)
        return self.formula(tree, {**dict(zip(names, operands, strict=True)), "y": own})


def _as_float(value: Fraction | None) -> float:
    try:
        return float(value if value is not None else math.nan)
    except OverflowError:
        return math.inf


def home_field(terms: Terms, home: Mapping[str, int], needed: Iterable[str], leaves: Iterable[str]) -> Field | None:
    """The numbers at the point, of those leaves that have one; None where a needed one has none."""
    if any(each not in home for each in needed):
        return None
    constants = Field(terms, {}, 1)
    return Field(terms, {each: constants.row(home[each]) for each in leaves if each in home}, 1)


def generic_points(
    names: Sequence[str],
    home: Mapping[str, float],
    fixed: frozenset[str],
    one_hot: Sequence[Sequence[str]],
    seed: str,
    count: int,
) -> dict[str, Row]:
    """Random rows for variables: a third around the point, a third small with the point's signs, the rest positive and near 1.

    Deterministic in `seed`. A variable in `fixed` keeps its value; of each group in `one_hot` exactly one is 1.
    """
    random = Random(f"points {seed}")
    drawn = {each: np.array([random.random() for _ in range(count)]) for each in names}
    kinds = np.arange(count) % 3
    found: dict[str, Row] = {}
    for each in names:
        middle, part = home.get(each), drawn[each]
        if each in fixed and middle is not None:
            found[each] = np.full(count, middle)
            continue
        away = 0.3 + 1.9 * part
        if middle is None or not math.isfinite(middle):
            found[each] = np.where(kinds == 0, 0.05 + 0.9 * part, np.where(kinds == 1, 1.1 + 3 * part, away))
            continue
        near = middle * (1 + 0.5 * (part - 0.5)) if middle else 0.6 * (part - 0.5)
        signed = (-away if middle < 0 else away) if middle else 2 * (part - 0.5)
        found[each] = np.where(kinds == 0, near, np.where(kinds == 1, signed, away))
    for group in one_hot:
        chosen = np.array([random.randrange(len(group)) for _ in range(count)])
        for place, each in enumerate(group):
            if each in found:
                found[each] = (chosen == place).astype(float)
    return found
