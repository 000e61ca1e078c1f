"""How much work a program with arrays asks of each method, from shapes alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.lang.syntax import Apply, Expr, postorder
from backprop_cli.limits import Limits
from backprop_cli.oracles.lowering import PRODUCTS, TERMS
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import Piece
from backprop_cli.oracles.walk import Shape

# Determinants are expanded up to this size, inverses written out up to that one.
_DETERMINANT, _INVERSE = 9, 5
# Functions that NumPy does not bring.
_SLOW = ("erf", "erfc")


class Predicted:
    """The engine whose arrays are shapes, as arrays that take no room.

    `steps` are the scalar steps that lowering would make (infinite where it is out of the question), `entries` those of
    all values, `slow` those by functions that NumPy does not bring, `products` the multiplications of all matrix products.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.statement = ""
        self.steps: float = 0
        self.entries = self.slow = 0
        self.products = 0
        self.shapes: dict[str, Shape] = {}

    def _made(self, shape: Shape, steps: float) -> Any:
        count = math.prod(shape)
        if count > self.limits.entries:
            size = f"{count:,} entries; the limit is {self.limits.entries:,} (--limit entries=N)"
            raise NoOpinion(f"{self.statement} holds an array of {size}")
        self.entries += count
        self.steps += steps
        return np.broadcast_to(np.int8(0), shape)

    def literal(self, numbers: Sequence[Fraction | str | float], shape: Shape) -> Any:
        return self._made(shape, len(numbers) / 4)

    def shape(self, a: Any) -> Shape:
        return tuple(a.shape)

    def map(self, piece: Piece, operands: Sequence[Any], shown: Expr | None) -> Any:
        shape = np.broadcast_shapes(*(each.shape for each in operands))
        slow = any(isinstance(part, Apply) and part.head in _SLOW for part in postorder(piece.tree))
        self.slow += math.prod(shape) * slow
        return self._made(shape, math.prod(shape))

    def move(self, function: Callable[..., Any], *operands: Any) -> Any:
        made = np.asarray(function(*operands))
        return self._made(made.shape, made.size / 16)

    def total(self, a: Any, axes: Shape, shown: Expr | None) -> Any:
        shape = tuple(size for axis, size in enumerate(a.shape) if axis not in axes)
        return self._made(shape, a.size / (TERMS - 1) + math.prod(shape))

    def product(self, a: Any, b: Any, shown: Expr | None) -> Any:
        left, right = a if a.ndim > 1 else a[None, :], b if b.ndim > 1 else b[:, None]
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        whole = (*batch, left.shape[-2], right.shape[-1])
        products = math.prod(whole) * left.shape[-1]
        self.products += products
        shape = (*batch, *(whole[-2:-1] if a.ndim > 1 else ()), *(whole[-1:] if b.ndim > 1 else ()))
        return self._made(shape, products / PRODUCTS * (1 + 1 / TERMS) + math.prod(shape))

    def extreme(self, head: str, a: Any, axes: Shape, shown: Expr | None) -> Any:
        return self._made(a.shape[:-1], a.size)

    def level(self, a: Any, axes: Shape) -> Any | None:
        return None

    def determinant(self, a: Any, shown: Expr | None) -> Any:
        size = len(a)
        self.products += size**3
        return self._made((), size * 2.0**size if size <= _DETERMINANT else math.inf)

    def inverse(self, a: Any, shown: Expr | None) -> Any:
        size = len(a)
        self.products += 2 * size**3
        return self._made(a.shape, size**3 * 2.0**size if size <= _INVERSE else math.inf)

    def named(self, name: str, value: Any) -> Any:
        self.shapes[name] = value.shape
        return value
