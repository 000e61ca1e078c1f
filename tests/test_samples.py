"""Every sample against its own comments, and the numbers of the lectures once more, here.

A sample says what to expect in comments: `# expect: z = 1.64; dL/da = 2*z/(a*w^2)` gives numbers (as many digits as are
written are right) or expressions in the sample's names, `# exact: L = 1/4` what --exact must find, `# expect at x = 1: ...`
the same at another point, and `# warns: relu` which warnings there are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli import Graph, build, differentiate, jacobian, parse
from backprop_cli.calculus.exact_text import exact_text
from backprop_cli.commands.values import columns
from backprop_cli.lang.parse import parse_bindings, parse_expression
from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Number
from backprop_cli.limits import OWN
from tests.reference import formula

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SCALAR = sorted(SAMPLES.glob("*.expr"))
_LINE = re.compile(r"# (expect|exact)(?: at (.*?))?: (.*)")
_PARTIAL = re.compile(r"d(\w+)/d(\w+)")


def graph_of(path: Path) -> Graph:
    return build(parse(path.read_bytes(), path.name))


def expectations(path: Path) -> Iterator[tuple[str, dict[str, Expr], str, str]]:
    """How (expect or exact), the point where it is not the sample's own, the quantity and what it should be."""
    for line in path.read_text("utf-8").split("\n"):
        found = _LINE.fullmatch(line)
        if found:
            how, point, listed = found.groups()
            at = {name: value for name, _, value in parse_bindings(point, "point") if value is not None} if point else {}
            for each in listed.split("; "):
                quantity, _, value = each.partition(" = ")
                yield how, at, quantity, value


def data_of(path: Path) -> dict[str, Any]:
    """The columns of the table that a sample names in `# data: table.csv`."""
    named = re.search(r"^# data: (.*)$", path.read_text("utf-8"), re.M)
    return dict(columns(str(SAMPLES / named.group(1)), OWN)) if named else {}


def asked(graph: Graph, quantity: str, at: Mapping[str, Any], exact: bool = False) -> Any:
    """The value of `z`, or of `dL/da`."""
    partial = _PARTIAL.fullmatch(quantity)
    if partial:
        of, by = partial.groups()
        return differentiate(graph, at, of, [by], exact=exact).gradients[by]
    whole = differentiate(graph, at, exact=exact)
    node = graph.names[quantity]
    return whole.record.values[node] if whole.record.plan.needed[node] else jacobian(graph, at, quantity, [], exact=exact).value


def exact_said(found: Any) -> str:
    """An exact number, or an array of them, as samples write it."""
    return f"[{', '.join(map(exact_said, found))}]" if getattr(found, "shape", ()) else exact_text(found)


def right(graph: Graph, at: Mapping[str, Any], ours: Any, said: str) -> bool:
    if getattr(ours, "shape", ()) or any(hasattr(value, "shape") for value in differentiate(graph, at).leaves.values()):
        return right_array(graph, at, ours, said)
    expr = parse_expression(said)
    bare = expr.operands[0] if isinstance(expr, Apply) and expr.head == NEGATE else expr
    if isinstance(bare, Number) and "." in bare.text:
        return abs(ours - float(said)) <= 0.5000001 * 10.0 ** -len(bare.text.partition(".")[2])
    values = {name: differentiate(graph, at, name, []).value for name, node in graph.names.items() if graph.op[node] != -2}
    return math.isclose(ours, float(formula(said, values)), rel_tol=1e-12, abs_tol=1e-15)


def right_array(graph: Graph, at: Mapping[str, Any], ours: Any, said: str) -> bool:
    """Decimals hold to their last digit; a formula is worked out by NumPy with the values of the sample's nodes."""
    if re.fullmatch(r"-?\d+\.\d+", said):
        return abs(ours - float(said)) <= 0.5000001 * 10.0 ** -len(said.partition(".")[2])
    run = differentiate(graph, at)
    values = {name: run.record.values[node] for name, node in graph.names.items() if run.record.plan.needed[node]}
    values |= {name: asked(graph, name, at) for name in re.findall(r"[A-Za-z]\w*", said) if name in graph.names and name not in values}
    expected = eval(said.replace("^", "**"), {"mean": np.mean, "exp": np.exp, "__builtins__": {}}, values)
    return bool(np.allclose(ours, expected, rtol=1e-12, atol=1e-14))


@pytest.mark.parametrize("path", SCALAR, ids=lambda path: path.stem)
def test_a_sample_does_what_its_comments_say(path: Path) -> None:
    graph = graph_of(path)
    expected = list(expectations(path))
    assert expected, "a sample says what to expect"
    for how, at, quantity, said in expected:
        point = {**data_of(path), **at}
        found = asked(graph, quantity, point, exact=how == "exact")
        if how == "exact":
            assert exact_said(found) == said, quantity
        else:
            assert right(graph, point, found, said), f"{quantity} is {found}, not {said}"


@pytest.mark.parametrize("path", SCALAR, ids=lambda path: path.stem)
def test_a_sample_opens_with_what_it_shows_and_carries_its_values(path: Path) -> None:
    title, blank, shows, *_ = path.read_text("utf-8").split("\n")
    assert re.fullmatch(r"# \S.*[.:].*", title)
    assert blank == "#"
    assert shows.startswith("# Shows: ")
    found = differentiate(graph_of(path), data_of(path))
    warns = re.search(r"^# warns: (.*)$", path.read_text("utf-8"), re.M)
    names = warns.group(1).split(", ") if warns else []
    assert sorted(warning.message.split()[0] for warning in found.warnings) == sorted(names)
    assert found.kinked == bool(names)


# ---- the lectures' numbers, said once more ----

SEEDS = [
    ("chain", {}, "v = 1.791759; w = 2.791759; t = 0.358197; z = 1.641803; L = 2.695517"),
    ("chain", {}, "dL/dz = 3.283606; dL/dt = -3.283606; dL/dw = 0.421303; dL/dv = 0.421303; dL/du = 0.0702172"),
    ("chain", {}, "dL/da = 0.1404345; dL/db = 0.4213035; dL/dx = 0.2106517; dL/dy = 3.283606"),
    ("chain", {"a": Fraction(1, 2), "b": 2, "y": 1}, "L = 0.25; dL/da = 0.5; dL/db = 0.25; dL/dx = 0.125; dL/dy = 1.0"),
    ("several-children", {}, "dL/dn = 60.0; dL/dn1 = 10.0; dL/dn2 = 4.0"),
    ("logistic", {}, "z = 0.5; dz/dn = 0.5"),
    ("hidden-layer", {}, "J = 0.125; dJ/dv1 = -0.125; dJ/dv2 = -0.125"),
    ("hidden-layer", {}, "dJ/dw11 = -0.125; dJ/dw12 = -0.125; dJ/dw21 = 0.125; dJ/dw22 = 0.125"),
    ("hidden-relu", {}, "J = 0.5; dJ/dv1 = -1.0; dJ/dv2 = 0.0; dJ/dw11 = -1.0; dJ/dw12 = 0.0; dJ/dw21 = 0.0; dJ/dw22 = 0.0"),
    ("log-likelihood", {}, "a = 0.0; b = 1.0; c = 0.5; d = -0.693147; dd/dc = 2.0; dc/db = -0.25; db/da = 1.0; da/dw0 = -1.0"),
    ("log-likelihood", {}, "dd/dw0 = 0.5; dd/dw1 = 0.5"),
    ("logistic-regression", {}, "L = 0.693147; dL/dw0 = 0.0; dL/dw1 = -0.5"),
    ("logistic-regression", {"w1": 0.5}, "L = 0.545475; dL/dw0 = 0.167773; dL/dw1 = -0.115675"),
    ("polynomial", {}, "E = 18.0; dE/dw0 = 1.0; dE/dw1 = 12.0; dE/dw2 = 15.0"),
    ("neuron", {}, "z = 1.0; L = 8.0; dL/dp = -4.0; dL/dz = -4.0; dL/db = -4.0; dL/dw1 = -4.0; dL/dw2 = 0.0; dL/dw3 = -8.0"),
    ("neuron", {}, "dL/dx1 = -16.0; dL/dx2 = -8.0; dL/dx3 = 20.0"),
    ("micrograd", {}, "g = 24.7041; dg/da = 138.8338; dg/db = 645.5773"),
    ("doubling", {}, "dc/da = 4.0"),
    ("sum-times", {}, "f = -12.0; df/dx = -4.0; df/dy = -4.0; df/dz = 3.0"),
    ("sigmoid-neuron", {}, "f = 0.731059; df/dx0 = 0.393224; df/dx1 = -0.589836"),
    ("sigmoid-neuron", {}, "df/dw0 = -0.196612; df/dw1 = -0.393224; df/dw2 = 0.196612"),
    ("two-inputs", {}, "y = 11.652071; dy/dx1 = 5.5; dy/dx2 = 1.716338"),
    ("shared-input", {}, "e = 6.0; de/da = 2.0; de/db = 5.0"),
    ("product-and-exp", {}, "L = 9.389056; dL/dx = 16.778112; dL/dy = 8.389056"),
    ("network-2-2-2", {}, "E = 0.298371109; dE/dw5 = 0.082167041"),
]  # fmt: skip


@pytest.mark.parametrize(("sample", "at", "said"), SEEDS, ids=[f"{each[0]}: {each[2][:25]}" for each in SEEDS])
def test_the_numbers_of_the_lectures(sample: str, at: dict[str, float], said: str) -> None:
    graph = graph_of(SAMPLES / f"{sample}.expr")
    for each in said.split("; "):
        quantity, _, number = each.partition(" = ")
        found = asked(graph, quantity, at)  # type: ignore[arg-type]
        assert f"{found + 0.0:.{len(number.partition('.')[2])}f}" == number, quantity  # type: ignore[operator]


def test_one_step_of_descent_on_the_2_2_2_network() -> None:
    graph = graph_of(SAMPLES / "network-2-2-2.expr")
    found = differentiate(graph)
    stepped = {name: found.leaves[name] - slope / 2 for name, slope in found.gradients.items()}
    assert list(stepped) == [f"w{n}" for n in range(1, 9)]
    assert f"{stepped['w5']:.8f} {stepped['w1']:.8f}" == "0.35891648 0.14978072"
    assert f"{differentiate(graph, stepped).value:.9f}" == "0.291027774"


def test_one_step_of_descent_in_the_exercises() -> None:
    relu = graph_of(SAMPLES / "hidden-relu.expr")
    found = differentiate(relu)
    for rate, loss in ((Fraction(1, 2), Fraction(1, 32)), (Fraction(1, 10), Fraction(31205, 100_000))):
        stepped = {name: Fraction(found.leaves[name]) - rate * Fraction(slope) for name, slope in found.gradients.items()}
        assert differentiate(relu, stepped, exact=True).value == loss
    regression = graph_of(SAMPLES / "logistic-regression.expr")
    assert differentiate(regression).gradients["w1"] == -0.5
    neuron = graph_of(SAMPLES / "neuron.expr")
    found = differentiate(neuron)
    for rate, loss in ((Fraction(1, 10), Fraction(128, 100)), (Fraction(1, 2), Fraction(32))):
        stepped = {name: Fraction(found.leaves[name]) - rate * Fraction(slope) for name, slope in found.gradients.items()}
        assert differentiate(neuron, stepped, exact=True).value == loss
