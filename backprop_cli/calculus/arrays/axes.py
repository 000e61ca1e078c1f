"""Shapes, broadcasting and axes: what all whole-array functions share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Static = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]


class Misshapen(Exception):
    """Shapes that do not go together; the message says why, `hint` what was probably meant (`<a>` is the first operand)."""

    def __init__(self, message: str, hint: str = "", reference: str = "shape-mismatch") -> None:
        super().__init__(message)
        self.hint, self.reference = hint, reference


def told(shape: Shape) -> str:
    """A shape in words."""
    return "a scalar" if not shape else f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape that elementwise work on two shapes has."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        raise Misshapen(f"shapes {told(a)} and {told(b)} do not fit together entry by entry", _elementwise_hint(a, b)) from None


def _elementwise_hint(a: Shape, b: Shape) -> str:
    if len(a) == len(b) == 2 and a == b[::-1]:
        return "transpose one of them: <b>.T"
    if len(a) == 2 and b and a[-1] == b[0]:
        return "the matrix product is  <a> @ <b>"
    if len(a) == 2 and len(b) == 1 and a[0] == b[0]:
        return f"make <b> a column: reshape(<b>, [{b[0]}, 1])"
    if len(b) == 2 and len(a) == 1 and b[0] == a[0]:
        return f"make <a> a column: reshape(<a>, [{a[0]}, 1])"
    return "entry by entry, two lengths must be equal, or one of them 1"


def unbroadcast(value: Any, shape: Shape) -> Any:
    """Sum over the axes along which an operand of that shape was repeated."""
    if np.shape(value) == shape:
        return value
    if np.ndim(value) > len(shape):
        value = np.sum(value, axis=tuple(range(np.ndim(value) - len(shape))))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1 and np.shape(value)[axis] != 1)
    value = np.sum(value, axis=repeated, keepdims=True) if repeated else value
    return value if shape == np.shape(value) else np.broadcast_to(value, shape)


def axes_of(static: Static, shape: Shape) -> tuple[int, ...]:
    axis = static.get("axis")
    if axis is None:
        return tuple(range(len(shape)))
    if not -len(shape) <= axis < len(shape):
        dimensions = "a scalar" if not shape else f"shape {told(shape)}"
        raise Misshapen(
            f"axis {axis} does not exist for {dimensions}", f"axes run from 0 to {len(shape) - 1}" if shape else "leave the axis out"
        )
    return (axis % len(shape),)


def reduced(static: Static, shape: Shape, empty: bool = False) -> Shape:
    axes = axes_of(static, shape)
    if static.get("keepdims", 0) not in (0, 1):
        raise Misshapen(f"keepdims is 0 or 1, not {static['keepdims']}", "with keepdims=1 the axes stay, each of length 1", "bad-keepdims")
    if not empty and any(shape[axis] == 0 for axis in axes):
        raise Misshapen("there are no entries to combine")
    if static.get("keepdims"):
        return tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def count_of(static: Static, shape: Shape) -> int:
    return math.prod(shape[axis] for axis in axes_of(static, shape))


def spread(value: Any, static: Static, shape: Shape) -> Any:
    """What a reduction gave, repeated along the axes it ran over."""
    kept = tuple(1 if axis in axes_of(static, shape) else size for axis, size in enumerate(shape))
    return np.broadcast_to(np.reshape(value, kept), shape)


def total(x: Any, static: Static, keepdims: bool | None = None) -> Any:
    keep = bool(static.get("keepdims")) if keepdims is None else keepdims
    return np.sum(x, axis=axes_of(static, np.shape(x)), keepdims=keep)


def one_axis(s: Static, shape: Shape, default: int) -> int:
    return default if s.get("axis") is None else axes_of(s, shape)[0]
