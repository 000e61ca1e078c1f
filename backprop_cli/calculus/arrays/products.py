"""Products of vectors and matrices, determinants and inverses."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.calculus.arrays.axes import (
    Functions,
    Misshapen,
    Shape,
    Static,
    broadcast,
    told,
    unbroadcast,
)


def matmul_shape(s: Static, a: Shape, b: Shape) -> Shape:
    if not a or not b:
        raise Misshapen("@ needs arrays on both sides, and one of these is a scalar", "write  <a>*<b>")
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise Misshapen(f"{told(a)} @ {told(b)}: the last length {a[-1]} of the left side meets {inner} on the right", _matmul_hint(a, b))
    if len(a) > 2 or len(b) > 2:
        return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1]) if len(a) > 1 and len(b) > 1 else np.matmul(np.empty(a), np.empty(b)).shape
    return (*a[:-1], *b[1:])


def _matmul_hint(a: Shape, b: Shape) -> str:
    if a == b:
        return "entry by entry it is  <a> * <b>"
    if len(a) == 2 and a[0] == b[0]:
        return "a transpose is missing: <a>.T @ <b>"
    if len(b) == 2 and a[-1] == b[-1]:
        return "a transpose is missing: <a> @ <b>.T"
    if len(b) > 1 and b[-1] == a[0]:
        return "the order may be turned: <b> @ <a>"
    if len(a) == 1 and len(b) == 1:
        return "outer(<a>, <b>) makes a matrix of two vectors"
    return ""


def matmul_of(f: Functions, s: Static, a: Any, b: Any) -> Any:
    return np.matmul(a, b)


def matmul_back(f: Functions, s: Static, at: int, g: Any, y: Any, a: Any, b: Any) -> Any:
    left = a if np.ndim(a) > 1 else np.reshape(a, (1, -1))
    right = b if np.ndim(b) > 1 else np.reshape(b, (-1, 1))
    if np.ndim(a) == 1:
        g = np.expand_dims(g, -1 if np.ndim(b) == 1 else -2)
    if np.ndim(b) == 1:
        g = np.expand_dims(g, -1)
    if at == 0:
        return np.reshape(unbroadcast(g @ np.swapaxes(right, -1, -2), left.shape), np.shape(a))
    return np.reshape(unbroadcast(np.swapaxes(left, -1, -2) @ g, right.shape), np.shape(b))


def _two_vectors(name: str) -> Callable[..., None]:
    def check(a: Shape, b: Shape) -> None:
        if len(a) != 1 or len(b) != 1:
            hint = "for matrices write  <a> @ <b>" if name == "dot" else "for matrices write  <a> @ <b>.T"
            raise Misshapen(f"{name} takes two vectors, not {told(a)} and {told(b)}", hint)

    return check


def dot_shape(s: Static, a: Shape, b: Shape) -> Shape:
    _two_vectors("dot")(a, b)
    if a != b:
        raise Misshapen(f"dot needs vectors of one length, not {told(a)} and {told(b)}", "outer(<a>, <b>) makes a matrix of them")
    return ()


def outer_shape(s: Static, a: Shape, b: Shape) -> Shape:
    _two_vectors("outer")(a, b)
    return (a[0], b[0])


def norm_of(f: Functions, s: Static, x: Any) -> Any:
    if np.asarray(x).dtype == object:
        return f["sqrt"](np.sum(x * x))
    largest = float(np.max(np.abs(x), initial=0.0))
    return largest * math.sqrt(float(np.sum((x / largest) ** 2))) if largest else 0.0


def norm_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return x * 0 if y == 0 else g * (x / y)


def _square(name: str) -> Callable[[Shape], None]:
    def check(x: Shape) -> None:
        if len(x) != 2 or x[0] != x[1]:
            raise Misshapen(f"{name} needs a square matrix, not {told(x)}")

    return check


def square_to(name: str, same: bool) -> Callable[..., Shape]:
    def shape(s: Static, x: Shape) -> Shape:
        _square(name)(x)
        return x if same else ()

    return shape


def _inverse(x: Any) -> Any:
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        return None


def determinant(f: Functions, x: Any) -> Any:
    return _eliminate(f, x)[0] if np.asarray(x).dtype == object else float(np.linalg.det(x))


def _eliminate(f: Functions, x: Any) -> tuple[Any, Any]:
    """Determinant and inverse of a matrix of exact numbers. Raises NotExact where they grow too long, or a pivot may be 0 or not."""
    if any(each is None for each in x.ravel()):
        raise TypeError("there is no number")
    size, nothing, one = len(x), Fraction(0), Fraction(1)
    rows = np.concatenate([x, np.array([[one if i == j else nothing for j in range(size)] for i in range(size)], dtype=object)], axis=1)
    product = one
    for column in range(size):
        pivot = next((row for row in range(column, size) if f["unequal"](rows[row, column], nothing)), None)
        if pivot is None:
            return nothing, None
        if pivot != column:
            rows[[column, pivot]] = rows[[pivot, column]]
            product = -product
        product = f["multiply"](product, rows[column, column])
        rows[column] = f["divide"](rows[column], rows[column, column])
        for row in range(size):
            if row != column:
                rows[row] = f["subtract"](rows[row], f["multiply"](rows[column], rows[row, column]))
    return product, rows[:, size:]


def _large_cofactors(x: Any) -> Any:
    """Cofactors of a large matrix in units of its own: rows and columns are scaled by powers of two, which changes no digits.

    Where it has an inverse, by that; else those of U S V are det(U) det(V) U S' V, each entry of S' the product of the other
    singular values. Minors would take the fifth power of the size.
    """
    rows = np.frexp(np.max(np.abs(x), axis=1))[1]
    scaled = np.ldexp(x, -rows[:, None])
    columns = np.frexp(np.max(np.abs(scaled), axis=0))[1]
    scaled = np.ldexp(scaled, -columns)
    inverse = _inverse(scaled)
    if inverse is not None and np.linalg.norm(scaled) * np.linalg.norm(inverse) < _WELL_CONDITIONED:
        found = float(np.linalg.det(scaled)) * inverse.T
    else:
        left, values, right = np.linalg.svd(scaled)
        before, after = np.cumprod([1.0, *values[:-1]]), np.cumprod([1.0, *values[:0:-1]])[::-1]
        found = round(float(np.linalg.det(left) * np.linalg.det(right))) * (left * (before * after)) @ right
    return np.ldexp(found, int(rows.sum()) + int(columns.sum()) - rows[:, None] - columns)


def inv_of(f: Functions, s: Static, x: Any) -> Any:
    found = _eliminate(f, x)[1] if np.asarray(x).dtype == object else _inverse(x)
    if found is None:
        raise Misshapen("the matrix has no inverse: its determinant is 0", "change an entry, or solve with another matrix", "domain")
    return found


_FEW_MINORS, _WELL_CONDITIONED = 8, 1e11
_MOST_OF_MINORS = 2_000_000  # multiplications of exact numbers


def cofactors(f: Functions, x: Any) -> Any:
    """The derivative of a determinant; where the matrix has an inverse it is det(x) times the inverse, transposed."""
    size, exact = len(x), np.asarray(x).dtype == object
    if not exact and size > _FEW_MINORS:
        return _large_cofactors(x)
    if not exact:
        with np.errstate(over="ignore"):
            plain = abs(determinant(f, x)) > 1e-8 * np.max(np.abs(x), initial=1.0) ** size
        if plain:
            return determinant(f, x) * np.linalg.inv(x).T
    if size == 1:
        return x * 0 + 1
    if exact:
        whole, inverse = _eliminate(f, x)
        if inverse is not None:
            return f["multiply"](whole, inverse.T)
        if size**5 > _MOST_OF_MINORS:
            raise NotExact(f"the minors of a matrix of {size} rows that has no inverse take too many steps in exact numbers")
    minors = [[determinant(f, np.delete(np.delete(x, i, 0), j, 1)) * (-1) ** (i + j) for j in range(size)] for i in range(size)]
    return np.array(minors, dtype=np.asarray(x).dtype)
