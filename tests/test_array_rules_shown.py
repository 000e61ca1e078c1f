"""What a trace prints of array rules is what arrives: each printed rule is worked out again, as a program of its own."""

from __future__ import annotations

import contextlib
import io
import json
from random import Random
from typing import Any

import numpy as np
import pytest

from backprop_cli.commands import run
from tests.fuzz.grown import program
from tests.fuzz.spelled import text


def asked(*arguments: str) -> Any:
    """The JSON of a run; None where the program is refused."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        status = run([*arguments, "--json"])
    return None if status else json.loads(printed.getvalue())


def worked_out(formula: str, names: dict[str, Any], functions: list[str]) -> Any:
    """The value of a printed rule."""
    given = [f"{name} = {json.dumps(value)}" for name, value in names.items()]
    found = asked(
        "trace",
        "-e",
        "\n".join([*functions, *given, "nothing = 0", f"rule = nothing + ({formula})", "all = sum(rule)"]),
        "--mode",
        "forward",
    )
    assert found is not None, f"{formula} is no expression"
    return next(each["value"] for each in found["forward"] if each["node"] == "rule")


def rules_hold(source: str) -> int:
    """How many printed rules were worked out, and found to be what arrives."""
    traced = asked("trace", "-e", source)
    if traced is None:
        return 0
    functions = [line for line in source.splitlines() if line.partition("=")[0].strip().endswith(")")]
    values: dict[str, Any] = {}
    for each in traced["forward"]:
        values |= {name: value for name, value in each["operands"].items() if name.isidentifier()}
        values[each["node"]] = each["value"]
    held = 0
    for edge in traced["backward"]:
        formula, due = edge["local"]["formula"], edge["contribution"]
        if formula is None or (np.ndim(due) == 0 and "[" not in formula and edge["local"]["value"] is not None):
            continue
        known = {**values, f"d{edge['user']}": edge["upstream"]}
        found = np.broadcast_to(worked_out(formula, known, functions), np.shape(due))
        if edge["local"]["value"] is not None:
            found = found * edge["upstream"]
        assert np.allclose(found, due, rtol=1e-9, atol=1e-9), f"{edge['user']} -> {edge['operand']}: {formula}"
        held += 1
    return held


A = "X = [[1, 2, 3], [0, 1, -1]]; W = [[1, 2], [3, 4], [0.5, -1]]; A = [[1, 2], [3, 5]]; b = [1, -2]; c = [2, 0.5]; x = [1, 2, 0.25]\n"


@pytest.mark.parametrize(
    "output",
    [
        "m = mean(X @ W + b, axis=0); L = sum(m^2)",
        "m = mean(X @ W + b, axis=1); L = sum(m^2)",
        "L = sum(mean(X @ W + b, axis=1, keepdims=1)^2)",
        "L = sum(sum(X @ W + b, axis=0)*c)",
        "L = mean(X @ W)",
        "L = sum(X @ x)",
        "L = mean(b @ X)",
        "L = sum(sum(X @ W, axis=1)*b)",
        "L = sum(sum(X @ W, axis=1, keepdims=1)*b)",
        "L = mean(A @ A.T) + sum(A.T @ A)",
        "L = sum(inv(A))",
        "L = dot(b, c) + sum(outer(b, c))",
        "L = sum(mean(outer(b, c), axis=0)*b)",
        "L = sum(sum(outer(b, c), axis=1)*b)",
        "L = sum(mean(outer(b, c), axis=1, keepdims=1)*A)",
        "L = -mean(sum(A*log_softmax(X @ W, axis=1), axis=1))",
        "L = mean(log_softmax(X @ W, axis=0))",
        "L = sum(mean(softmax(X @ W, axis=1), axis=0)*b)",
        "L = sum(mean((X @ W).T, axis=0)*b)",
        "L = mean((X @ W).T) + sum(mean((X @ W).T, axis=1)*b)",
        "L = sum(mean(reshape(X @ W, [4])))",
        "L = mean(concat(A, X @ W, axis=1)) + sum(mean(stack(b, c), axis=0)*b)",
        "L = sum(mean([b, c, 2*b], axis=0)*b) + mean([b, c])",
        "L = sum(mean(A + b + 1, axis=0)^2) + mean(A*2 + 3*b)",
        "s = b[0]; L = mean(s*A) + sum(mean(s + A, axis=1)*c)",
        "L = sum(max(A @ A, axis=0)*b) + mean(max(X @ W, axis=1))",
        "L = sum(var(X @ W, axis=0)*b) + std(X @ W) + mean(std(X @ W, axis=1))",
        "L = sum(logsumexp(X @ W, axis=1)*b) + mean(logsumexp(X @ W, axis=0))",
        "L = mean(where(A > 1, A, b))",
        "L = mean(A^0*b) + sum(mean(A^1 + b^0, axis=0))",
        "L = sum(prod(X @ W, axis=0)*b)",
        "r = X[-1]; c2 = X[:, 1]; e = X[0, 2]; v = x[1]; L = sum(r*x) + sum(c2*b) + e*v",
        "L = x[0]*sum(X[1]^2) + sum((X @ W)[:, 0]) + mean(X[1]) + sum(X[:, 1:3]) + x[1:][0]",
    ],
)
def test_the_printed_rules_are_what_arrives(output: str) -> None:
    assert rules_hold(A + output) > 0


S = """S = [[[1, 2], [0, 1]], [[-1, 3], [2, 0.5]], [[1, 1], [4, -2]]]
M = [[1, 2, 3], [0, 1, -1]]; N = [[1, 0], [2, 1], [5, 3]]; b = [1, -2]
"""


@pytest.mark.parametrize(
    ("output", "held"),
    [
        ("v = S @ M; L = sum(v^2)", 3),
        ("v = S @ b; L = sum(v^2)", 3),
        ("v = N @ S; L = sum(v^2)", 2),  # what N receives turns each matrix of S: there is no short way to say it
        ("v = b @ S; L = sum(v^2)", 1),
        ("v = S @ S; L = sum(v^2)", 1),
        ("L = sum(S @ M)", 0),
        ("m = mean(S @ M, axis=0); L = sum(m^2)", 1),
        ("m = S.T @ N; L = sum(m^2)", 3),
    ],
)
def test_the_printed_rules_of_stacks_of_matrices_are_what_arrives(output: str, held: int) -> None:
    assert rules_hold(S + output) == held
    found = asked("trace", "-e", S + output, "--elementwise", "--ops")
    assert found is not None


def test_the_printed_rules_of_grown_programs_are_what_arrives() -> None:
    held = 0
    for number in range(60):
        made = program(Random(f"rules {number}"))
        if made.arrays:
            leaves = [f"{leaf} = {json.dumps(value)}" for leaf, value in made.leaves.items()]
            held += rules_hold("\n".join([*leaves, text(made)]))
    assert held > 60


@pytest.mark.parametrize(
    ("source", "formulas"),
    [
        ("x = [0, 2, 3]; L = prod(x)", [None]),  # L/x has no value where x is 0
        ("x = [1, 2, 3]; L = prod(x)", ["dL*L/x"]),
        ("B = 1.75; m = reshape(B, [1, 1]); L = mean(m)", ["dL", "dm[0, 0]"]),
        ("X = [[1, 2], [0, 1]]; b = [1, 1]; m = mean(X + b, axis=0); L = sum(m^2)", ["2*dL*m", "dm/2", "dm"]),
    ],
)
def test_rules_as_they_are_printed(source: str, formulas: list[str | None]) -> None:
    assert [each["local"]["formula"] for each in asked("trace", "-e", source)["backward"]] == formulas
