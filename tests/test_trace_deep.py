"""Long chains in one line: the lesson has no formula for them, and no trouble with them either."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.unparse import unparse
from tests.conftest import Backprop

CHAINS = {
    "product": lambda n: "*".join(["x"] * n),
    "quotient": lambda n: "/".join(["x"] * n),
    "power": lambda n: "^".join(["x", *["1"] * n]),
    "sines": lambda n: "sin(" * n + "x" + ")" * n,
    "minuses": lambda n: "-" * n + "x",
    "products inside": lambda n: "-(1*" * n + "x" + ")" * n,
    "sum of products": lambda n: "+".join(["x*x"] * n),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_a_chain_of_any_length_is_traced(backprop: Backprop, kind: str) -> None:
    """Formulas are written as long as they are short; every length up to where they end, and one far beyond."""
    formulas = []
    for count in (3, 40, 99, 150, 240, 333, 500, 5_000):
        found = backprop("trace", "-e", f"L = {CHAINS[kind](count)}", "--at", "x=1.0001", "--json")
        assert (found.status, found.err) == (0, "")
        (step,) = json.loads(found.out)["backward"]
        assert step["contribution"] == step["adjoint"]
        formulas.append(step["local"]["formula"] is not None)
    assert formulas[0]
    assert all(before or not after for before, after in pairwise(formulas))
    assert not formulas[-1] or kind == "minuses"


@pytest.mark.parametrize("kind", CHAINS)
def test_a_long_chain_is_written_as_it_was_read(kind: str) -> None:
    tree = parse_expression(CHAINS[kind](5_000))
    assert unparse(parse_expression(unparse(tree))) == unparse(tree)


def test_what_is_written_grows_like_the_statement(backprop: Backprop) -> None:
    """A row for each of n operands, and blanks under a statement with n terms in each: that would be n^2."""

    def written(count: int) -> int:
        weights = [f"w{number}" for number in range(count)]
        text = f"L = {'+'.join(f'x*{weight}' for weight in weights)}"
        found = backprop("trace", "-e", text, "--at", ",".join(f"{name}=1" for name in ["x", *weights]))
        assert (found.status, found.err) == (0, "")
        _, _, backward = found.out.partition("backward")
        return len(backward)

    assert written(1_200) < 2.2 * written(600)


@pytest.mark.parametrize("view", [("--algorithm", "recursive"), ("--paths",)])
def test_a_deep_graph_is_drawn_to_a_certain_depth(backprop: Backprop, view: tuple[str, ...]) -> None:
    """Calls inside calls, and the nodes of a path: each line as long as the graph is deep would be its square."""

    def written(count: int) -> int:
        text = "u0 = x\n" + "\n".join(f"u{number + 1} = u{number} + 1" for number in range(count))
        found = backprop("trace", "-e", text, "--at", "x=1", *view)
        assert (found.status, found.err) == (0, "")
        assert "…" in found.out
        return len(found.out)

    assert written(600) < 2.2 * written(300)
