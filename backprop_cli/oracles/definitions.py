"""What functions of whole arrays mean, stated here once more: sums, rearrangements and formulas entry by entry."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from backprop_cli.lang.syntax import Apply
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.walk import Shape, Walk

Static = Mapping[str, Any]
# Gets the walk, the part as the user wrote it, the arguments that are no operands, and the operands.
Definition = Callable[..., Any]


def axes_of(static: Static, shape: Shape, default: int | None = None) -> Shape:
    """The axes that a function runs over, counted from the front; all of them where none is given."""
    axis = static.get("axis", default)
    if axis is None:
        return tuple(range(len(shape)))
    if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        raise NoOpinion(f"there is no axis {axis}")
    return (axis % len(shape),)


def kept(walk: Walk, value: Any, axes: Shape, shape: Shape) -> Any:
    """A reduction's value with the axes it ran over as axes of length 1."""
    whole = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return walk.engine.move(lambda a: a.reshape(whole), value)


def _closed(walk: Walk, value: Any, static: Static, axes: Shape, shape: Shape) -> Any:
    return kept(walk, value, axes, shape) if static.get("keepdims") else value


def _count(axes: Shape, shape: Shape) -> int:
    return math.prod(shape[axis] for axis in axes)


def _sum(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    shape = walk.engine.shape(x)
    axes = axes_of(static, shape)
    return _closed(walk, walk.engine.total(x, axes, part), static, axes, shape)


def _mean_over(walk: Walk, part: Apply, x: Any, axes: Shape) -> Any:
    count = walk.constant(str(_count(axes, walk.engine.shape(x)))).value
    return walk.formula("a/n", part, a=walk.engine.total(x, axes, part), n=count)


def _mean(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    shape = walk.engine.shape(x)
    axes = axes_of(static, shape)
    return _closed(walk, _mean_over(walk, part, x, axes), static, axes, shape)


def _variance(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    """The mean of the squared deviations from the mean."""
    shape = walk.engine.shape(x)
    axes = axes_of(static, shape)
    middle = kept(walk, _mean_over(walk, part, x, axes), axes, shape)
    away = walk.formula("a - b", part, a=x, b=middle)
    return _closed(walk, _mean_over(walk, part, walk.formula("a^2", part, a=away), axes), static, axes, shape)


def _deviation(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    return walk.formula("sqrt(a)", part, a=_variance(walk, part, static, x))


def _last(walk: Walk, x: Any, axes: Shape) -> tuple[Any, Shape]:
    """The entries that belong together along one last axis, and the shape of the rest."""
    shape = walk.engine.shape(x)
    rest = tuple(axis for axis in range(len(shape)) if axis not in axes)
    sizes = tuple(shape[axis] for axis in rest)
    return walk.engine.move(lambda a: a.transpose(*rest, *axes).reshape(*sizes, _count(axes, shape)), x), sizes


def _prod(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    shape = walk.engine.shape(x)
    axes = axes_of(static, shape)
    rows, sizes = _last(walk, x, axes)
    count = _count(axes, shape)
    while count > 1:
        half = count // 2
        first = walk.engine.move(lambda a, h=half: a[..., :h], rows)
        second = walk.engine.move(lambda a, h=half: a[..., h : 2 * h], rows)
        made = walk.formula("a*b", part, a=first, b=second)
        if count % 2:
            left = walk.engine.move(lambda a: a[..., -1:], rows)
            made = walk.engine.move(_joined(-1), made, left)
        rows, count = made, count - half
    return _closed(walk, walk.engine.move(lambda a: a.reshape(sizes), rows), static, axes, shape)


def _extreme(head: str) -> Definition:
    def value(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
        shape = walk.engine.shape(x)
        axes = axes_of(static, shape)
        rows, _ = _last(walk, x, axes)
        return _closed(walk, walk.engine.extreme(head, rows, axes, part), static, axes, shape)

    return value


def _raised(walk: Walk, part: Apply, x: Any, axes: Shape) -> tuple[Any, Any, Any, Any]:
    """exp(x - c), its sum with the axes kept, x - c, and c: a constant that changes nothing but keeps numbers small, or None."""
    shape = walk.engine.shape(x)
    level = walk.engine.level(x, axes)
    lowered = x if level is None else walk.formula("a - b", part, a=x, b=level)
    raised = walk.formula("exp(a)", part, a=lowered)
    return raised, kept(walk, walk.engine.total(raised, axes, part), axes, shape), lowered, level


def _softmax(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    raised, total, _, _ = _raised(walk, part, x, axes_of(static, walk.engine.shape(x), -1))
    return walk.formula("a/b", part, a=raised, b=total)


def _log_softmax(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    _, total, lowered, _ = _raised(walk, part, x, axes_of(static, walk.engine.shape(x), -1))
    return walk.formula("a - log(b)", part, a=lowered, b=total)


def _logsumexp(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    shape = walk.engine.shape(x)
    axes = axes_of(static, shape)
    _, total, _, level = _raised(walk, part, x, axes)
    found = walk.formula("log(a)", part, a=total)
    if level is not None:
        found = walk.formula("a + b", part, a=found, b=level)
    if static.get("keepdims"):
        return found
    sizes = tuple(size for axis, size in enumerate(shape) if axis not in axes)
    return walk.engine.move(lambda a: a.reshape(sizes), found)


def _norm(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    squares = walk.formula("a^2", part, a=x)
    return walk.formula("sqrt(a)", part, a=walk.engine.total(squares, axes_of({}, walk.engine.shape(x)), part))


def _outer(walk: Walk, part: Apply, static: Static, a: Any, b: Any) -> Any:
    return walk.formula("a*b", part, a=walk.engine.move(lambda a: a[:, None], a), b=walk.engine.move(lambda b: b[None, :], b))


def _trace(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    return walk.engine.total(walk.engine.move(lambda a: a.diagonal(), x), (0,), part)


def _joined(axis: int) -> Callable[..., Any]:
    def move(a: Any, b: Any) -> Any:
        import numpy as np

        return np.concatenate([a, b], axis)

    return move


def _concat(walk: Walk, part: Apply, static: Static, a: Any, b: Any) -> Any:
    return walk.engine.move(_joined(static.get("axis", 0)), a, b)


def _stack(walk: Walk, part: Apply, static: Static, a: Any, b: Any) -> Any:
    def move(a: Any, b: Any) -> Any:
        import numpy as np

        return np.stack([a, b], static.get("axis", 0))

    return walk.engine.move(move, a, b)


def _reshape(walk: Walk, part: Apply, static: Static, x: Any) -> Any:
    return walk.engine.move(lambda a: a.reshape(static["shape"]), x)


def _onehot(walk: Walk, part: Apply, static: Static) -> Any:
    import numpy as np

    position, size = np.asarray(static["k"]), static["n"]
    walk.room((*position.shape, size))
    hot = (position[..., None] == np.arange(size)).astype(float)
    return walk.engine.literal(hot.ravel(), hot.shape)


DEFINITIONS: dict[str, Definition] = {
    "@": lambda walk, part, static, a, b: walk.engine.product(a, b, part),
    ".T": lambda walk, part, static, x: walk.engine.move(lambda a: a.T, x),
    "sum": _sum,
    "mean": _mean,
    "prod": _prod,
    "var": _variance,
    "std": _deviation,
    "max": _extreme("maximum"),
    "min": _extreme("minimum"),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "logsumexp": _logsumexp,
    "norm": _norm,
    "dot": lambda walk, part, static, a, b: walk.engine.product(a, b, part),
    "outer": _outer,
    "trace": _trace,
    "det": lambda walk, part, static, x: walk.engine.determinant(x, part),
    "inv": lambda walk, part, static, x: walk.engine.inverse(x, part),
    "concat": _concat,
    "stack": _stack,
    "reshape": _reshape,
    "onehot": _onehot,
}
