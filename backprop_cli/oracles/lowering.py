"""Arrays entry by entry: a program with arrays laid out as the tape of scalar steps that it stands for."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.opinion import MOST_ENTRIES, require_room
from backprop_cli.oracles.pieces import Piece, Planner
from backprop_cli.oracles.tape import Laid, Tape
from backprop_cli.oracles.textbook import formula
from backprop_cli.oracles.walk import Shape

# Terms of a sum, and products of a sum of products, that make one piece.
TERMS, PRODUCTS = 8, 4


class Lowered:
    """The engine whose arrays hold the numbers of slots. `wanted` names get slots of their own, called `W[0, 1]`."""

    def __init__(self, planner: Planner, wanted: Collection[str]) -> None:
        self.planner, self.wanted = planner, wanted
        self.statement = ""
        self.tape = Tape()
        self.shapes: dict[str, Shape] = {}
        self.numbers: dict[Fraction | str, int] = {}
        self.identity = planner.identity()

    def _constant(self, number: Fraction | str) -> int:
        slot = self.numbers.get(number)
        if slot is None:
            slot = self.numbers[number] = len(self.tape.moved)
            self.tape.moved.append(False)
            self.tape.constants.append((slot, number))
        return slot

    def _step(self, piece: Piece, operands: Sequence[int], shown: Expr | None) -> int:
        moved = self.tape.moved
        own = len(moved)
        moved.append(any(map(moved.__getitem__, operands)))
        self.tape.steps.append(Laid(piece, tuple(operands), own, self.statement, shown))
        return own

    def literal(self, numbers: Sequence[Fraction | str | float], shape: Shape) -> Any:
        slots = [self._constant(each if isinstance(each, str) else Fraction(each)) for each in numbers]
        return np.array(slots, dtype=np.int64).reshape(shape)

    def shape(self, a: Any) -> Shape:
        return tuple(a.shape)

    def room(self, shape: Shape, piece: Piece | None = None, work: int = 1) -> None:
        """Told before the work what an array will hold and what each of its entries takes: a piece, or so many steps."""
        require_room((*shape, work), MOST_ENTRIES)

    def map(self, piece: Piece, operands: Sequence[Any], shown: Expr | None) -> Any:
        self.room(np.broadcast_shapes(*(each.shape for each in operands)), piece)
        spread = np.broadcast_arrays(*operands)
        columns = [each.ravel().tolist() for each in spread]
        return self._filled((self._step(piece, row, shown) for row in zip(*columns, strict=True)), spread[0].shape)

    def move(self, function: Callable[..., Any], *operands: Any) -> Any:
        return np.asarray(function(*operands))

    def total(self, a: Any, axes: Shape, shown: Expr | None) -> Any:
        rest = tuple(axis for axis in range(a.ndim) if axis not in axes)
        shape = tuple(a.shape[axis] for axis in rest)
        rows = a.transpose(*rest, *axes).reshape(*shape, math.prod(a.shape[axis] for axis in axes))
        return self._filled((self._sum(rows[at].tolist(), shown) for at in np.ndindex(shape)), shape)

    def product(self, a: Any, b: Any, shown: Expr | None) -> Any:
        left, right = a if a.ndim > 1 else a[None, :], b if b.ndim > 1 else b[:, None]
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        left = np.broadcast_to(left, (*batch, *left.shape[-2:]))
        right = np.broadcast_to(right, (*batch, *right.shape[-2:]))
        shape = (*batch, left.shape[-2], right.shape[-1])
        self.room(shape, work=2 * left.shape[-1])
        entries = (
            self.combination(left[(*at[:-1], slice(None))].tolist(), right[(*at[:-2], slice(None), at[-1])].tolist(), shown)
            for at in np.ndindex(shape)
        )
        made = self._filled(entries, shape)
        made = made[..., 0, :] if a.ndim == 1 else made
        return np.asarray(made[..., 0]) if b.ndim == 1 else made

    def extreme(self, head: str, a: Any, axes: Shape, shown: Expr | None) -> Any:
        piece = self.planner.piece(formula(f"{head}(a, b)"), ["a", "b"])

        def entry(row: list[int]) -> int:
            best = row[0]
            for each in row[1:]:
                best = self._step(piece, (best, each), shown)
            return best

        return self._filled((entry(a[at].tolist()) for at in np.ndindex(a.shape[:-1])), a.shape[:-1])

    def level(self, a: Any, axes: Shape) -> Any | None:
        return None

    def determinant(self, a: Any, shown: Expr | None) -> Any:
        rows = a.tolist()
        return np.array(self._minor(rows, range(len(rows)), range(len(rows)), shown))

    def inverse(self, a: Any, shown: Expr | None) -> Any:
        """The cofactors divided by the determinant, rows and columns exchanged."""
        rows, size = a.tolist(), range(len(a))
        whole = self._minor(rows, size, size, shown)
        signed = [self.planner.piece(formula(text), ["a", "b"]) for text in ("a/b", "-a/b")]

        def entry(i: int, j: int) -> int:
            cofactor = self._minor(rows, [row for row in size if row != j], [column for column in size if column != i], shown)
            return self._step(signed[(i + j) % 2], (cofactor, whole), shown)

        return np.array([[entry(i, j) for j in size] for i in size], dtype=np.int64)

    def named(self, name: str, value: Any) -> Any:
        if name not in self.wanted:
            return value
        self.shapes[name] = value.shape
        own = self.map(self.identity, [value], None)
        for label, slot in zip(labels(name, value.shape), own.ravel().tolist(), strict=True):
            self.tape.slots[label] = slot
            self.tape.moved[slot] = True
        return own

    def combination(self, left: Sequence[int], right: Sequence[int], shown: Expr | None) -> int:
        """A sum of products."""
        cuts = range(0, len(left), PRODUCTS)
        groups = [[*left[at : at + PRODUCTS], *right[at : at + PRODUCTS]] for at in cuts]
        return self._sum([self._step(_products(self.planner, len(group) // 2), group, shown) for group in groups], shown)

    def _sum(self, slots: list[int], shown: Expr | None) -> int:
        if not slots:
            return self._constant(Fraction(0))
        while len(slots) > 1:
            groups = [slots[at : at + TERMS] for at in range(0, len(slots), TERMS)]
            slots = [group[0] if len(group) == 1 else self._step(_sums(self.planner, len(group)), group, shown) for group in groups]
        return slots[0]

    def _minor(self, rows: list[list[int]], chosen: Sequence[int], columns: Sequence[int], shown: Expr | None) -> int:
        """The determinant of the chosen rows and columns, by expanding along the first row; smaller ones are made once."""
        if not chosen:
            return self._constant(Fraction(1))
        minus = self.planner.piece(formula("-a"), ["a"])
        known: dict[tuple[int, ...], int] = {(column,): rows[chosen[-1]][column] for column in columns}
        for size in range(2, len(chosen) + 1):
            row = rows[chosen[-size]]
            made: dict[tuple[int, ...], int] = {}
            for group in _choices(tuple(columns), size):
                below = [known[group[:at] + group[at + 1 :]] for at in range(size)]
                signed = [self._step(minus, [each], shown) if at % 2 else each for at, each in enumerate(below)]
                made[group] = self.combination([row[column] for column in group], signed, shown)
            known = made
        return known[tuple(columns)]

    def _filled(self, slots: Iterable[int], shape: Shape) -> Any:
        return np.fromiter(slots, np.int64).reshape(shape)


def labels(name: str, shape: Shape) -> list[str]:
    """What the entries of a name are called: `W[0, 1]`; a scalar is called by its name."""
    return [label(name, at) for at in np.ndindex(shape)]


def label(name: str, at: Sequence[int]) -> str:
    """What one entry of a name is called."""
    return f"{name}[{', '.join(map(str, at))}]" if at else name


def _choices(columns: tuple[int, ...], size: int) -> Iterable[tuple[int, ...]]:
    from itertools import combinations

    return combinations(columns, size)


@cache
def _texts(count: int) -> tuple[list[str], list[str], Expr, Expr]:
    left, right = [f"a{i}" for i in range(count)], [f"b{i}" for i in range(count)]
    return left, right, formula(" + ".join(left)), formula(" + ".join(f"{a}*{b}" for a, b in zip(left, right, strict=True)))


def _sums(planner: Planner, count: int) -> Piece:
    left, _, total, _ = _texts(count)
    return planner.piece(total, left)


def _products(planner: Planner, count: int) -> Piece:
    left, right, _, total = _texts(count)
    return planner.piece(total, [*left, *right])
