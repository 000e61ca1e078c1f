"""Array literals, indices, joining and reshaping."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.calculus.arrays.axes import (
    Functions,
    Misshapen,
    Shape,
    Static,
    one_axis,
    told,
)

MOST_AXES = 32


def stack_shape(s: Static, *items: Shape) -> Shape:
    if len(set(items)) > 1:
        other = next(item for item in items if item != items[0])
        raise Misshapen(f"the rows of an array must be alike, and these are {told(items[0])} and {told(other)}", "fill the shorter row up")
    if len(items[0]) >= MOST_AXES:
        raise Misshapen(f"an array has at most {MOST_AXES} axes", "close some of the brackets")
    return (len(items), *items[0])


def stack_of(f: Functions, s: Static, *items: Any) -> Any:
    return objects_of(items) if any(map(exact_of, items)) else np.array(items)


def concat_shape(s: Static, a: Shape, b: Shape) -> Shape:
    if len(a) != len(b) or not a:
        raise Misshapen(f"concat joins arrays with equally many axes, not {told(a)} and {told(b)}")
    axis = one_axis(s, a, 0)
    if any(m != n for at, (m, n) in enumerate(zip(a, b, strict=True)) if at != axis):
        raise Misshapen(f"{told(a)} and {told(b)} cannot be joined along axis {axis}: their other lengths differ")
    return tuple(m + n if at == axis else m for at, (m, n) in enumerate(zip(a, b, strict=True)))


def concat_back(f: Functions, s: Static, at: int, g: Any, y: Any, a: Any, b: Any) -> Any:
    axis = one_axis(s, np.shape(a), 0)
    first, second = np.split(g, [np.shape(a)[axis]], axis=axis)
    return second if at else first


def pile_axis(s: Static, a: Any) -> int:
    return one_axis(s, (2, *np.shape(a)), 0)


def pile_back(f: Functions, s: Static, at: int, g: Any, y: Any, a: Any, b: Any) -> Any:
    return np.take(g, at, pile_axis(s, a))


def pile_shape(s: Static, a: Shape, b: Shape) -> Shape:
    if a != b:
        raise Misshapen(f"stack needs arrays of one shape, not {told(a)} and {told(b)}")
    axis = one_axis(s, (2, *a), 0)
    return (*a[:axis], 2, *a[axis:])


def reshape_shape(s: Static, x: Shape) -> Shape:
    wanted = [s["shape"]] if isinstance(s["shape"], int) else list(s["shape"])
    count = math.prod(x)
    if wanted.count(-1) == 1:
        rest = math.prod(size for size in wanted if size != -1)
        if rest and count % rest == 0:
            wanted[wanted.index(-1)] = count // rest
    if any(size < 0 for size in wanted) or math.prod(wanted) != count:
        raise Misshapen(f"{told(x)} has {count} entries and cannot become {told(tuple(wanted))}")
    return tuple(wanted)


def reshape_of(f: Functions, s: Static, x: Any) -> Any:
    return np.reshape(x, reshape_shape(s, np.shape(x)))


def index_shape(s: Static, x: Shape) -> Shape:
    items = s["index"]
    if len(items) > len(x):
        what = "a scalar has no entries" if not x else f"{len(items)} indices for an array of shape {told(x)}"
        raise Misshapen(what)
    if any(isinstance(item, slice) and item.step == 0 for item in items):
        raise Misshapen("a slice cannot go in steps of 0")
    for axis, item in enumerate(items):
        if isinstance(item, int) and not -x[axis] <= item < x[axis]:
            told_item = str(item) if abs(item) < 10**15 else f"{str(item)[:6]}..."
            raise Misshapen(f"index {told_item} is outside axis {axis}, which has length {x[axis]}", f"indices run from 0 to {x[axis] - 1}")
    return np.empty(x, dtype=bool)[items].shape if math.prod(x) < 10**6 else np.broadcast_to(np.bool_(0), x)[items].shape


def index_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    result = np.zeros_like(x) if np.asarray(x).dtype != object else np.full(np.shape(x), Fraction(0), dtype=object)
    result[s["index"]] = g
    return result


def onehot_shape(s: Static) -> Shape:
    k, n = s["k"], s["n"]
    if n < 1:
        raise Misshapen(f"onehot needs a positive length, not {n}")
    wrong = next((each for each in np.ravel(k) if not 0 <= each < n), None)
    if wrong is not None:
        raise Misshapen(f"onehot: position {wrong} is outside a vector of length {n}", f"positions run from 0 to {n - 1}")
    return (*np.shape(k), n)


def onehot_of(f: Functions, s: Static) -> Any:
    chosen = np.equal(np.expand_dims(s["k"], -1), np.arange(s["n"]))
    return np.frompyfunc(Fraction, 1, 1)(chosen.astype(int)) if "add" in f else chosen.astype(float)


def exact_of(value: Any) -> bool:
    return not isinstance(value, float | int | np.ndarray | np.generic) or (isinstance(value, np.ndarray) and value.dtype == object)


def objects_of(items: tuple[Any, ...]) -> Any:
    result = np.empty((len(items), *np.shape(items[0])), dtype=object)
    for at, item in enumerate(items):
        result[at] = item
    return result
