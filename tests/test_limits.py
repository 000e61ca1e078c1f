"""Untrusted input: what is long, deep, explosive or malicious is worked out, or refused in words before the work begins."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given

from backprop_cli import Limits, build, differentiate, grad, parse
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.lang.parse import parse_expression, read
from backprop_cli.lang.syntax import Apply, Name, fold, postorder, same
from backprop_cli.lang.unparse import unparse
from tests.strategies import hostile


def refused(text: str | bytes, limits: Limits | None = None) -> Diagnostic:
    with pytest.raises(BackpropError) as caught:
        build(read(text, limits=limits or Limits()), limits=limits or Limits())
    (found,) = caught.value.diagnostics
    return found


# ---- long and deep: nothing here recurses ----

LONG = {
    "100,000 chained statements": ("u0 = x + 1\n" + "".join(f"u{n + 1} = u{n} + x\n" for n in range(100_000)), 100_002, 100_001),
    "20,000 nested parentheses": ("L = " + "(" * 20_000 + "x" + ")" * 20_000 + "*2", 2, 2),
    "20,000 nested sums": ("L = " + "(x + " * 20_000 + "x" + ")" * 20_000, 20_001, 20_001),
    "100,000 unary minuses": ("L = " + "-" * 100_000 + "x", 1, 1),
    "100,000 terms": ("L = " + " + ".join(["x"] * 100_000), 100_000, 100_000),
    "20,000 nested functions": ("L = " + "sin(" * 20_000 + "x*0" + ")" * 20_000, 0, 0),
    "20,000 stacked powers": ("L = " + "^".join(["x"] * 20_000), 1, None),
    "5,000 nested choices": ("L = " + "where(x > 0, " * 5_000 + "2*x" + ", 3)" * 5_000, 2, 2),
    "10,000 lines in one bracket": ("L = (" + "x +\n" * 10_000 + "x)", 10_001, 10_001),
    "a function called 20,000 times": ("f(p) = p + 1\nu0 = x\n" + "".join(f"u{n + 1} = f(u{n})\n" for n in range(20_000)), 20_001, 1),
    "5,000 functions": ("f0(p) = p\n" + "".join(f"f{n + 1}(p) = f{n}(p) + 1\n" for n in range(5_000)) + "L = f5000(x)", 5_001, 1),
}  # fmt: skip


@pytest.mark.parametrize("what", LONG)
def test_long_and_deep_programs_are_read_built_and_differentiated(what: str) -> None:
    text, value, slope = LONG[what]
    found = grad(text, {"x": 1})
    value_found, slope_found = found.value, found.gradients["x"]  # a failure must not print the whole graph
    assert value_found == value
    assert slope is None or slope_found == slope


def test_a_deep_tree_is_walked_printed_and_compared() -> None:
    text = "(x + " * 20_000 + "x" + ")" * 20_000
    tree = parse_expression(text)
    assert same(parse_expression(unparse(tree)), tree)
    assert sum(1 for _ in postorder(tree)) == 40_001
    assert fold(tree, lambda part, below: 1 + max(below, default=0)) == 20_001


def test_a_deep_node_tells_its_expression_and_its_place() -> None:
    text = "L = " + "(x + " * 5_000 + "x" + ")" * 5_000
    graph = build(parse(text))
    deepest, top = graph.node(1), graph.node(len(graph) - 1)
    assert unparse(deepest.expr) == "x + x"
    assert (text[deepest.span.start : deepest.span.end], top.span.end - top.span.start) == ("x + x", len(text) - 6)


def test_repeated_squaring_costs_a_node_for_each_line() -> None:
    """Written out, u40 would have 2^40 factors."""
    text = "u0 = x\n" + "".join(f"u{n + 1} = u{n}*u{n}\n" for n in range(40))
    assert grad(text, {"x": 1}).gradients == {"x": float(2**40)}
    assert len(build(parse(text))) <= 42


def test_a_domain_error_at_the_end_of_a_long_program_is_told_shortly() -> None:
    text = "u0 = x\n" + "".join(f"u{n + 1} = u{n} + 1\n" for n in range(20_000)) + "L = log(u20000 - 30000)"
    with pytest.raises(BackpropError) as caught:
        grad(text, {"x": 1})
    (found,) = caught.value.diagnostics
    assert found.message == "log of a negative number, -9999"
    assert len(found.trail) <= 4


# ---- limits ----


@pytest.mark.parametrize(
    ("text", "limits", "reference", "met"),
    [
        (b"y = 1" + b" " * 100, Limits(file_bytes=100), "file-too-large", "100 bytes"),
        ("y = " + "(" * 300 + "x" + ")" * 300, Limits(nesting=200), "nested-too-deeply", "200"),
        ("f(p) = " + "(" * 300 + "p" + ")" * 300, Limits(nesting=200), "nested-too-deeply", "200"),
        ("y = " + "[" * 300 + "x" + "]" * 300, Limits(nesting=200), "nested-too-deeply", "200"),
        ("y = " + "+".join("x" * 30), Limits(nodes=20), "too-many-nodes", "20"),
        ("f(p) = p*p*p*p\n" + "y = " + "f(" * 10 + "x" + ")" * 10, Limits(nodes=20), "too-many-nodes", "20"),
        ("y = 1" + "0" * 200, Limits(digits=100), "literal-too-long", "201 digits; the limit is 100"),
        ("y = 1e-150", Limits(exponent=100), "literal-out-of-range", "100"),
        ("y = 1e-" + "9" * 5000, Limits(), "literal-out-of-range", "400"),
        ("y = x^" + "9" * 20_000, Limits(), "literal-too-long", "20,000 digits"),
        ("input x = 1e-999", Limits(), "literal-out-of-range", "400"),
        ("f(p) = p*1e-999\ny = f(2)", Limits(), "literal-out-of-range", "400"),
    ],
)
def test_a_limit_is_named_with_the_value_met(text: str | bytes, limits: Limits, reference: str, met: str) -> None:
    found = refused(text, limits)
    assert found.reference == reference
    assert met in found.message


def test_what_is_just_within_the_limits_passes() -> None:
    limits = Limits(file_bytes=500, nesting=200, digits=100, exponent=100)
    assert parse(b"y = 1" + b" " * 495, limits=limits).statements
    assert parse("y = " + "(" * 200 + "x" + ")" * 200, limits=limits).statements
    assert parse("y = " + "1" * 100 + " + 1e-100", limits=limits).statements


def test_thirty_doubling_functions_are_refused() -> None:
    """2^31 nodes from 900 bytes: were they made, this test would not end."""
    doubling = "f0(x) = x*x\n" + "".join(f"f{n}(x) = f{n - 1}(x) + f{n - 1}(x)\n" for n in range(1, 31)) + "L = f30(2)"
    assert refused(doubling).reference == "too-many-nodes"


@pytest.mark.parametrize("text", ["9^9^9^9", "2^(10^9)", "x^(10^9)", "exp(exp(exp(exp(x))))", "x^" + "9" * 300])
def test_powers_that_explode_overflow_in_words(text: str) -> None:
    with pytest.raises(BackpropError) as caught:
        grad(f"L = {text} + 0*x", {"x": 2})
    assert caught.value.diagnostics[0].reference == "overflow"


# ---- text is never run ----

ATTACKS = [
    "__import__('os').system('touch /tmp/owned')",
    "().__class__.__bases__[0].__subclasses__()",
    "f'{open(1)}'",
    "lambda: open('/etc/passwd')",
    "[x for x in open('f')]",
    "exec(open)",
    "eval(x)",
    "open(x)",
    "compile(x, y, z)",
    "getattr(x, y)",
    "Symbol(x).subs(y, z)",
    "x.__class__",
    "exit(0)",
    "print(1)",
    "sympify(x)",
    "`id`",
    "$(id)",
    "@x",
    "x if open(1) else y",
    "x\n=import os",
    "(x := 1)",
    "a; import os",
]
_watched: list[str] | None = None
_DANGEROUS = ("open", "os.", "subprocess.", "socket.", "shutil.", "import", "pty.", "ctypes.", "compile", "exec")


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _watched is not None and event.startswith(_DANGEROUS):
        # The table's own formulas are compiled once each, under this name.
        if event in ("compile", "exec") and "<backprop " in str(arguments):
            return
        _watched.append(f"{event} {arguments}")


@pytest.fixture(scope="module", autouse=True)
def _listening() -> None:
    sys.addaudithook(_hook)


@contextmanager
def watching() -> Iterator[list[str]]:
    """What Python does meanwhile that touches files, processes, sockets or code."""
    global _watched  # noqa: PLW0603 - an audit hook can be added but never taken away
    seen: list[str] = []
    _watched = seen
    try:
        yield seen
    finally:
        _watched = None


def run(text: str) -> None:
    try:
        found = read(text)
        differentiate(build(found), dict.fromkeys(build(found).leaves, 1.5))
    except BackpropError:
        return


def test_the_watch_sees_what_it_should() -> None:
    with watching() as seen, open(__file__, "rb"):
        eval("1 + 1")
    assert [event.split()[0] for event in seen] == ["open", "compile", "exec"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_code_in_a_text_is_not_run(attack: str) -> None:
    run("y = x^2 + sin(x)\nz = q\nw = 'x'\nv = (")  # what is loaded on first use is loaded now
    with watching() as seen:
        run(f"y = {attack}")
        run(f"{attack} = 1")
        run(f"input x = {attack}")
        run(f"f(x) = {attack}\ny = f(2)")
    assert seen == []


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if not attack.startswith("exec")])
def test_code_in_a_text_is_a_mistake_with_a_place(attack: str) -> None:
    with pytest.raises(BackpropError) as caught:
        grad(f"y = {attack}", {"x": 1})
    assert all(found.span for found in caught.value.diagnostics)


@given(hostile())
def test_no_text_ends_in_anything_but_a_gradient_or_words(text: str) -> None:
    run(text)
    run(f"x = {text}\ny = x")


def test_names_never_reach_generated_code() -> None:
    """Python's own words as names, and names that the generated loops use themselves."""
    names = [
        "def",
        "return",
        "v",
        "d",
        "i",
        "k",
        "g",
        "a",
        "b",
        "o",
        "more",
        "codes",
        "nodes",
        "__builtins__",
        "zip",
        "x0",
        "exp",
        "number_1",
    ]
    text = "\n".join(f"{name} = {n + 2}" for n, name in enumerate(names)) + "\nL = " + " + ".join(f"log({name})*2" for name in names)
    found = grad(text)
    assert found.gradients == pytest.approx({name: 2 / (n + 2) for n, name in enumerate(names)})


def test_a_tree_made_by_hand_prints_no_more_than_its_names() -> None:
    assert unparse(Apply("+", (Name("a"), Name("b")))) == "a + b"
