"""Functions that run over an axis: sums, extremes, softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_cli.calculus.arrays.axes import (
    Functions,
    Misshapen,
    Shape,
    Static,
    axes_of,
    count_of,
    reduced,
    spread,
    total,
)

_SAFE = 1_000  # powers of two: float64 reaches from 2^-1022 to 2^1023
_BEYOND = 2_200  # a power of two that is 0 or infinite, whatever the mantissa
_BLOCK = 500  # mantissas, each above 1/2, whose product is a normal number


def sum_of(f: Functions, s: Static, x: Any) -> Any:
    return total(x, s)


def sum_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return spread(g, s, np.shape(x))


def mean_of(f: Functions, s: Static, x: Any) -> Any:
    return total(x, s) / count_of(s, np.shape(x))


def mean_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return spread(g / count_of(s, np.shape(x)), s, np.shape(x))


def prod_of(f: Functions, s: Static, x: Any) -> Any:
    if _multiplies_safely(x):
        return np.prod(x, axis=axes_of(s, np.shape(x)), keepdims=bool(s.get("keepdims")))
    rows, _ = _in_rows(s, x)
    mantissas, exponents = _running(rows)
    return np.reshape(_unscaled(mantissas[..., -1], exponents[..., -1]), reduced(s, np.shape(x)))[()]


def prod_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    """The product of all other entries, from products of those before and after: nothing is divided, so zeros do no harm."""
    rows, put_back = _in_rows(s, x)
    if _multiplies_safely(x):
        ones = np.ones_like(rows[..., :1]) if rows.dtype != object else rows[..., :1] * 0 + 1
        before = np.cumprod(np.concatenate([ones, rows[..., :-1]], axis=-1), axis=-1)
        after = np.cumprod(np.concatenate([ones, rows[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
        others = before * after
    else:
        before, exponents = _running(rows[..., :-1])
        after, others_too = _running(rows[..., :0:-1])
        others = _unscaled(before * after[..., ::-1], exponents + others_too[..., ::-1])
    return spread(g, s, np.shape(x)) * put_back(others)


def _in_rows(s: Static, x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The entries that are multiplied with each other along the last axis, and the way back to the shape of x."""
    axes = axes_of(s, np.shape(x))
    order = (*(axis for axis in range(np.ndim(x)) if axis not in axes), *axes)
    shape = [np.shape(x)[axis] for axis in order]
    rows = np.transpose(x, order).reshape(*shape[: len(order) - len(axes)], -1)
    return rows, lambda found: np.transpose(np.reshape(found, shape), np.argsort(order))


def _multiplies_safely(x: Any) -> bool:
    """Whether no product of some of the entries can leave the range of float64, whatever the order."""
    if x.dtype == object or not x.size:
        return True
    _, exponents = np.frexp(x)
    return bool(np.max(np.abs(exponents)) * x.size < _SAFE)


def _running(rows: Any) -> tuple[Any, Any]:
    """The products of the first 0, 1, 2, ... entries of each row as mantissas and powers of two, which no product can leave."""
    mantissas, exponents = np.frexp(rows)
    ahead = (*rows.shape[:-1], 1)
    parts, powers = [np.ones(ahead)], [np.zeros(ahead, dtype=np.int64)]
    for start in range(0, rows.shape[-1], _BLOCK):
        block = slice(start, start + _BLOCK)
        part, shift = np.frexp(np.cumprod(mantissas[..., block], axis=-1) * parts[-1][..., -1:])
        parts.append(part)
        powers.append(np.cumsum(exponents[..., block], axis=-1, dtype=np.int64) + powers[-1][..., -1:] + shift)
    return np.concatenate(parts, axis=-1), np.concatenate(powers, axis=-1)


def _unscaled(mantissas: Any, exponents: Any) -> Any:
    return np.ldexp(mantissas, np.clip(exponents, -_BEYOND, _BEYOND))


def _deviation(s: Static, x: Any) -> Any:
    return x - total(x, s, keepdims=True) / count_of(s, np.shape(x))


def var_of(f: Functions, s: Static, x: Any) -> Any:
    away = _deviation(s, x)
    return total(away * away, s) / count_of(s, np.shape(x))


def var_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return spread(g, s, np.shape(x)) * 2 * _deviation(s, x) / count_of(s, np.shape(x))


def std_of(f: Functions, s: Static, x: Any) -> Any:
    if np.asarray(x).dtype == object:
        return f["sqrt"](var_of(f, s, x))
    # By a power of two, so that no square is too large or too small and no bit is another one.
    places = np.frexp(np.max(np.abs(x), axis=axes_of(s, np.shape(x)), keepdims=True))[1]
    small = var_of(f, s, np.ldexp(x, -places))
    return np.ldexp(f["sqrt"](small), np.reshape(places, np.shape(small)))


def std_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    """Where all entries are equal, nothing: the convention that the length of a vector of zeros has too."""
    level, shape = np.equal(y, 0).astype(int), np.shape(x)
    return spread(g * (1 - level), s, shape) * (_deviation(s, x) / spread(y + level, s, shape)) / count_of(s, shape)


def level(s: Static, y: Any, x: Any) -> bool:
    """Whether a standard deviation is 0 over more entries than one."""
    return bool(np.any(np.equal(y, 0))) and count_of(s, np.shape(x)) > 1


def max_of(f: Functions, s: Static, x: Any) -> Any:
    return np.max(x, axis=axes_of(s, np.shape(x)), keepdims=bool(s.get("keepdims")))


def min_of(f: Functions, s: Static, x: Any) -> Any:
    return np.min(x, axis=axes_of(s, np.shape(x)), keepdims=bool(s.get("keepdims")))


def _ties(s: Static, y: Any, x: Any) -> Any:
    return np.equal(x, spread(y, s, np.shape(x))).astype(int)


def extreme_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    tied = _ties(s, y, x)
    return spread(g, s, np.shape(x)) * tied / total(tied, s, keepdims=True)


def tied(s: Static, y: Any, x: Any) -> bool:
    return bool(np.any(total(_ties(s, y, x), s) > 1))


def lse_of(f: Functions, s: Static, x: Any, keepdims: bool | None = None) -> Any:
    largest = np.max(x, axis=axes_of(s, np.shape(x)), keepdims=True)
    shifted = f["log"](total(f["exp"](x - largest), s, keepdims=True)) + largest
    keep = bool(s.get("keepdims")) if keepdims is None else keepdims
    return shifted if keep else np.reshape(shifted, reduced({**s, "keepdims": False}, np.shape(x)))


def lse_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    """What arrives times the softmax, made from differences to the largest entry: `exp(x - y)` loses digits where y is large."""
    raised = f["exp"](x - np.max(x, axis=axes_of(s, np.shape(x)), keepdims=True))
    return spread(g, s, np.shape(x)) * (raised / total(raised, s, keepdims=True))


def _last(s: Static) -> Static:
    return s if s.get("axis") is not None else {**s, "axis": -1}


def softmax_of(f: Functions, s: Static, x: Any) -> Any:
    s = _last(s)
    raised = f["exp"](x - np.max(x, axis=axes_of(s, np.shape(x)), keepdims=True))
    return raised / total(raised, s, keepdims=True)


def softmax_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return y * (g - total(g * y, _last(s), keepdims=True))


def log_softmax_of(f: Functions, s: Static, x: Any) -> Any:
    s = _last(s)
    shifted = x - np.max(x, axis=axes_of(s, np.shape(x)), keepdims=True)
    return shifted - f["log"](total(f["exp"](shifted), s, keepdims=True))


def log_softmax_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return g - f["exp"](y) * total(g, _last(s), keepdims=True)


def same_last(s: Static, shape: Shape) -> Shape:
    if not shape:
        raise Misshapen("softmax needs a vector or a matrix, not a scalar")
    reduced(_last(s), shape)
    return shape
