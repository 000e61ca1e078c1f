"""Whole-array functions of exact numbers: what would take too long is refused before the work, whatever it is made of."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy

from backprop_cli import Limits, grad
from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.calculus.arrays.exact_work import require_bearable
from backprop_cli.errors import BackpropError


def grid(size: int, entry: str) -> str:
    rows = (", ".join(entry.format(7 * i + 3 * j + i * j + 1) for j in range(size)) for i in range(size))
    return "[" + ", ".join(f"[{row}]" for row in rows) + "]"


@pytest.mark.parametrize(
    "source",
    [
        f"A = {grid(12, '{}')}; L = sum(inv(sin(A)))",
        f"A = {grid(12, '{}')}; L = det(sin(A))",
        f"A = sin({grid(3, '{}')}); B = A @ A; C = B @ B; D = C @ C; E = D @ D; F = E @ E; L = trace(F @ F @ F @ F)",
        f"A = sin({grid(4, '{}')}); L = sum(var(inv(A), axis=0))",
        f"x = log({list(range(2, 2_000))}); L = sum(x)",
    ],
)
def test_whole_arrays_of_closed_constants_end_at_the_limits(source: str) -> None:
    with pytest.raises(BackpropError) as found:
        grad(source, exact=True)
    assert found.value.diagnostics[0].reference == "not-exact"
    assert "the limit is" in str(found.value)


def refused(source: str, limits: Limits | None = None) -> str:
    with pytest.raises(BackpropError) as found:
        grad(source, exact=True, **({} if limits is None else {"limits": limits}))
    assert found.value.diagnostics[0].reference == "not-exact"
    return found.value.diagnostics[0].message


@pytest.mark.parametrize(
    "source",
    [
        "L = sum(A @ A)",
        "L = sum(inv(A))",
        "L = det(A)",
        "B = outer([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5]); L = B[0, 0]*A[0, 0]",
        "L = sum([A, A, A])",
    ],
)
def test_steps_are_counted_before_they_are_taken(source: str) -> None:
    text = f"A = [[1, 2, 3], [0, 1, 4], [5, 6, 0]]; {source}"
    assert grad(text, exact=True, limits=Limits(expanded=6)).value is not None
    steps = 30 if "outer" in source else 27
    said = f"in exact numbers this takes {steps} steps; the limit is 25, the square of --limit expanded=N"
    assert refused(text, Limits(expanded=5)) == said


@pytest.mark.parametrize(
    ("output", "closed"),
    [
        ("sum(x)", 6),
        ("prod(x)", 6),
        ("dot(x, x)", 12),
        ("dot(x, [1, 0, 0, 0, 0, 0])", 6),
        ("norm(x)", 6),
        ("sum(y + [1, 1, 1, 1, 1, 1])", None),
    ],
)
def test_sums_of_closed_constants_are_counted(output: str, closed: int | None) -> None:
    text = f"x = log([2, 3, 5, 7, 11, 13]); y = log(2); L = {output}"
    said = refused(text, Limits(expanded=5))
    taken = f"to add up {closed} closed constants takes 36 steps" if closed else "to add up"
    assert said.startswith(taken)
    assert "the limit is 25, the square of --limit expanded=N" in said


@pytest.mark.parametrize("output", ["sum(reshape(x, [5, 5]))", "sum(log(x[:5]))"])
def test_as_many_steps_as_are_allowed(output: str) -> None:
    text = f"x = {list(range(2, 27))}; L = {output}"
    assert grad(text, exact=True, limits=Limits(expanded=5 if "shape" in output else 20)).value is not None
    assert "this takes 26 steps" in refused(f"x = {list(range(2, 28))}; L = sum(x)", Limits(expanded=5))


def test_contributions_that_were_repeated_are_counted() -> None:
    text = "b = 2; x = log([2, 3, 5, 7, 11, 13]); L = sum(x*b)"
    assert "to add up 6 closed constants takes 36 steps" in refused(text, Limits(expanded=5))
    assert grad(text.replace("log(", "("), exact=True, limits=Limits(expanded=5)).value == 82


def test_what_only_moves_closed_constants_is_free() -> None:
    x = "log([2, 3, 5, 7, 11, 13, 17, 19])"
    found = grad(f"x = {x}; y = reshape(x, [2, 4]).T; L = concat(y[1], x)[0]", exact=True, limits=Limits(expanded=3))
    assert str(found.value) == "log(3)"


def test_a_large_matrix_without_an_inverse() -> None:
    singular = "[" + ", ".join("[" + ", ".join(str(i + j) for j in range(20)) + "]" for i in range(20)) + "]"
    assert "the minors of a matrix of 20 rows" in refused(f"A = {singular}; L = det(A)")
    regular = "[" + ", ".join("[" + ", ".join(str(1 + (i == j)) for j in range(20)) + "]" for i in range(20)) + "]"
    found = grad(f"A = {regular}; L = det(A)", exact=True)
    assert found.value == 21
    assert found.gradients["A"][0, 1] == -1


@pytest.mark.parametrize(
    ("code", "shapes", "result", "steps"),
    [
        ("matmul", [(2, 500), (500, 3)], (2, 3), 3_000),
        ("dot", [(500,), (500,)], (), 500),
        ("outer", [(50,), (60,)], (50, 60), 3_000),
        ("inv", [(10, 10)], (10, 10), 1_000),
        ("sum", [(30, 40)], (), 1_200),
    ],
)
def test_steps_of_whole_arrays_are_told_from_their_shapes(
    code: str, shapes: list[tuple[int, ...]], result: tuple[int, ...], steps: int
) -> None:
    operands = [np.full(shape, Fraction(1), dtype=object) for shape in shapes]
    enough = math.isqrt(steps - 1) + 1
    require_bearable(code, {"axis": None}, operands, result, Limits(expanded=enough))
    with pytest.raises(NotExact, match=f"this takes {steps:,} steps"):
        require_bearable(code, {"axis": None}, operands, result, Limits(expanded=enough - 1))


def test_products_count_closed_constants_along_the_longest_side() -> None:
    """More than an outer product adds up, which is nothing; never less than any product does."""
    one, many = np.array([Fraction(1)], dtype=object), np.array([sympy.log(n) for n in range(2, 62)], dtype=object)
    require_bearable("outer", {}, [one, many], (1, 60), Limits(expanded=60))
    with pytest.raises(NotExact, match="to add up 60 closed constants takes 3,600 steps"):
        require_bearable("outer", {}, [one, many], (1, 60), Limits(expanded=59))


def test_as_many_closed_constants_as_are_allowed() -> None:
    """Fifteen logarithms among sixty numbers, sixty steps: 900 in all."""
    one, mixed = (
        np.array([Fraction(1)], dtype=object),
        np.array([sympy.log(n) if n < 17 else Fraction(n) for n in range(2, 62)], dtype=object),
    )
    require_bearable("outer", {}, [one, mixed], (1, 60), Limits(expanded=30))
    with pytest.raises(NotExact, match="to add up 15 closed constants takes 900 steps"):
        require_bearable("outer", {}, [one, mixed], (1, 60), Limits(expanded=29))
