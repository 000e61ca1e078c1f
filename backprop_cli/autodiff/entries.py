"""Matrix rules entry by entry: an expression over arrays worked out on trees, so that every entry is a formula of entries.

Works in NumPy's object arrays, whose entries are trees; imported only where somebody asks for entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product as indices
from typing import Any

from backprop_cli.calculus.table import row
from backprop_cli.calculus.tidy import product, tidy_step, total
from backprop_cli.lang.syntax import NEGATE, TRANSPOSE, Apply, Brackets, Expr, Index, Name, Number, Part, Slice, fold

Shape = tuple[int, ...]


class NotWritten(Exception):
    """Something in an expression that is not written out entry by entry."""


def entries(expr: Expr, shapes: Mapping[str, Shape]) -> Any:
    """The entries of an expression: an object array of trees. `shapes` are those of its names; other names are numbers.

    Raises NotWritten for functions that mix entries in other ways than sums and products.
    """
    import numpy as np

    def combine(part: Part, below: list[Any]) -> Any:
        match part:
            case Number():
                return np.array(part, dtype=object)
            case Name(id=name):
                return named(name, shapes.get(name, ()))
            case Brackets():
                return np.array([each.tolist() for each in below], dtype=object)
            case Index():
                return np.asarray(below[0][tuple(below[1:])], dtype=object)
            case Slice():
                rest = iter(below)
                return slice(*(None if each is None else _integer(next(rest)) for each in (part.start, part.stop, part.step)))
            case Apply():
                return _applied(part, below)

    def guarded(part: Part, below: list[Any]) -> Any:
        if isinstance(part, Index):
            below = [below[0], *(each if isinstance(each, slice) else _integer(each) for each in below[1:])]
        return combine(part, below)

    try:
        return fold(expr, guarded)
    except (TypeError, ValueError, IndexError) as error:
        raise NotWritten(str(error)) from None


def named(name: str, shape: Shape) -> Any:
    """An array whose entries are `W[0, 1]`; a number is its name."""
    import numpy as np

    made = np.empty(shape, dtype=object)
    for at in indices(*map(range, shape)):
        made[at] = Index(Name(name), tuple(Number(str(each)) for each in at)) if at else Name(name)
    return made


def _integer(value: Any) -> int:
    tree = value[()] if hasattr(value, "shape") else value
    sign = 1
    if isinstance(tree, Apply) and tree.head == NEGATE:
        sign, tree = -1, tree.operands[0]
    if not isinstance(tree, Number):
        raise NotWritten("an index that is not written as a number")
    return sign * int(tree.exact)


def _applied(part: Apply, below: list[Any]) -> Any:
    import numpy as np

    keywords = dict(zip((word for word, _ in part.keywords), below[len(part.operands) :], strict=True))
    operands = below[: len(part.operands)]
    head = part.head
    if head in _WHOLE:
        return _WHOLE[head](*operands, **{word: _integer(value) for word, value in keywords.items()})
    found = row(head)
    if keywords or found is None or found.code is not None:
        raise NotWritten(head)
    apply = np.frompyfunc(lambda *trees: _step(head, *trees), len(operands), 1)
    return np.asarray(apply(*operands), dtype=object)


def _step(head: str, *trees: Expr) -> Expr:
    if head == "*":
        return product(*trees)
    return total(*trees) if head == "+" else tidy_step(head, *trees)


def _sum(x: Any, axis: int | None = None, keepdims: int = 0) -> Any:
    import numpy as np

    if axis is None:
        result = np.empty((), dtype=object)
        flat = x.ravel().tolist()
        result[()] = _added(flat)
    else:
        result = np.apply_along_axis(lambda each: np.array(_Box(_added(list(each))), dtype=object), axis, x)
        result = np.frompyfunc(lambda box: box.tree, 1, 1)(result)
    if keepdims:
        return np.asarray(result, dtype=object).reshape(
            [1 if axis is None or n == axis % x.ndim else size for n, size in enumerate(x.shape)]
        )
    return np.asarray(result, dtype=object)


class _Box:
    """Keeps NumPy from looking into a tree."""

    def __init__(self, tree: Expr) -> None:
        self.tree = tree


def _added(trees: list[Expr]) -> Expr:
    if not trees:
        return Number("0")
    result = trees[0]
    for tree in trees[1:]:
        result = total(result, tree)
    return result


def _matmul(a: Any, b: Any) -> Any:
    import numpy as np

    left: Any = a.reshape(1, -1) if a.ndim == 1 else a
    right: Any = b.reshape(-1, 1) if b.ndim == 1 else b
    stacks = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left, right = (np.broadcast_to(each, (*stacks, *each.shape[-2:])) for each in (left, right))
    made: Any = np.empty((*stacks, left.shape[-2], right.shape[-1]), dtype=object)
    for *at, i, k in indices(*map(range, made.shape)):
        made[(*at, i, k)] = _added([product(x, y) for x, y in zip(left[(*at, i)], right[(*at, slice(None), k)], strict=True)])
    made = made[..., 0, :] if a.ndim == 1 else made
    return made[..., 0] if b.ndim == 1 else made


def _outer(a: Any, b: Any) -> Any:
    return _matmul(a.reshape(-1, 1), b.reshape(1, -1))


def _mean(x: Any, axis: int | None = None, keepdims: int = 0) -> Any:
    import numpy as np

    count = Number(str(x.size if axis is None else x.shape[axis]))
    return np.asarray(np.frompyfunc(lambda tree: tidy_step("/", tree, count), 1, 1)(_sum(x, axis, keepdims)), dtype=object)


def _reshape(x: Any, shape: Any) -> Any:
    return x.reshape([_integer(each) for each in shape.ravel()])


_WHOLE: dict[str, Any] = {
    "@": _matmul,
    "matmul": _matmul,
    "dot": _matmul,
    "outer": _outer,
    TRANSPOSE: lambda x: x.T,
    "transpose": lambda x: x.T,
    "sum": _sum,
    "mean": _mean,
    "reshape": _reshape,
}
