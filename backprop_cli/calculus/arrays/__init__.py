"""Whole-array functions: their shapes, their values, and what each operand receives on the way back.

Imported only where a graph holds arrays. Everything here works on float64 arrays and, for exact numbers, on arrays of
objects. In each function `f` are those of the arithmetic at hand and `s` the arguments that are no operands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop_cli.calculus.arrays.axes import Misshapen, Shape, broadcast, one_axis, reduced, unbroadcast
from backprop_cli.calculus.arrays.numbers import all_finite, array_arithmetic, lifted
from backprop_cli.calculus.arrays.products import (
    cofactors,
    determinant,
    dot_shape,
    inv_of,
    matmul_back,
    matmul_of,
    matmul_shape,
    norm_back,
    norm_of,
    outer_shape,
    square_to,
)
from backprop_cli.calculus.arrays.reductions import (
    extreme_back,
    level,
    log_softmax_back,
    log_softmax_of,
    lse_back,
    lse_of,
    max_of,
    mean_back,
    mean_of,
    min_of,
    prod_back,
    prod_of,
    same_last,
    softmax_back,
    softmax_of,
    std_back,
    std_of,
    sum_back,
    sum_of,
    tied,
    var_back,
    var_of,
)
from backprop_cli.calculus.arrays.shaping import (
    concat_back,
    concat_shape,
    index_back,
    index_shape,
    onehot_of,
    onehot_shape,
    pile_axis,
    pile_back,
    pile_shape,
    reshape_of,
    reshape_shape,
    stack_of,
    stack_shape,
)


@dataclass(frozen=True, slots=True)
class Code:
    """`shape` checks the operands' shapes and predicts the result's; `forward` computes; `back` gives operand `at` its part."""

    shape: Callable[..., Shape]
    forward: Callable[..., Any]
    back: Callable[..., Any]
    kink: Callable[..., bool] | None = None


CODE: dict[str, Code] = {
    "stack": Code(stack_shape, stack_of, lambda f, s, at, g, y, *x: g[at]),
    "index": Code(index_shape, lambda f, s, x: x[s["index"]], index_back),
    "matmul": Code(matmul_shape, matmul_of, matmul_back),
    "transpose": Code(lambda s, x: x[::-1], lambda f, s, x: np.transpose(x), lambda f, s, at, g, y, x: np.transpose(g)),
    "sum": Code(lambda s, x: reduced(s, x, empty=True), sum_of, sum_back),
    "mean": Code(reduced, mean_of, mean_back),
    "prod": Code(reduced, prod_of, prod_back),
    "var": Code(reduced, var_of, var_back),
    "std": Code(reduced, std_of, std_back, level),
    "max": Code(reduced, max_of, extreme_back, tied),
    "min": Code(reduced, min_of, extreme_back, tied),
    "softmax": Code(same_last, softmax_of, softmax_back),
    "log_softmax": Code(same_last, log_softmax_of, log_softmax_back),
    "logsumexp": Code(reduced, lse_of, lse_back),
    "norm": Code(lambda s, x: (), norm_of, norm_back, lambda s, y, x: bool(y == 0)),
    "dot": Code(dot_shape, lambda f, s, a, b: np.dot(a, b), lambda f, s, at, g, y, a, b: g * (a if at else b)),
    "outer": Code(outer_shape, lambda f, s, a, b: np.multiply.outer(a, b), lambda f, s, at, g, y, a, b: a @ g if at else g @ b),
    "trace": Code(square_to("trace", False), lambda f, s, x: np.trace(x), lambda f, s, at, g, y, x: g * np.eye(len(x), dtype=int)),
    "det": Code(square_to("det", False), lambda f, s, x: determinant(f, x), lambda f, s, at, g, y, x: g * cofactors(f, x)),
    "inv": Code(square_to("inv", True), inv_of, lambda f, s, at, g, y, x: -(y.T @ g @ y.T)),
    "concat": Code(concat_shape, lambda f, s, a, b: np.concatenate([a, b], one_axis(s, np.shape(a), 0)), concat_back),
    "pile": Code(pile_shape, lambda f, s, a, b: np.stack([a, b], pile_axis(s, a)), pile_back),
    "reshape": Code(reshape_shape, reshape_of, lambda f, s, at, g, y, x: np.reshape(g, np.shape(x))),
    "onehot": Code(onehot_shape, onehot_of, lambda *_: None),
}  # fmt: skip


__all__ = ["CODE", "Code", "Misshapen", "all_finite", "array_arithmetic", "broadcast", "lifted", "unbroadcast"]
