"""What SymPy is asked in the worker: what it proves is true, and what hangs computer algebra elsewhere ends in time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import Apply, Name, Number, postorder
from backprop_cli.worker import Worker, prove_equal
from backprop_cli.worker.protocol import Token

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 2.0
SLACK = 10.0  # for a busy machine; left alone it is far below 1


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as made:
        made.start()
        yield made


def tokens(text: str, names: Sequence[str]) -> list[Token]:
    """The tokens of an expression of our language."""
    made: list[Token] = []
    for each in postorder(parse_expression(text)):
        match each:
            case Number():
                made.append(("n", each.exact.numerator, each.exact.denominator))
            case Name(id=name):
                made.append(("v", names.index(name)) if name in names else ("c", name))
            case Apply(head=head, operands=operands):
                made.append((head, len(operands)))
    return made


def ask(worker: Worker, left: str, right: str, **assumed: str) -> str:
    names = sorted(assumed) or ["x", "y"]
    begun = time.monotonic()
    proof = prove_equal(tokens(left, names), tokens(right, names), [assumed.get(name, "real") for name in names], worker, SECONDS)
    assert time.monotonic() - begun < SECONDS + SLACK
    assert proof.why
    return proof.status


def sigmoids(depth: int, way: str) -> str:
    """The derivative of a chain of sigmoids, in one of two spellings."""
    inner, slopes = "x", []
    for _ in range(depth):
        below = f"exp(-({inner}))"
        inner = f"1/(1 + {below})"
        slopes.append(f"({inner})*(1 - {inner})" if way == "by value" else f"{below}/(1 + {below})^2")
    return "*".join(slopes)


def nested(head: str, inner: str, times: int) -> str:
    return f"{head}(" * times + inner + ")" * times


CHEBYSHEV = (
    "32768*c^16 - 131072*c^14 + 212992*c^12 - 180224*c^10 + 84480*c^8 - 21504*c^6 + 2688*c^4 - 128*c^2 + 1"  # of degree 16
).replace("c", "cos(x)")
SIX = "a + b + c + d + e1 + f"
SIX_NAMES = dict.fromkeys(("a", "b", "c", "d", "e1", "f"), "real")

TRAPS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    **{f"{n} sigmoids": (sigmoids(n, "by value"), sigmoids(n, "by exponential"), "equal", {}) for n in (4, 5, 6)},
    **{f"{n} sigmoids, wrong": (sigmoids(n, "by value"), f"1.000001*({sigmoids(n, 'by exponential')})", "unknown", {}) for n in (4, 6)},
    "8 absolute values": (nested("abs", "x", 8), "abs(x)", "equal", {}),
    "8 absolute values, moved": ("abs(" * 8 + "x" + " - 1/3)" * 8, "abs(1/3 - " * 7 + "abs(x - 1/3)" + ")" * 7, "equal", {}),
    "8 absolute values, chosen": (nested("abs", "x", 8), "where(x > 0, x, -x)", "equal", {}),
    "30th power": (f"({SIX})^30", f"({SIX})^15*({SIX})^15", "equal", SIX_NAMES),
    "30th power, once more": (f"({SIX})^30", f"({SIX})^29*a + ({SIX})^29*b + ({SIX})^29*(c + d + e1 + f)", "unknown", SIX_NAMES),
    "30th power, wrong": (f"({SIX})^30", f"({SIX})^29*(a + b + c + d + e1 + 1.0000001*f)", "unknown", SIX_NAMES),
    "30th power, of a square": (f"({SIX})^30", "((a + b)^2 + 2*(a + b)*(c + d + e1 + f) + (c + d + e1 + f)^2)^15", "unknown", SIX_NAMES),
    "exp and log of 1": (nested("log", nested("exp", "1", 5), 5), "1", "equal", {}),
    "log and exp in turn": ("log(exp(" * 5 + "1" + "))" * 5, "1", "equal", {}),
    "logarithm of a square": ("log(x^2)", "2*log(abs(x))", "equal", {}),
    "hyperbolic tangent": ("tanh(x)", "(exp(x) - exp(-x))/(exp(x) + exp(-x))", "equal", {}),
    "hyperbolic tangent, doubled": ("tanh(x)", "(exp(2*x) - 1)/(exp(2*x) + 1)", "equal", {}),
    "relu": ("where(x > 0, x, 0)", "maximum(x, 0)", "equal", {}),
    "relu, other way round": ("where(x <= 0, 0, x)", "(x + abs(x))/2", "equal", {}),
    "relu of a neuron": ("where(w*x + b < 0, 0, w*x + b)", "maximum(0, b + x*w)", "equal", dict.fromkeys("bwx", "real")),
    "decimals": ("0.1*x + 0.2*x", "0.3*x", "equal", {}),
    "decimal exponent": ("x^2.0", "x^2", "equal", {}),
    "removable": ("(x^2 - 1)/(x - 1)", "x + 1", "equal", {}),
    "cube root of a negative": ("cbrt(-8*x)", "-cbrt(8*x)", "equal", {}),
    "cube root of a negative number": ("cbrt(-8)", "-2", "equal", {}),
    "cube root, cubed": ("cbrt(x - y)^3", "x - y", "equal", {}),
    "power of six": ("6^(x^3 + 2*x)*(3*x^2 + 2)*log(6)", "log(6)*(2 + 3*x^2)*6^(2*x + x^3)", "equal", {}),
    "power of six, wrong": ("6^(x^3 + 2*x - 1)*(x^3 + 2*x)*(3*x^2 + 2)", "log(6)*(2 + 3*x^2)*6^(2*x + x^3)", "unknown", {}),
    "Chebyshev": ("cos(16*x)", CHEBYSHEV, "equal", {}),
    "Chebyshev, wrong": ("cos(16*x)", CHEBYSHEV + " + 1e-12", "unknown", {}),
    "roots": ("sqrt(2 + sqrt(3))", "(sqrt(6) + sqrt(2))/2", "equal", {}),
    "roots, wrong": ("sqrt(2 + sqrt(3))", "(sqrt(6) + sqrt(2))/2 + 1e-15", "unknown", {}),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_known_traps_end_in_time(worker: Worker, trap: str) -> None:
    left, right, status, assumed = TRAPS[trap]
    assert ask(worker, left, right, **assumed) == status


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("sin(x)^2 + cos(x)^2", "1"),
        ("sin(x + y)", "sin(x)*cos(y) + cos(x)*sin(y)"),
        ("1 + tan(x)^2", "1/cos(x)^2"),
        ("cosh(x)^2 - sinh(x)^2", "1"),
        ("erf(x) + erfc(x)", "1"),
        ("asin(x) + acos(x)", "pi/2"),
        ("sqrt(x^2)", "abs(x)"),
        ("abs(x*y)", "abs(x)*abs(y)"),
        ("sign(x)*abs(x)", "x"),
        ("maximum(x, y) + minimum(x, y)", "x + y"),
        ("maximum(x, y)", "where(x >= y, x, y)"),
        ("(x > y) + (x <= y)", "1"),
        ("where(x != 0, x, 0)", "x"),
        ("where(x - y == 0, 0, x - y)", "x - y"),
        ("(x > 0)*(x > 0)", "x > 0"),
        ("where(2, x, y)", "x"),
        ("exp(x)*exp(-x)", "1"),
        ("log(exp(x))", "x"),
        ("x/(x*y)", "1/y"),
        ("e^x", "exp(x)"),
        ("asinh(x)", "log(x + sqrt(x^2 + 1))"),
        ("floor(x + y)", "floor(y + x)"),
        ("atan2(x, y)", "atan2(2*x/2, y)"),
    ],
)
def test_identities_are_proved(worker: Worker, left: str, right: str) -> None:
    assert ask(worker, left, right) == "equal"


def test_what_holds_for_positive_variables_alone(worker: Worker) -> None:
    sides = "log(x*y)", "log(x) + log(y)"
    assert ask(worker, *sides, x="positive", y="positive") == "equal"
    assert ask(worker, "sqrt(x^2)", "-x", x="negative") == "equal"
    assert ask(worker, "sqrt(x^2)", "-x", x="positive") == "unknown"
    assert ask(worker, "sqrt(x^2)", "x") == "unknown"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("sign(x)^2", "1"),  # not at 0
        ("where(x == 0, 1, x)", "x"),
        ("where(x == 2, 7, x)", "x"),
        ("where(x*y == 1, 7, x)", "x"),
        ("0^abs(x)", "0"),
        ("(x > y) + (x < y)", "1"),
        ("(x >= y)", "(x > y)"),
        ("floor(x) + 1", "ceil(x)"),
        ("round(x)", "floor(x + 1/2)"),
        ("cbrt(x)^2", "abs(x)"),
        ("sqrt(x^4)", "x*abs(x)"),
        ("maximum(x, 0)", "where(x > 1e-9, x, 0)"),
        ("atan2(x, y)", "atan(x/y)"),
        ("asin(sin(x))", "x"),
        ("acos(cos(x))", "x"),
        ("log(x^2)/2", "log(-x)/2"),
    ],
)
def test_what_differs_somewhere_is_never_called_equal(worker: Worker, left: str, right: str) -> None:
    assert ask(worker, left, right) == "unknown"


@pytest.mark.parametrize(
    "text",
    ["9^9^9^9", "2^(10^9)", "x^(10^9) + 1", "exp(10^9*log(2))", "(2*x)^(10^9)", "(1 + x + y)^1000*(x - y)^1000"],
)
def test_explosions_end_in_time(worker: Worker, text: str) -> None:
    assert ask(worker, text, f"{text} + y - y*cos(x - x)^2 + sin(x)^2 + cos(x)^2 - 1") in ("equal", "unknown", "lost")
    assert ask(worker, "x + x", "2*x") == "equal"


def test_the_same_question_has_the_same_answer_whatever_went_before() -> None:
    questions = [
        ("tanh(x)", "1 - 2/(exp(2*x) + 1)"),
        ("sqrt(x^2)", "abs(x)"),
        ("sin(3*x)", "3*sin(x) - 4*sin(x)^3"),
        ("log(x*y)", "log(x) + log(y)"),
    ]
    found = []
    for order in (questions, questions[::-1]):
        with Worker() as worker:
            found.append({each: prove_equal(*(tokens(side, ["x", "y"]) for side in each), ["real"] * 2, worker) for each in order})
    assert found[0] == found[1]


def test_a_repeated_result_is_repeated(worker: Worker) -> None:
    left = [("v", 0), ("n", 1, 1), ("+", 2), ("r", 2), ("*", 2)]
    assert prove_equal(left, tokens("x^2 + 2*x + 1", ["x"]), ["real"], worker).status == "equal"


def test_nothing_is_run_but_modules(worker: Worker) -> None:
    """An audit hook in the process lists whatever is compiled, run or started while it works."""
    with Worker("tests.worker_stub", "audited", (str(ROOT),)) as audited:
        for trap in ("5 sigmoids", "Chebyshev", "relu of a neuron", "roots", "hyperbolic tangent", "logarithm of a square"):
            left, right, _, assumed = TRAPS[trap]
            names = sorted(assumed) or ["x", "y"]
            proof = prove_equal(tokens(left, names), tokens(right, names), ["real"] * len(names), audited)
            assert proof.status == "equal"
            assert not proof.why.startswith("ran")


# ---- SymPy's word alone, without the look at the numbers ----

_UNARY = ("exp", "log", "sqrt", "cbrt", "sin", "cos", "tan", "atan", "tanh", "sinh", "cosh", "asinh", "erf", "erfc", "abs", "sign", "u-")
_BINARY = ("+", "-", "*", "/", "maximum", "minimum", "*", "+")


def some(chance: random.Random, depth: int) -> list[Token]:
    """A random expression in two variables."""
    pick = chance.random()
    if depth == 0 or pick < 0.15:
        return [chance.choice((("v", 0), ("v", 1), ("n", chance.randint(-3, 3), chance.randint(1, 3))))]
    if pick < 0.55:
        return [*some(chance, depth - 1), (chance.choice(_UNARY), 1)]
    if pick < 0.65:
        return [*some(chance, depth - 1), ("n", chance.choice((-2, -1, 2, 3, 4)), 1), ("^", 2)]
    if pick < 0.72:
        condition = [*some(chance, 1), *some(chance, 1), (chance.choice(("<", "<=", ">", ">=", "==", "!=")), 2)]
        return [*condition, *some(chance, depth - 1), *some(chance, depth - 1), ("where", 3)]
    return [*some(chance, depth - 1), *some(chance, depth - 1), (chance.choice(_BINARY), 2)]


def changed(chance: random.Random, given: list[Token]) -> list[Token]:
    """The expression with one operation or number exchanged for another, so that it may or may not mean the same."""
    at = chance.randrange(len(given))
    token = given[at]
    made: Any = token
    if token[0] == "n":
        made = ("n", token[1] + 1, token[2])
    elif token[0] == "v":
        made = ("v", 1 - token[1])
    elif token[1] == 1:
        made = (chance.choice(_UNARY), 1)
    elif token[1] == 2 and token[0] in _BINARY:
        made = (chance.choice(_BINARY), 2)
    return [*given[:at], made, *given[at + 1 :]]


def values(given: list[Token], chance: random.Random) -> list[Any]:
    """The values at random points, None where there is none."""
    from mpmath import mp, mpf

    from backprop_cli.worker.spotcheck import Undefined, _value

    found: list[Any] = []
    with mp.workdps(40):
        for _ in range(25):
            point = [mpf(chance.choice((0, 1, -1, chance.uniform(-3, 3), chance.uniform(-3, 3)))) for _ in range(2)]
            try:
                found.append(_value(given, point))
            except (Undefined, ValueError, ArithmeticError):
                found.append(None)
    return found


def test_what_sympy_alone_calls_equal_has_equal_values() -> None:
    chance = random.Random(7)
    proved = 0
    with Worker("tests.worker_stub", "trusting", (str(ROOT),)) as worker:
        for number in range(60):
            left = some(chance, 3)
            right = changed(chance, left)
            if prove_equal(left, right, ["real", "real"], worker, 1.0).status != "equal":
                continue
            proved += 1
            for one, other in zip(values(left, random.Random(number)), values(right, random.Random(number)), strict=True):
                if one is not None and other is not None:
                    assert abs(one[0] - other[0]) <= 1e-20 * max(one[1], other[1]), (left, right)
    assert proved >= 3
