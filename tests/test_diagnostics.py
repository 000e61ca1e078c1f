"""The error screens, one for each class of error: drawn into golden files, and read by people before they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from backprop_cli.errors import BackpropError, Diagnostic, Remark, Source, Span
from backprop_cli.render.diagnostic import drawing, errors_data
from backprop_cli.render.look import Look
from backprop_cli.render.visible import cells, visible

if TYPE_CHECKING:
    from tests.conftest import Backprop

# name of the golden file: (text, further options)
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    # syntax
    "missing-operator": ("x = 3\nw = v + 2x\n", ()),
    "missing-operator-names": ("a = 1; b = 2\nL = a b\n", ()),
    "missing-operator-call": ("a = 1; b = 2\nL = a(b + 1)\n", ()),
    "missing-operand": ("x = 3\nL = x *\ny = 2\n", ()),
    "missing-operand-end": ("x = 3\nL = x**", ()),
    "two-operators": ("x = 3\nL = x */ 2\n", ()),
    "unclosed-bracket": ("x = 3\nu = (x + 1\nL = u\n", ()),
    "unmatched-bracket": ("x = 3\nL = x + 1)\n", ()),
    "no-assignment": ("x = 3\nx + 1\n", ()),
    "two-equals": ("x = 3\nL = x = 4\n", ()),
    "bad-target": ("x = 3\n2*x = 4\n", ()),
    "number-as-target": ("2 = x\n", ()),
    "reserved-word": ("input = 3\n", ()),
    "semicolon-in-brackets": ("L = (1; 2)\n", ()),
    "empty-call": ("L = exp()\n", ()),
    "code": ("L = __import__('os').system('id')\n", ()),
    "attribute": ("x = 1\nL = x.real\n", ()),
    "percent": ("x = 1\nL = x % 2\n", ()),
    "strange-character": ("x = 1\nL = x ∞ 2\n", ()),
    "bidirectional": ("x = 1\nL = x # \u202e 2 = L\n", ()),
    "zero-width": ("x = 1\nL = x\u200b + 2\n", ()),
    "nul": ("x = 1\nL = x\0\n", ()),
    "escape-code": ("x = 1\nL = x\x1b[31m\n", ()),
    "huge-literal": ("L = 1e999\n", ()),
    "long-literal": (f"L = {'1' * 2000}\n", ()),
    "huge-exponent": ("L = 1e100000000\n", ()),
    "empty": ("# nothing\n", ()),
    "choice": ("x = 1\ny = 1 if x else 2\n", ()),
    "and": ("x = 1\ny = x and 2\n", ()),
    "not": ("x = 1\ny = not x\n", ()),
    "hexadecimal": ("y = 0x10\n", ()),
    "grouped-digits": ("y = 10_000*2\n", ()),
    "declared-number": ("param 3\n", ()),
    "power-of-function": ("x = 1\ny = sin²(x)\n", ()),
    "inverse-function": ("x = 1\ny = sin^-1(x)\n", ()),
    "keyword-first": ("x = 1\ny = leaky_relu(slope=0.1, x)\n", ()),
    "keepdims": ("x = [1, 2]\ny = sum(sum(x, keepdims=2))\n", ()),
    # names
    "used-above": ("L = u + 1\nu = 3\n", ()),
    "used-above-pi": ("L = pi + 1\npi = 3\n", ()),
    "assigned-twice": ("u = 3\nv = 2\nu = 4\n", ()),
    "declared-twice": ("input x = 3\nx = 4\n", ()),
    "unknown-function": ("x = 3\nL = sigmiod(x)\n", ()),
    "unknown-function-lg": ("x = 3\nL = lg(x)\n", ()),
    "function-as-name": ("x = 3\nL = exp + x\n", ()),
    "too-few-arguments": ("x = 3\nL = atan2(x)\n", ()),
    "too-many-arguments": ("x = 3\nL = exp(x, 2)\n", ()),
    "unknown-keyword": ("x = 3\nL = elu(x, beta=2)\n", ()),
    "recursion": ("f(x) = f(x - 1)*x\nL = f(3)\n", ()),
    "own-function-twice": ("f(x) = x\nf(x) = 2*x\nL = f(1)\n", ()),
    "parameter-twice": ("f(x, x) = x\nL = f(1, 2)\n", ()),
    "own-function-arguments": ("f(x, y) = x*y\nL = f(1)\n", ()),
    "missing-value": ("y = 2\nL = (w*x - y)^2\n", ()),
    "unknown-wrt": ("alpha = 2\nL = alpha^2\n", ("--wrt", "alhpa")),
    "unknown-of": ("alpha = 2\nL = alpha^2\n", ("--of", "M")),
    "unknown-at": ("alpha = 2\nL = alpha^2\n", ("--at", "alfa=2")),
    "at-computed": ("x = 2\nu = x^2\nL = u\n", ("--at", "u=2")),
    "at-syntax": ("L = x\n", ("--at", "x=2+")),
    "at-empty": ("L = x\n", ("--at", "")),
    "at-number": ("L = x\n", ("--at", "2=1")),
    "at-compared": ("L = x\n", ("--at", "x==2")),
    "at-without-comma": ("L = x*a\n", ("--at", "x=2 a=3")),
    "at-ends-in-comma": ("L = x\n", ("--at", "x=2,")),
    "of-empty": ("L = 2\n", ("--of", "")),
    # values
    "log-of-negative": ("x = 2\nu = x*a\nv = log(u)\nL = v^2\n", ("--at", "a=-3")),
    "log-of-zero": ("x = 0\nL = log(x)\n", ()),
    "division-by-zero": ("x = 1\nu = x - 1\nL = 1/u\n", ()),
    "sqrt-of-negative": ("x = -4\nL = sqrt(x)\n", ()),
    "power-without-real-value": ("x = -4\nL = x^0.5\n", ()),
    "zero-to-negative-power": ("x = 0\nL = x^-2\n", ()),
    "infinite-derivative": ("x = 0\nL = sqrt(x)\n", ()),
    "exponent-of-negative-base": ("x = -2\nn = 2\nL = x^n\n", ("--wrt", "n")),
    "domain-in-own-function": ("f(t) = log(t - 3)\nx = 1\nL = f(x^2)\n", ()),
    "asin": ("x = 2\nL = asin(x)\n", ()),
    "atan2-at-origin": ("x = 0; y = 0\nL = atan2(y, x)\n", ()),
    "overflow": ("x = 1000\nL = exp(x)\n", ()),
    "overflow-stable-spelling": ("z = -1000\nL = log(sigmoid(z))\n", ()),
    "overflow-product": ("x = 1e200\nu = x*x\nL = u + 1\n", ()),
    # several, and in other scripts
    "several": ("x = 3\nu = 2x\nv = sigmiod(x)\nw = x +\nL = u + v + w\nL = 3\n", ()),
    "more-than-ten": ("".join(f"u{n} = 2x\n" for n in range(13)), ()),
    "wide": ("漢字 = 2\nL = 漢字 + 変数x 3\n", ()),
    "combining": ("y\u0302 = 2\nL = y\u0302 + 3y\u0302\n", ()),
    "emoji": ("x = 2 # 🎉\nL = x + foo(x) # 🎉🎉\n", ()),
    "tab": ("x = 2\n\tL =\tx + foo(x)\n", ()),
    "long-line": ("x = 2\nL = " + "x + " * 60 + "foo(x)" + " + x" * 60 + "\n", ()),
    "carriage-returns": ("x = 2\r\nL = foo(x)\r\n", ()),
}


@pytest.mark.parametrize("name", CASES)
def test_error_screen(name: str, backprop: Backprop, golden: Callable[[str, str], None]) -> None:
    text, options = CASES[name]
    ran = backprop("grad", "-", "--no-check", *options, stdin=text)
    assert (ran.status, ran.out) == (2, "")
    assert "Traceback" not in ran.err
    assert ran.err.replace("\n", "").isprintable()
    golden(f"errors/{name}.txt", ran.err)


@pytest.mark.parametrize("data", [b"\xff\xfeL\0=\x001\0", b"L = \xe9\n", b"x = 1\nL = \xed\xa0\x80", b"\x80"])
def test_not_utf8(data: bytes, backprop: Backprop) -> None:
    ran = backprop("grad", "-", stdin=data)
    assert (ran.status, ran.out) == (2, "")
    assert "not UTF-8" in ran.err
    assert "byte" in ran.err


def test_every_case_has_its_place_in_json(backprop: Backprop) -> None:
    import json

    for text, options in CASES.values():
        ran = backprop("grad", "-", "--no-check", "--json", *options, stdin=text)
        for error in json.loads(ran.err)["errors"]:
            assert error["message"]
            if error["line"] is not None:
                assert (error["line"], error["column"]) <= (error["end_line"], error["end_column"])


SOURCE = Source("net.expr", "x = 2\nu = x*a\nv = log(u)")


def example() -> Diagnostic:
    return Diagnostic(
        "domain", "log of -6", SOURCE, Span(18, 24), "log needs u > 0", (Remark(Span(6, 13), "u = 2*(-3)"),), "a = -3", "another a"
    )


def test_the_drawing() -> None:
    assert "".join(drawing(BackpropError(example()), Look())).splitlines() == [
        "error[domain]: log of -6",
        "   ╭─ net.expr:3:5",
        " 2 │ u = x*a   u = 2*(-3)",
        " 3 │ v = log(u)",
        "   │     ^^^^^^ log needs u > 0",
        "   ├─ why  a = -3",
        "   ╰─ try  another a",
    ]
    assert "".join(drawing(BackpropError(example()), Look(unicode=False))).isascii()


def test_ten_are_drawn_and_the_others_counted() -> None:
    drawn = "".join(drawing(BackpropError([example()] * 13), Look()))
    assert drawn.count("error[domain]") == 10
    assert drawn.endswith("\nand 3 more errors\n")
    assert len(errors_data(BackpropError([example()] * 13))["errors"]) == 10


def test_no_line_shows_more_than_eighty_columns_of_the_file() -> None:
    line = "漢字 + " * 300 + "y\u0305 + " * 300
    for at in range(0, len(line), 97):
        drawn = "".join(drawing(BackpropError(Diagnostic("domain", "wrong", Source("f", line), Span(at, at + 1))), Look()))
        shown, carets = (row.split("│ ", 1)[1] for row in drawn.splitlines()[2:4])
        assert cells(shown) <= 80
        before = carets.index("^")
        assert line[at] in "".join(char for at, char in enumerate(shown) if before <= cells(shown[:at]) <= before + len(carets))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[0mb", "a\\x1b[0mb"), ("\x9b", "\\x9b"), ("\u202e", "U+202E"), ("\u200b", "U+200B"), ("a\tb", "a    b"), ("\xa0", " "),
        ("\udc80", "\\x80"), ("\n", "\\x0a"), ("\x7f", "\\x7f"), ("\u2028", "U+2028"), ("θ₁ŷ漢🎉", "θ₁ŷ漢🎉"), ("\U000e0041", "U+E0041"),
    ],
)  # fmt: skip
def test_what_is_invisible_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("漢字", 4), ("ŷ", 1), ("y\u0302", 1), ("🎉", 2), ("∂L/∂a", 5), ("θ₁", 2), ("╰─", 2)]
)
def test_columns(text: str, columns: int) -> None:
    assert cells(text) == columns
