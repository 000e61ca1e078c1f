"""Arrays of machine numbers with directional derivatives: definitions by NumPy, slopes of each formula by SymPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.derived import Derived, corner_gaps
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import Piece, Planner
from backprop_cli.oracles.stream import Bad, Stream
from backprop_cli.oracles.textbook import FIXED, formula
from backprop_cli.oracles.walk import Shape


class ArrayStream(Stream):
    """Straight-line code of SymPy objects, for NumPy's arrays of one kind."""

    def __init__(self, outputs: Sequence[Any], symbols: Sequence[Any], kind: Any) -> None:
        self.kind = kind
        super().__init__(outputs, symbols)

    def operations(self) -> dict[str, Callable[..., Any]]:
        return _operations(self.kind)

    def whole_power(self, exponent: int) -> Callable[[Any], Any]:
        return lambda base: np.power(base, self.kind(exponent))

    def arrays(self, arguments: Sequence[Any]) -> list[Any]:
        """The outputs; entries without a real value are nan or infinite."""
        values: list[Any] = [*arguments, *(_number(make(), self.kind) for make in self.makers)]
        for operation, places in self.code:
            values.append(operation(*[values[i] for i in places]))
        return [values[i] for i in self.outputs]


def _number(value: Any, kind: Any) -> Any:
    from mpmath import nstr

    return kind("nan") if isinstance(value, Bad) else kind(nstr(value, 25))


def _entrywise(function: Callable[[float], float], a: Any, kind: Any) -> Any:
    return np.array([function(float(each)) for each in np.ravel(a)], dtype=kind).reshape(np.shape(a))


def _erf(a: Any, kind: Any) -> Any:
    """The error function with all the digits of a kind: its series of positive terms near 0, 1 - erfc far out."""
    if kind is np.float64:
        return _entrywise(math.erf, a, kind)
    a = np.asarray(a, dtype=kind)
    near = np.clip(a, -2, 2)
    term = total = near
    for i in range(1, 45):
        term = term * (2 * near * near) / kind(2 * i + 1)
        total = total + term
    root = np.sqrt(np.arctan2(kind(0), kind(-1)))
    return np.where(np.abs(a) <= 2, 2 / root * np.exp(-near * near) * total, np.sign(a) * (1 - _entrywise(math.erfc, np.abs(a), kind)))


def _erfc(a: Any, kind: Any) -> Any:
    return np.where(np.asarray(a) < 1, 1 - _erf(a, kind), _entrywise(math.erfc, a, kind))


@cache
def _operations(kind: Any) -> dict[str, Callable[..., Any]]:
    def truth(test: Callable[..., Any]) -> Callable[..., Any]:
        return lambda a, b: test(a, b).astype(kind)

    found: dict[str, Callable[..., Any]] = {
        "+": np.add, "*": np.multiply, "1/": lambda a: 1 / a, "^": np.power, "sqrt": np.sqrt, "log": np.log, "exp": np.exp,
        "where": lambda c, a, b: np.where(c != 0, a, b), "abs": np.abs, "Abs": np.abs, "sign": np.sign, "maximum": np.maximum,
        "minimum": np.minimum, "Max": np.maximum, "Min": np.minimum, "floor": np.floor, "ceil": np.ceil, "round": np.rint, "cbrt": np.cbrt,
        "<": truth(np.less), "<=": truth(np.less_equal), ">": truth(np.greater), ">=": truth(np.greater_equal), "==": truth(np.equal),
        "!=": truth(np.not_equal), "sec": lambda a: 1 / np.cos(a), "csc": lambda a: 1 / np.sin(a), "cot": lambda a: 1 / np.tan(a),
        "erf": lambda a: _erf(a, kind), "erfc": lambda a: _erfc(a, kind), "atan2": np.arctan2,
    }  # fmt: skip
    for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
        found[name] = getattr(np, name)
        found["a" + name] = getattr(np, "arc" + name)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Dual:
    """An array and its derivatives along each direction; None where it does not move."""

    value: Any
    tangents: tuple[Any, ...]

    @property
    def moves(self) -> bool:
        return any(each is not None for each in self.tangents)


class Duals:
    """The engine whose arrays are Duals of one kind of number.

    `steps` gives for each direction how far the entries of each name move, as arrays. With `absolute`, what comes out is
    the sum of the absolute contributions. `cornered` tells that some definition has a corner at the point.
    """

    def __init__(self, planner: Planner, pieces: Pieces, steps: Sequence[dict[str, Any]], absolute: bool = False) -> None:
        self.planner, self.pieces, self.steps, self.absolute = planner, pieces, steps, absolute
        self.kind = pieces.kind
        self.still = (None,) * len(steps)
        self.statement = ""
        self.cornered = False

    def literal(self, numbers: Sequence[Fraction | str | float], shape: Shape) -> Any:
        made = numbers if isinstance(numbers, np.ndarray) else [self._exact(each) for each in numbers]
        return Dual(np.array(made, dtype=self.kind).reshape(shape), self.still)

    def _exact(self, number: Fraction | str | float) -> Any:
        if isinstance(number, str):
            from mpmath import mp

            return _number(+mp.pi if number == FIXED["pi"] else +mp.e, self.kind)
        if isinstance(number, Fraction) and abs(number.denominator) >= 2**63:
            return self.kind(float(number))
        return self.kind(str(number.numerator)) / self.kind(str(number.denominator)) if isinstance(number, Fraction) else self.kind(number)

    def shape(self, a: Dual) -> Shape:
        return tuple(a.value.shape)

    def map(self, piece: Piece, operands: Sequence[Dual], shown: Expr | None) -> Dual:
        values = [each.value for each in operands]
        with np.errstate(all="ignore"):
            (value,) = self.pieces.value(piece).arrays(values)
            value = np.asarray(value, dtype=self.kind)
            shape = np.broadcast_shapes(*(each.shape for each in values))
            value = np.broadcast_to(value, shape)
            active = tuple(i for i, each in enumerate(operands) if each.moves)
            if not active:
                return Dual(value, self.still)
            slopes = self.pieces.slopes(piece, active).arrays(values)
            if any(np.any(np.asarray(gap) == 0) for gap in slopes[len(active) :]):
                self.cornered = True
            found = [self._along(direction, operands, active, slopes, shape) for direction in range(len(self.steps))]
        return Dual(value, tuple(found))

    def _along(self, direction: int, operands: Sequence[Dual], active: Shape, slopes: list[Any], shape: Shape) -> Any:
        total = None
        for slope, i in zip(slopes, active, strict=False):
            tangent = operands[i].tangents[direction]
            if tangent is None:
                continue
            part = (np.abs(slope) if self.absolute else slope) * tangent
            if not np.isfinite(part).all():
                # A slope of 0 contributes nothing, and nothing is what an operand that stands still contributes.
                quiet, still = np.asarray(slope) == 0, tangent == 0
                self.cornered |= bool(np.any(still & ~quiet & ~np.isfinite(slope)))
                part = np.where(quiet | still, self.kind(0), part)
            total = part if total is None else total + part
        return None if total is None else np.broadcast_to(total, shape)

    def _linear(self, function: Callable[..., Any], a: Dual) -> Dual:
        return Dual(np.asarray(function(a.value)), tuple(None if each is None else np.asarray(function(each)) for each in a.tangents))

    def move(self, function: Callable[..., Any], *operands: Dual) -> Dual:
        if len(operands) == 1:
            return self._linear(function, operands[0])
        made: list[Any] = []
        for parts in zip(*(each.tangents for each in operands), strict=True):
            still = all(part is None for part in parts)
            filled = [np.zeros_like(each.value) if part is None else part for part, each in zip(parts, operands, strict=True)]
            made.append(None if still else function(*filled))
        return Dual(np.asarray(function(*(each.value for each in operands))), tuple(made))

    def total(self, a: Dual, axes: Shape, shown: Expr | None) -> Dual:
        return self._linear(lambda each: np.sum(each, axis=axes), a)

    def product(self, a: Dual, b: Dual, shown: Expr | None) -> Dual:
        left, right = (np.abs(a.value), np.abs(b.value)) if self.absolute else (a.value, b.value)
        made: list[Any] = []
        with np.errstate(all="ignore"):
            for first, second in zip(a.tangents, b.tangents, strict=True):
                parts = [first @ right] if first is not None else []
                parts += [left @ second] if second is not None else []
                made.append(sum(parts[1:], parts[0]) if parts else None)
            return Dual(np.asarray(a.value @ b.value), tuple(None if each is None else np.asarray(each) for each in made))

    def extreme(self, head: str, a: Dual, axes: Shape, shown: Expr | None) -> Dual:
        at = (np.argmax if head == "maximum" else np.argmin)(a.value, axis=-1)[..., None]
        found = self._linear(lambda each: np.take_along_axis(each, at, -1)[..., 0], a)
        if np.any(np.sum(a.value == found.value[..., None], axis=-1) > 1) and a.moves:
            self.cornered = True
        return found

    def level(self, a: Dual, axes: Shape) -> Dual | None:
        return Dual(np.max(a.value, axis=axes, keepdims=True), self.still)

    def determinant(self, a: Dual, shown: Expr | None) -> Dual:
        return self._eliminated(a, shown)[0]

    def inverse(self, a: Dual, shown: Expr | None) -> Dual:
        return self._eliminated(a, shown)[1]

    def _eliminated(self, a: Dual, shown: Expr | None) -> tuple[Dual, Dual]:
        """Determinant and inverse by elimination with the largest pivots."""
        size = len(a.value)
        rows = self.move(lambda x: np.concatenate([x, np.zeros_like(x)], axis=1), a)
        rows.value[:, size:] = np.eye(size)
        found: Dual = Dual(np.ones((), self.kind), self.still)
        for column in range(size):
            order = list(range(size))
            pivot = column + int(np.argmax(np.abs(rows.value[column:, column])))
            if rows.value[pivot, column] == 0:
                raise NoOpinion(f"{self.statement} has a singular matrix too large to be written out")
            order[column], order[pivot] = pivot, column
            rows = self._linear(lambda x, order=order: x[order], rows)
            corner = self._linear(lambda x, c=column: x[c, c], rows)
            found = self._formula("a*b" if pivot == column else "-a*b", shown, found, corner)
            row = self._formula("a/b", shown, self._linear(lambda x, c=column: x[c : c + 1], rows), corner)
            rest = self._formula("a - b*c", shown, rows, self._linear(lambda x, c=column: x[:, c : c + 1], rows), row)
            rows = self.move(_with_row(column), rest, row)
        return found, self._linear(lambda x: x[:, size:], rows)

    def _formula(self, text: str, shown: Expr | None, *operands: Dual) -> Dual:
        return self.map(self.planner.piece(formula(text), ["a", "b", "c"][: len(operands)]), operands, shown)

    def named(self, name: str, value: Dual) -> Dual:
        made: list[Any] = []
        for steps, tangent in zip(self.steps, value.tangents, strict=True):
            step = steps.get(name)
            if step is not None:
                step = np.abs(step) if self.absolute else step
            made.append(tangent if step is None else step if tangent is None else tangent + step)
        return Dual(value.value, tuple(made))


def _with_row(at: int) -> Callable[..., Any]:
    def move(rows: Any, row: Any) -> Any:
        made = np.array(rows)
        made[at] = row[0]
        return made

    return move


class Pieces:
    """The code of pieces for one kind of number, made once each."""

    def __init__(self, derive: Callable[[Piece], Derived], kind: Any) -> None:
        self.derive, self.kind = derive, kind
        self._values: dict[Piece, ArrayStream] = {}
        self._slopes: dict[tuple[Piece, Shape], ArrayStream] = {}

    def value(self, piece: Piece) -> ArrayStream:
        if piece not in self._values:
            derived = self.derive(piece)
            self._values[piece] = ArrayStream([derived.expr], derived.symbols, self.kind)
        return self._values[piece]

    def slopes(self, piece: Piece, active: Shape) -> ArrayStream:
        """The derivatives by some operands, then the corners' distances."""
        if (piece, active) not in self._slopes:
            derived = self.derive(piece)
            moved = {derived.symbols[i] for i in active}
            outputs = [*map(derived.slope, active), *corner_gaps(derived.expr, moved)]
            self._slopes[piece, active] = ArrayStream(outputs, derived.symbols, self.kind)
        return self._slopes[piece, active]
