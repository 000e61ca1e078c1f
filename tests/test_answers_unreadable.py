"""What cannot be read as an answer: the screens, hostile texts, and the limits. Nothing stops, hangs or is guessed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from backprop_cli.errors import BackpropError
from backprop_cli.lang.answers import Answer, Unreadable, Vocabulary, read_answers
from backprop_cli.limits import OWN, SUBMISSION
from backprop_cli.render.diagnostic import drawing
from backprop_cli.render.look import Look
from tests.test_answers import GRAPH, read, unreadable
from tests.test_limits import ATTACKS, watching

# name of the golden file: the line that cannot be read
SCREENS = {
    "slash-factors": "dL/da = 1/2x",
    "slash-brackets": "dL/da = 1/2(x + 1)",
    "slash-names": "dL/da = a/b x",
    "slash-minus": "dL/da = x/-2u",
    "power-factors": "dL/da = e^2x",
    "power-name": "dL/da = a^n x",
    "power-call": "dL/da = e^2tanh(x)",
    "two-slashes": "dL/da = dL/du/dx",
    "function-without-brackets": "dL/da = log u * x",
    "function-of-nothing": "dL/da = x*log",
    "inverse-function": "dL/da = sin^-1(x)",
    "power-of-a-function": r"dL/da = 3 \sin^2 x \cos x",
    "power-behind-a-function": r"dL/da = \cos x \sin^{2} x",
    "power-of-a-power": "dL/da = sin^2 x^3",
    "power-and-number": "dL/da = sin² 3x",
    "indicator": r"dL/da = \mathbb{1}[x>0] - 1",
    "number-indexed": r"dL/da = \mathbb{1}[0]",
    "prime-without-brackets": "dL/da = x*σ'",
    "prime-of-a-node": "dL/da = W' x",
    "second-derivative": "d^2L/da^2 = 2",
    "second-prime": "dL/da = σ''(z)",
    "unknown-name": "dL/da = alhpa*x",
    "unknown-target": "dL/dalhpa = 2",
    "unknown-function": "dL/da = sigmiod(x)",
    "unknown-entry": "dL/da = x_1",
    "unknown-power": "dL/da = x2",
    "look-alike": "dL/d\u0430 = 2",
    "arguments": "dL/da = atan2(x)",
    "no-answer": "Answer: 3",
    "sentence": "The gradient is 3",
    "target-product": "2x = 3",
    "target-call": "L(x) = 3",
    "target-missing": "= 3",
    "target-entry": "W[n] = 3",
    "nothing-behind": "dL/da = x +",
    "nothing-there": "dL/da =",
    "decimal-comma": "u = 0,25",
    "row-in-parentheses": "u = (1, 2)",
    "double-equals": "u == 6",
    "two-on-a-line": "u = 6 v = 1.79",
    "unclosed": "dL/da = (x + 1",
    "unmatched": "dL/da = x + 1)",
    "semicolon": "u = (1; 2)",
    "numbers-side-by-side": "u = x 2",
    "thousands": "u = 1 000",
    "mixed-brackets": r"u = \frac{1)",
    "latex-sum": r"dL/da = \sum_{i} x_i",
    "latex-unknown": r"dL/da = \siggma(z)",
    "latex-fraction": r"dL/da = \frac{1}",
    "latex-accent": r"dL/da = \hat{}",
    "shape": "shape(W) = 2.5",
    "shape-of-entry": "shape(W[0]) = 2",
    "code": "dL/da = __import__('os').system('id')",
    "attribute": "dL/da = x.real",
    "zero-width": "dL/da = x\u200b",
    "bidirectional": "dL/da = x # \u202e",
    "nul": "dL/da = x\x00",
    "digits": f"u = {'1' * 101}",
    "exponent": "u = 1e100000000",
    "nesting": f"u = {'(' * 201}x{')' * 201}",
    "long-line": "u = " + "x + " * 2500 + "x",
    "long-name": f"u = {'q' * 5000}",
    "comparison-chain": "u = (x < u < v)",
    "bars": "u = |x + |y + 1||",
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen(name: str, golden: Callable[[str, str], None]) -> None:
    found = unreadable(SCREENS[name])
    screen = "".join(drawing(BackpropError(found.diagnostic), Look()))
    assert screen.replace("\n", "").isprintable()
    golden(f"answers/{name}.txt", screen)


def test_what_the_graph_makes_ambiguous() -> None:
    graph = Vocabulary(frozenset({"W", "T", "x", "w1", "w_1", "a", "b", "ab", "L"}), output="L")
    assert unreadable("L = W^T x", graph).diagnostic.message == "^T could be the transpose or the power T"
    assert read(r"L = \mathbf{w}_{1} + w1", graph)
    assert unreadable("L = aab", graph).diagnostic.message == "aab could be a*ab or a*a*b"
    assert unreadable("dL/dw₁ = 2", graph).diagnostic.message == "w₁ could be w1 or w_1"


def test_shorthand_needs_an_output() -> None:
    graph = Vocabulary(frozenset({"a", "x"}))
    assert unreadable("da = 2", graph).diagnostic.reference == "no-output"
    assert read("dx/da = 2", graph)


def test_seeds_are_never_read_as_something_else() -> None:
    for text in ("dL/da = 1/2x", "dL/da = 2/3(x)", "dL/da = x/y z", "dL/da = 1/2 dL/du", "dL/da = 1/N sum(x)", r"dL/da = 1/2 \frac{x}{u}"):
        message = unreadable(text).diagnostic
        assert message.reference == "ambiguous-product"
        assert " or " in message.hint


# ---- hostile: time grows with the length alone ----

LONG = 9_900
LINES = {
    "brackets": "(" * LONG,
    "pairs": "()" * (LONG // 2),
    "minus": "-" * LONG + "x",
    "powers": "x^" * (LONG // 2) + "x",
    "superscripts": "x" + "²" * LONG,
    "fractions": r"\frac" * (LONG // 5),
    "nested fractions": r"\frac{" * (LONG // 6),
    "bare fractions": r"\frac12" * (LONG // 7),
    "roots": r"\sqrt " * (LONG // 6),
    "accents": r"\hat{" * (LONG // 5),
    "fonts": r"\mathbf{" * (LONG // 8),
    "matrices": r"\begin{pmatrix}" * (LONG // 15),
    "rows": r"\begin{pmatrix}" + r"1\\" * (LONG // 4) + r"\end{pmatrix}",
    "environments": r"\begin" * (LONG // 6),
    "backslashes": "\\" * LONG,
    "subscripts": "x_{" * (LONG // 3),
    "differentials": "d " * (LONG // 2),
    "derivatives": "dL/da/" * (LONG // 6),
    "long derivative": "d" * LONG,
    "long name": "x" * LONG,
    "factors": "x " * (LONG // 2),
    "quotients": "x/" * (LONG // 2) + "x",
    "primes": "'" * LONG,
    "functions": "log " * (LONG // 4) + "x",
    "function powers": "sin^" * (LONG // 4),
    "bars": "|" * LONG,
    "dots": ". " * (LONG // 2),
    "digits": "1" * LONG,
    "exponents": "1e" * (LONG // 2),
    "marks": "x" + "\u0302" * LONG,
    "ampersands": "&" * LONG,
    "commas": "," * LONG,
    "equals": "=x" * (LONG // 2),
    "transposes": "x" + "^T" * (LONG // 2),
    "colons": "x[" + ":" * LONG + "]",
    "dollars": "$" * LONG,
    "code": "f'{x.__class__}'" * (LONG // 16),
    "letters": "é" * LONG,
}


@pytest.mark.parametrize("name", LINES)
def test_a_long_line_is_answered_at_once(name: str) -> None:
    read_answers("dL/da = x", GRAPH)  # the parser is made once
    begin = time.perf_counter()
    (found,) = read_answers("dL/da = " + LINES[name], GRAPH)
    assert time.perf_counter() - begin < 60
    if isinstance(found, Unreadable):
        assert len(found.diagnostic.message) + len(found.diagnostic.hint) < 600


FILES = {
    "open brackets": "(\n" * 50_000,
    "open braces": "{\n" * 50_000,
    "equal signs": "=\n" * 50_000,
    "semicolons": (";" * 9_000 + "\n") * 20,
    "goes on": "u = 1\n" + "+ 1\n" * 50_000,
    "list marks": "- " * 4_000 + "\n",
    "blank": "\n" * 250_000,
    "comments": "#\n" * 100_000,
    "bracket and blank": "(\n" + " \n" * 100_000 + "u = 1\n" * 10,
}


@pytest.mark.parametrize("name", FILES)
def test_a_large_file_is_answered(name: str) -> None:
    begin = time.perf_counter()
    read_answers(FILES[name], GRAPH)
    assert time.perf_counter() - begin < 60


# ---- limits ----


def test_a_file_beyond_the_limits_is_refused() -> None:
    for text in ("#" * (256 * 2**10 + 1), b"#" * (256 * 2**10 + 1)):
        with pytest.raises(BackpropError) as caught:
            read_answers(text, GRAPH)
        assert caught.value.diagnostics[0].reference == "file-too-large"
    assert read_answers("#" * (256 * 2**10 + 1), GRAPH, limits=OWN) == []


@pytest.mark.parametrize("data", [b"\xff\xfeL\0", b"L = \xe9", b"\x80"])
def test_anything_but_utf8_is_refused(data: bytes) -> None:
    with pytest.raises(BackpropError) as caught:
        read_answers(data, GRAPH)
    assert caught.value.diagnostics[0].reference == "not-utf8"


def test_a_long_line_is_unreadable_and_the_next_is_not() -> None:
    found = read_answers("u = " + "1" * 10_000 + "\nv = 2\n", GRAPH)
    assert [type(each) for each in found] == [Unreadable, Answer]
    assert isinstance(found[0], Unreadable)
    assert (found[0].diagnostic.reference, len(found[0].text) < 100) == ("line-too-long", True)


def test_the_limits_of_submissions() -> None:
    assert (SUBMISSION.file_bytes, SUBMISSION.line, SUBMISSION.nesting, SUBMISSION.nodes) == (262_144, 10_000, 200, 20_000)
    assert (SUBMISSION.entries, SUBMISSION.digits, SUBMISSION.exponent, SUBMISSION.exact_bits) == (1_000_000, 100, 400, 4_096)
    deep = f"u = {'(' * 200}x{')' * 200}"
    assert read(deep)
    assert read(f"u = 1e400 + {'1' * 100}")


def test_names_that_mean_something_to_python_are_names() -> None:
    graph = Vocabulary(frozenset({"__class__", "lambda", "None", "E", "I", "S", "L", "λ"}), output="L")
    assert [each.target.text for each in read("__class__ = 1\nlambda = 2\nNone = 3\ndE = I*S", graph)] == [
        *("__class__", "lambda", "None", "dL/dE")
    ]


@pytest.mark.parametrize("attack", ATTACKS)
def test_code_in_an_answer_is_not_run(attack: str) -> None:
    def run() -> None:
        for line in (f"dL/da = {attack}", f"{attack} = 1", f"dL/d{attack} = 2", rf"\frac{{dL}}{{da}} = \operatorname{{{attack}}}"):
            read_answers(line, GRAPH)

    run()  # what is loaded on first use is loaded now
    with watching() as seen:
        run()
    assert seen == []
