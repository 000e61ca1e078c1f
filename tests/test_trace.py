"""`backprop trace`: every step adds up, every formula says what it computes, and the screens look as they should."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from backprop_cli.autodiff import differentiate
from backprop_cli.autodiff.replay import run
from backprop_cli.autodiff.tangents import tangents
from backprop_cli.autodiff.trace import Trace
from backprop_cli.autodiff.walks import Edges, count_paths, iterative, paths, recursive
from backprop_cli.errors import BackpropError
from backprop_cli.graph.build import build
from backprop_cli.lang.parse import parse, parse_expression
from backprop_cli.lang.syntax import same
from backprop_cli.lang.unparse import unparse
from backprop_cli.render import draw
from backprop_cli.render.look import Look
from backprop_cli.render.visible import cells
from backprop_cli.reports.trace import report
from backprop_cli.reports.trace_rails import rails
from backprop_cli.reports.trace_views import View, document
from tests.strategies import Sample, programs

if TYPE_CHECKING:
    from tests.conftest import Backprop

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = sorted(ROOT.glob("samples/*.expr"))
CLOSE = 1e-9


def traced(text: str, at: dict[str, Any] | None = None, opened: bool = False, **more: Any) -> Trace:
    return Trace(differentiate(build(parse(text)), at, **more), opened)


def near(left: float, right: float, size: float = 0.0) -> bool:
    return left == right or abs(left - right) <= CLOSE * max(abs(left), abs(right), size)


def assert_close(left: Any, right: Any) -> None:
    """Nested lists of numbers that are alike."""
    if isinstance(left, list):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_close(one, other)
    else:
        assert left == pytest.approx(right)


def screen(text: str, width: int | None, **view: Any) -> str:
    look = Look(width=width, unicode=not view.pop("ascii", False))
    exact = view.pop("exact", False)
    return "".join(draw(document(report(parse(text), {}, exact=exact), View(**view)), look))


# ---- what is shown is what is computed ----


@pytest.mark.parametrize("opened", [False, True])
@given(sample=programs())
def test_contributions_add_up(opened: bool, sample: Sample) -> None:
    trace = traced(sample.text, sample.at, opened)
    sums: dict[int, list[float]] = {}
    for step in trace.backward():
        sums.setdefault(step.read, []).append(step.contribution)
        total = 0.0
        for each in sums[step.read]:
            total += each
        assert near(step.adjoint, total, sum(map(abs, sums[step.read])))
        assert len(sums[step.read]) == step.nth <= step.count
        if step.local is not None:
            assert near(step.contribution, step.upstream * step.local, abs(step.contribution))
    for name, gradient in trace.run.gradients.items():
        node = trace.graph.names[name]
        if node in sums:
            assert near(math.fsum(sums[node]), gradient, sum(map(abs, sums[node])))
    assert all(len(sums.get(node, [])) == count for node, count in trace.counts.items())


@pytest.mark.parametrize("opened", [False, True])
@given(sample=programs(cornered=False))
def test_formulas_mean_their_numbers(opened: bool, sample: Sample) -> None:
    """Every formula is read back, run by itself at the values of the nodes, and has the local value that was shown."""
    trace = traced(sample.text, sample.at, opened)
    known = {step.node: step.value for step in trace.forward()} | trace.run.leaves
    steps = [step for step in trace.backward() if step.written is not None]
    for step in steps:
        assert step.written is not None
        assert same(parse_expression(step.written.text), step.formula)
    names = {name for name in known if name.isidentifier()}
    assert names == set(known)
    texts = [f"checked_{n} = {step.written.text}" for n, step in enumerate(steps) if step.written is not None]
    values = run(texts, known)
    for number, step in enumerate(steps):
        assert step.local is not None
        assert math.isclose(values[f"checked_{number}"], step.local, rel_tol=1e-7, abs_tol=1e-9), step.written


@given(sample=programs())
def test_forward_mode_finds_the_same_gradients(sample: Sample) -> None:
    found = differentiate(build(parse(sample.text)), sample.at)
    size = dict.fromkeys(found.gradients, 0.0)
    for step in Trace(found).backward():
        if step.operand in size:
            size[step.operand] += abs(step.contribution)
    plan = found.record.plan
    for name, gradient in found.gradients.items():
        moved = tangents(found.record, plan.graph.names[name])[plan.output]
        assert math.isclose(moved or 0.0, gradient, rel_tol=1e-8, abs_tol=1e-9 * (1 + size[name]))


@given(sample=programs())
def test_walks_end_where_the_sweep_ends(sample: Sample) -> None:
    found = differentiate(build(parse(sample.text)), sample.at)
    trace = Trace(found)
    edges = Edges(trace, list(trace.backward()))
    marked = list(iterative(edges))
    assert len(marked) == len(edges.nodes)
    grads = {each.node: each.grad for each in marked}
    before: set[str] = set()
    for each in marked:
        assert set(each.ready) <= before
        before.add(each.node)
    names = [name for name in found.gradients if trace.graph.names[name] in edges.nodes]
    called = list(recursive(edges, [trace.graph.names[name] for name in names]))
    answered = [each.node for each in called if each.what == "answers"]
    assert len(answered) == len(set(answered)), "a gradient is worked out twice"
    last = {each.node: each.value for each in called if each.value is not None}
    counts = count_paths(edges)
    for name in names:
        assert near(grads[name], found.gradients[name])
        assert near(last[name], found.gradients[name], 1e-12)
        node = trace.graph.names[name]
        if 0 < counts[node] <= 200:
            products = [path.product for path in paths(edges, node, 1_000)]
            assert len(products) == counts[node]
            assert math.isclose(math.fsum(products), found.gradients[name], rel_tol=1e-7, abs_tol=1e-9 * (1 + sum(map(abs, products))))


@given(sample=programs())
def test_statements_compiled_beforehand_have_the_same_numbers(sample: Sample) -> None:
    found = report(parse(sample.text), sample.at)
    text = "".join(draw(document(found, View(style="static")), Look()))
    assert "static and tape" in text or "not run" in text


def test_the_paths_of_a_lattice_are_counted_and_the_cap_is_said() -> None:
    text = "x = 1; a0 = x\n" + "\n".join(f"b{n} = 2*a{n}; c{n} = 3*a{n}; a{n + 1} = b{n} + c{n}" for n in range(30)) + "\nL = a30"
    said = screen(text, None, paths=True)
    assert f"{2**30:,} paths, of which the first 20 are shown" in said
    assert f"{5**30:.6g}".replace("e+", "e") in said


# ---- names, spellings, corners ----


def test_own_functions_stay_as_they_were_written() -> None:
    steps = list(traced("f(n) = 1/(1 + exp(-n)); x = 1; h = f(2*x); L = h^2").forward())
    assert [step.written.text for step in steps] == ["f(2*x)", "h^2"]


def test_a_name_of_the_file_is_not_taken_for_an_adjoint() -> None:
    (step, *_) = [each for each in traced("x = [1, 2]; dz = 3; z = x*dz; L = sum(z)").backward() if each.user == "z"]
    assert step.upstream_name == "dz_"


def test_opened_operations_have_names_that_are_free() -> None:
    names = [step.node for step in traced("L_1 = 2; x = 1; L = sin(x) + L_1*x + cos(x)", opened=True).forward()]
    assert len(names) == len(set(names))
    assert "L_1" not in names


def test_a_derivative_that_does_not_exist_where_nothing_flows() -> None:
    trace = traced("x = 0; y = 2; s = sqrt(x); L = 0*s + y", wrt=["x", "y"])
    (step,) = [each for each in trace.backward() if each.operand == "x"]
    assert step.local is None
    assert step.adjoint == 0
    assert "nothing arrives, nothing flows" in screen("x = 0; y = 2; s = sqrt(x); L = 0*s + y", None)


def test_an_infinite_derivative_by_a_leaf_nobody_asked_for() -> None:
    text = "input x = 0; param a = 2; L = sqrt(x)*1 + a^2"
    found = report(parse(text), {})
    assert found.gradients == {"a": 4.0}
    with pytest.raises(Exception, match=r"sqrt"):
        report(parse(text), {}, wrt=["x"])


def test_sums_are_rows_of_their_own() -> None:
    said = screen("x = 0.5; s = sin(x); p = s*x; q = s^2; r = p + q; L = r*s", None)
    assert "3 contributions meet" in said
    assert "so far, 2 of 3" in said
    assert re.search(r"∂L/∂s \+=  0\.469562", said)
    assert re.search(r"∂L/∂s  =  1\.16897", said)


def test_warnings_stand_in_the_order_of_the_file() -> None:
    text = "x = 0; a = relu(x)\nb = abs(x)\nc = max(x, 0)\nL = c + b + a"
    said = re.findall(r"^! \w+.*\(line (\d)\)", screen(text, None), re.MULTILINE)
    assert said == sorted(said)
    assert len(said) == 3


def test_a_long_derivative_comes_with_a_hint() -> None:
    text = "s(p) = 1/(1 + exp(-p))\nx = 1\nL = s(s(x*2) + 3)^2/(1 + x)"
    assert "--ops opens assignments" in screen(text, 80)
    assert "--ops opens assignments" not in screen("x = 1; L = x^2", 80)


def test_powers_of_ten_are_spelled_alike() -> None:
    said = screen("x = 1e-5; y = 1E+200; L = x*y + 1E+03*x", None)
    assert "1e-5 × 1e200 + 1e3 × 1e-5" in said
    assert not re.search(r"[0-9]e[+]|[0-9]e-?0", said.replace("1E+03*x", ""))


def test_reuse_is_told() -> None:
    said = screen((ROOT / "samples/chain.expr").read_text("utf-8"), None)
    assert "∂L/∂w computed once, used for a and b" in said
    assert "reused" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = -3; L = relu(x)", "relu passes nothing back: its slope is 0 at x = -3"),
        ("x = 12; L = sigmoid(x)", "sigmoid is saturated"),
        ("x = [-1, 2]; L = sum(relu(x))", "relu passes nothing back in 1 of 2 entries"),
        ("x = 0; L = relu(x)", "relu'(0) = 0"),
        ("w = 0; x = 3; z = w*x; L = z^2", "∂L/∂w vanishes: nothing arrives from above: ∂L/∂z = 0"),
        ("a = 2; b = 0; L = a*b", "∂L/∂a vanishes: the local derivative is 0"),
    ],
)
def test_notes(text: str, said: str) -> None:
    assert said in screen(text, None)


def test_rails_join_cross_and_end() -> None:
    # s is read by p, q and L; x by s and p
    drawn = rails([(0, ()), (1, (0,)), (2, (1, 0)), (3, (1,)), (4, (2, 3)), (5, (4, 1))])
    assert drawn == ["╭───────╴", "├─┬─────▶", "╰─┼─┬───▶", "╭─┼─│───▶", "╰─│─┴─┬─▶", "  ╰───┴─▶"]


def test_too_many_rails_are_not_drawn() -> None:
    assert rails([(n, ()) for n in range(40)] + [(99, tuple(range(40)))]) is None


# ---- exact ----


def test_exact_numbers_of_the_chain() -> None:
    said = screen((ROOT / "samples/chain-exact.expr").read_text("utf-8"), None, exact=True)
    for line in ("∂L/∂t = -1", "∂L/∂w =  1/4", "∂L/∂u =  1/4", "∂L/∂x =  1/8", "∂L/∂a =  1/2", "-1 × (-1/4)"):
        assert line in said


# ---- arrays ----


def test_matrix_rules_stand_as_text() -> None:
    text = "X=[[1,2],[2,1]];W=[[1,-1],[2,0]];b=[[0],[1]];Z = W @ X + b; J = sum(Z^2)/2"
    said = screen(text, None)
    for rule in ("dW = dZ @ X.T", "dX = W.T @ dZ", "db = sum(dZ, axis=1, keepdims=1)"):
        assert rule in said
    written = screen(text, None, elementwise=True)
    assert "∂J/∂X_ik = Σ_j W_ji · ∂J/∂Z_jk" in written
    assert "dX[0, 0] = W[0, 0]*dZ[0, 0] + W[1, 0]*dZ[1, 0]" in written


@pytest.mark.parametrize(
    "path", [path for path in SAMPLES if re.search(r"@|sum\(|\[\[", path.read_text("utf-8"))], ids=lambda path: path.stem
)
def test_formulas_between_arrays_mean_their_numbers(path: Path) -> None:
    import numpy as np

    try:
        trace = Trace(report(parse(path.read_text("utf-8")), {}).found)
    except Exception:
        pytest.skip("needs values from a file")
    known = {step.node: step.value for step in trace.forward()} | trace.run.leaves
    for step in trace.backward():
        if step.written is None or step.spread:
            continue
        values = run([f"checked = {step.written.text}"], known | ({} if step.factor else {step.upstream_name: step.upstream}))
        shown = step.local if step.factor else step.contribution
        assert np.allclose(np.broadcast_to(values["checked"], np.shape(shown)), shown), step.written.text


def test_forward_mode_of_arrays() -> None:
    import numpy as np

    text = "W=[[1,-1],[2,0.5]]; x=[1,2]; z = softmax(W @ x); L = norm(z) + max(z) + mean(x)*prod(x) + logsumexp(x)"
    found = differentiate(build(parse(text)))
    graph = found.record.plan.graph
    for name, gradient in found.gradients.items():
        for entry in np.ndindex(np.shape(gradient)):
            moved = tangents(found.record, graph.names[name], entry)[graph.names["L"]]
            assert np.allclose(moved, gradient[entry])


# ---- the command line ----


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("options", [[], ["--ops"], ["--exact"]], ids=["plain", "ops", "exact"])
def test_json(path: Path, options: list[str], backprop: Backprop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = backprop("trace", str(path), "--json", *options)
    if ran.status == 2:
        assert json.loads(ran.err)
        pytest.skip("this sample needs data, or has no exact value")
    data = json.loads(ran.out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    assert list(data)[:6] == ["output", "value", "forward", "backward", "gradients", "warnings"]
    assert all(list(each) == ["node", "line", "expression", "operands", "value"] for each in data["forward"])
    keys = ["user", "operand", "rule", "local", "upstream", "contribution", "adjoint"]
    assert all(list(each) == keys and list(each["local"]) == ["formula", "value"] for each in data["backward"])
    last = {each["operand"]: each["adjoint"] for each in data["backward"]}
    for name, gradient in data["gradients"].items():
        if name in last:
            assert_close(last[name], gradient)
    lines = path.read_text("utf-8").split("\n")
    if not options:
        assert all(each["node"] in lines[each["line"] - 1] for each in data["forward"])


VIEW_KEYS = {
    "--paths": {"paths"},
    "--algorithm=iterative": {"iterative"},
    "--algorithm=recursive": {"recursive"},
    "--mode=both": {"tangents", "operations"},
    "--mode=forward": {"tangents", "operations"},
    "--style=static": {"static"},
    "--style=tape": {"tape"},
    "--expand": {"expanded"},
    "--symbolic": {"closed_forms"},
    "--elementwise": {"entries"},
}


@pytest.mark.parametrize("sample", ["several-children", "neurons", "leaf-and-kink"])
@pytest.mark.parametrize("option", VIEW_KEYS)
def test_views_are_further_keys_of_the_data(option: str, sample: str, backprop: Backprop) -> None:
    file = str(ROOT / f"samples/{sample}.expr")
    alone, found = (json.loads(backprop("trace", file, "--json", *options).out) for options in ([], [option]))
    assert found.keys() - alone.keys() == VIEW_KEYS[option]
    assert {key: found[key] for key in alone} == alone


def test_views_as_data_end_in_the_gradients(backprop: Backprop) -> None:
    def view(*options: str) -> Any:
        return json.loads(backprop("trace", str(ROOT / "samples/several-children.expr"), "--json", *options).out)

    gradients = view()["gradients"]
    for name, told in view("--paths")["paths"].items():
        assert told["count"] == len(told["paths"])
        assert sum(path["product"] for path in told["paths"]) == told["sum"] == gradients[name]
        assert all(math.prod(path["factors"]) == path["product"] for path in told["paths"])
    assert {each["leaf"]: each["nodes"]["L"] for each in view("--mode", "both")["tangents"]} == gradients
    assert {each["node"]: each["grad"] for each in view("--algorithm", "iterative")["iterative"]}.items() >= gradients.items()
    assert {each["node"]: each["value"] for each in view("--algorithm", "recursive")["recursive"]}.items() >= gradients.items()
    assert {each["node"]: each["value"] for each in view("--style", "static")["static"]}.items() >= gradients.items()
    assert {each["operand"]: each["adjoint"] for each in view("--style", "tape")["tape"]["replayed"]}.items() >= gradients.items()
    assert view("--expand")["expanded"]["expression"] == "(x*y)^2*(5*(x*y))"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_golden_screens(path: Path, backprop: Backprop, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = backprop("trace", f"samples/{path.name}")
    if ran.status == 2:
        pytest.skip("this sample needs data")
    golden(f"trace/{path.stem}.txt", ran.out)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["chain", "several-children", "network-2-2-2", "neurons"])
def test_golden_terminals(width: int, name: str, golden: Callable[[str, str], None]) -> None:
    said = screen((ROOT / f"samples/{name}.expr").read_text("utf-8"), width)
    if name != "neurons":
        assert max(map(len, said.split("\n"))) <= width
    golden(f"trace/{name}-at-{width}.txt", said)


VIEWS = {
    "symbolic": View(symbolic=True),
    "forward": View(mode="forward"),
    "both": View(mode="both"),
    "iterative": View(algorithm="iterative"),
    "recursive": View(algorithm="recursive"),
    "static": View(style="static"),
    "tape": View(style="tape"),
    "paths": View(paths=True),
    "expand": View(expand=True),
    "elementwise": View(elementwise=True),
}


@pytest.mark.parametrize("name", VIEWS)
def test_golden_views(name: str, golden: Callable[[str, str], None]) -> None:
    sample = {"elementwise": "neurons"}.get(name, "several-children" if name in ("paths", "iterative", "recursive") else "chain")
    found = report(parse((ROOT / f"samples/{sample}.expr").read_text("utf-8")), {})
    golden(f"trace/view-{name}.txt", "".join(draw(document(found, VIEWS[name]), Look())))


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_view_of_every_sample(name: str, path: Path) -> None:
    if name == "expand":
        pytest.skip("SymPy's part is tested with the oracles")
    try:
        found = report(parse(path.read_text("utf-8")), {})
    except Exception:
        pytest.skip("needs values from a file")
    assert "".join(draw(document(found, VIEWS[name]), Look(width=80, unicode=False))).isascii()


WIDE = """
param X = [[1, 2, 3, 4, 5, 6, 7], [8, 9, 8, 7, 6, 5, 4]]
hidden_preactivation = [[0.123456, -0.5], [1.5, 2.75], [0.001, 1e-7]] @ X + 1
hidden_activation = tanh(hidden_preactivation/10)
v = [0.123456789, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.3456789, 13, 14, 15, 16, 17, 18.5, 19.25]
s(p, q) = log(1 + exp(p*q))/(p + q)
m = s(X[0, 1], 2) + s(X[1, 1], mean(v))^2
L = mean(sum(hidden_activation*hidden_activation, axis=0)) + 0.01*sum(X^2) - dot(v, v)/10 + m
"""


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("path", [None, *SAMPLES], ids=lambda path: path.stem if path else "wide")
def test_no_line_is_wider_than_the_terminal(name: str, path: Path | None) -> None:
    try:
        found = report(parse(WIDE if path is None else path.read_text("utf-8")), {})
    except BackpropError:
        pytest.skip("needs values from a file")
    for width in (80, 120):
        for line in "".join(draw(document(found, VIEWS[name]), Look(width=width))).split("\n"):
            assert cells(line) <= width, line
            assert not re.search("[\ue000-\uf8ff]", line)


def test_the_rows_of_a_matrix_are_never_broken() -> None:
    text = "X = [[0.123456, -1.5, 22.75, 3, 4, 5.5], [1, 2, 3, 4, 5, 6.789], [9, 8, 7, 6, 5, 4]]; Y = tanh(X/10)*X; L = sum(Y*X + X)"
    drawn = "".join(draw(document(report(parse(text), {})), Look(width=80)))
    rows = [line[line.index("[") :] for line in drawn.split("\n") if re.search(r"\[[ -]*\d", line)]
    assert len(rows) >= 15
    for row in rows:
        assert re.fullmatch(r"\[{1,2}[^][]+\](,|\])?", row), row
        assert len(row.split(",")) >= 6 or "..." in row


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("text", ["L = 2", "x = 2; L = x", "x = [1, 2]; L = sum(x)", "x = 2; L = 3 + 0*x"])
def test_every_view_of_next_to_nothing(name: str, text: str) -> None:
    assert screen(text, 80, **{field: getattr(VIEWS[name], field) for field in View.__slots__})


def test_symbolic_needs_no_values(backprop: Backprop) -> None:
    ran = backprop("trace", "-e", "u = x*a; L = log(u)^2", "--symbolic")
    assert ran.status == 0
    assert "∂u/∂x = a" in ran.out
    assert not re.search(r"\d\.\d", ran.out)


def test_ascii_and_no_colour(backprop: Backprop) -> None:
    ran = backprop("trace", "samples/chain.expr", "--ascii")
    assert ran.out.isascii()
    assert "\x1b" not in backprop("trace", "samples/chain.expr").out
    assert "\x1b[" in backprop("trace", "samples/chain.expr", "--color", "always").out


@pytest.mark.parametrize(
    ("options", "reference"),
    [
        (["--mode", "sideways"], "bad-choice"),
        (["--symbolic", "--mode", "both"], "two-views"),
        (["-o", "trace.docx"], "unknown-format"),
        (["--format", "html"], "bad-choice"),
        (["--step"], "no-terminal"),
    ],
)
def test_bad_usage(options: list[str], reference: str, backprop: Backprop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = backprop("trace", str(ROOT / "samples/chain.expr"), *options)
    assert (ran.status, ran.out) == (2, "")
    assert f"error[{reference}]" in ran.err


def test_ten_thousand_statements_stream() -> None:
    text = "x = 0.5; a = 0.3; v0 = x\n" + "\n".join(f"v{n} = sin(v{n - 1}) + a" for n in range(1, 10_000))
    found = report(parse(text), {})
    count = sum(1 for _ in draw(document(found), Look(width=120)))
    assert count > 30_000
    lines = draw(document(found), Look())
    begun = time.perf_counter()
    first = [next(lines) for _ in range(50)]
    assert first
    assert time.perf_counter() - begun < 60, "the first lines wait for the last"


def test_patterns_add_up_one_by_one(backprop: Backprop, tmp_path: Path) -> None:
    table = tmp_path / "train.csv"
    table.write_text("x,y\n0,0\n1,0\n2,1\n3,1\n", "utf-8")
    logistic = "param w0 = 0, w1 = 0; p = sigmoid(w0 + w1*x); L = "
    whole = backprop("trace", "-e", logistic + "-mean(y*log(p) + (1 - y)*log(1 - p))", "--data", str(table)).out
    assert re.search(r"4 +0\.693147 +-0\.5 +0 +-1\.5 +-2\n", whole)
    assert "the sum divided by 4" in whole
    one = backprop("trace", "-e", logistic + "(y - p)^2/2", "--data", str(table)).out
    assert "∂p/∂w0 = p*(1 - p)" in one
    assert re.search(r"all +0\.5 +0 +-0\.5\n", one)


# ---- one step at a time ----


_OWNING = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    "end", [b"q", b"\x03", b"g\x03", b"\x04", b""], ids=["quit", "Ctrl-C", "Ctrl-C-in-a-guess", "Ctrl-D", "terminated"]
)
def test_step_by_step(end: bytes) -> None:
    import pty
    import select
    import termios

    master, slave = pty.openpty()
    import fcntl
    import struct

    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(slave)
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "FORCE_COLOR")}
    environ |= {"NO_COLOR": "1", "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "backprop_cli", "trace", "samples/chain.expr", "--step"]
    process = subprocess.Popen(  # the child must own its terminal before it starts, or Ctrl-C does not reach it
        [sys.executable, "-c", _OWNING, *command], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
    )

    def read(until: str) -> str:
        seen = ""
        deadline = time.monotonic() + 20
        while until not in seen and time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                seen += os.read(master, 65536).decode("utf-8", "replace")
        assert until in seen, seen
        return seen

    read("q quit")
    os.write(master, b" ")
    assert "u = x*a = 2 × 3 = 6" in read("forward 1 of 6")
    os.write(master, b"\x1b[C")
    read("forward 2 of 6")
    os.write(master, b"\x1b[D")
    read("forward 1 of 6")
    os.write(master, b"n" * 6)
    read("backward 1 of 10")
    os.write(master, b"g")
    read("∂L/∂z = ?")
    os.write(master, b"3.28\r")
    shown = read("right: 3.28")
    assert "1 × 3.28361 = 3.28361" in shown
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "").split("\n")) <= 80
    os.write(master, b"\x1b[C")
    read("backward 3 of 10")
    os.write(master, b"\x1a")  # Ctrl-Z changes nothing; between two keys it may suspend, as everywhere
    process.send_signal(signal.SIGCONT)
    os.write(master, end[:1])
    if len(end) > 1:
        read("∂L/∂t = ?")
        os.write(master, end[1:])
    if not end:
        process.terminate()
    assert "\x1b[?25h" in read("\x1b[?1049l")
    process.send_signal(signal.SIGCONT)  # a slow terminal may have sent that Ctrl-Z just now
    assert process.wait(20) == (0 if end in (b"q", b"\x04") else 130)
    assert termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)


def test_no_walk_where_keys_cannot_be_read(backprop: Backprop, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_cli.commands import stepping

    monkeypatch.setattr(stepping, "find_spec", lambda name: None)
    ran = backprop("trace", "-e", "x = 1; L = x^2", "--step")
    assert (ran.status, ran.out) == (2, "")
    assert "error[no-terminal]: --step needs a POSIX terminal" in ran.err
    assert "leave --step out" in ran.err


def test_a_walk_forward_and_back_shows_what_is_known() -> None:
    from backprop_cli.render.step import frame
    from backprop_cli.reports.trace_step import lesson

    plan = lesson(report(parse((ROOT / "samples/several-children.expr").read_text("utf-8")), {}))
    look = Look(width=80)
    boards = [frame(plan, position, look, 24) for position in range(len(plan.moves) + 1)]
    assert "nothing is computed yet" in boards[0][0]
    assert not any("40" in line for line in boards[3])
    assert any("40" in line for line in boards[4])
    for board in boards:
        assert len(board) <= 24
        assert all(len(line) <= 80 for line in board)
    assert any("contribution 2 of 2 that meet at n" in line for board in boards for line in board)


def test_unparse_is_the_text_of_a_pattern() -> None:
    for step in traced((ROOT / "samples/micrograd.expr").read_text("utf-8")).forward():
        assert unparse(step.expression) == step.written.text
