"""The arithmetics behind deciding equality: error bounds hold, primes are primes, identities hold modulo them, SymPy is told the same."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import pytest
import sympy
from mpmath import mp, mpf

from backprop_cli.equality.algebra import prover, tokens
from backprop_cli.equality.balls import Ball, Ring
from backprop_cli.equality.decide import Region
from backprop_cli.equality.fields import Identity, Verdict
from backprop_cli.equality.functions import functions
from backprop_cli.equality.meeting import Budget
from backprop_cli.equality.missing import NoNumber
from backprop_cli.equality.outcome import Effort
from backprop_cli.equality.primes import CIRCLE, DEPTH, REAL
from backprop_cli.equality.terms import Terms
from backprop_cli.worker.protocol import checked
from tests.test_equality import EQUAL, ask, term

# ---- balls ----


def real(m: int, e: int) -> Any:
    """m*2^e."""
    return mpf(m) * mpf(2) ** e


def cube_root(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


REFERENCE = {name: getattr(mp, name) for name in (
    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc",
)} | {"cbrt": cube_root}  # fmt: skip


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_bounds_of_functions_hold(name: str) -> None:
    random = Random(name)
    tried = 0
    with mp.workdps(250):
        for i in range(160):
            able = functions(200, i % 2 == 0)
            function = able.ring.sqrt if name == "sqrt" else getattr(able, name)
            m = (random.getrandbits(200) | 1 << 199) * random.choice([1, -1])
            e, r = -200 + random.choice([-300, -150, -50, -20, -3, -1, 0, 0, 0, 1, 2, 3, 5, 8, 12]), random.choice([0, 1, 3, 1000, 1 << 25])
            try:
                found, bits, error = function((m, e, r))
            except NoNumber:
                continue
            for k in (-r, 0, r, random.randint(-r, r)):
                tried += 1
                assert abs(REFERENCE[name](real(m + k, e)) - real(found, bits)) <= real(error, bits)
    assert tried > 60


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "larger", "smaller"])
@pytest.mark.parametrize("watch", [False, True])
def test_bounds_of_arithmetic_hold(name: str, watch: bool) -> None:
    random, ring = Random(name), Ring(200, watch)
    meaning = {
        "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b, "divide": lambda a, b: a / b,
        "larger": max, "smaller": min,
    }[name]  # fmt: skip

    def ball() -> Ball:
        m = random.getrandbits(random.choice([3, 60, 200])) * random.choice([1, -1])
        return m, random.choice([-900, -500, -200, -100, -5, 0, 3, 300]), random.choice([0, 0, 1, 5, 1 << 20])

    def inside(a: Ball) -> Fraction:
        return Fraction(a[0] + random.choice([-a[2], 0, a[2]])) * Fraction(2) ** a[1]

    tried = 0
    for _ in range(1_500):
        a, b = ball(), ball()
        try:
            m, e, r = getattr(ring, name)(a, b)
        except NoNumber:
            continue
        for _ in range(3):
            tried += 1
            assert abs(meaning(inside(a), inside(b)) - Fraction(m) * Fraction(2) ** e) <= Fraction(r) * Fraction(2) ** e, (a, b)
    assert tried > 3_000


def test_exact_numbers_stay_exact() -> None:
    ring, able = Ring(200, True), functions(200, True)
    assert ring.sqrt((9, -4, 0))[2] == 0
    assert ring.number(Fraction(3, 8))[2] == 0
    assert ring.number(Fraction(1, 3))[2] > 0
    assert able.exp((0, 0, 0)) == able.cos((0, 0, 0)) == (1, 0, 0)
    assert able.log((1, 0, 0)) == (0, 0, 0)
    assert ring.order((1, 50_000_000_000, 0), (1, -50_000_000_000, 5)) == 1
    assert ring.order((-1, 50_000_000_000, 0), (0, 0, 0)) == -1
    assert ring.order((0, 50_000_000_000, 7), (1, 0, 0)) is None
    assert ring.whole((-1, -50_000_000_000, 0), "floor") == (-1, 0, 0)


def test_what_may_be_nothing_stays_small() -> None:
    able = functions(200, True)
    for function in (able.sin, able.tan, able.tanh, able.sinh, able.atan, able.asin, able.asinh, able.atanh, able.erf):
        m, e, r = function((0, -198, 8))
        assert (abs(m) + r).bit_length() + e < -190
    m, e, r = able.log((1 << 198, -198, 8))
    assert (abs(m) + r).bit_length() + e < -190


def test_a_hidden_operand_shows_in_the_bound() -> None:
    watched, plain = Ring(200, True), Ring(200, False)
    one, tiny = (1, 0, 0), (1, -150, 0)
    assert watched.add(one, tiny)[2].bit_length() + watched.add(one, tiny)[1] >= -101
    assert plain.add(one, tiny)[2] == 0


@pytest.mark.parametrize(
    ("left", "right"), [("atan2(1, 1)*x", "pi/4*x"), ("atan2(1/100, 3)*x", "atan(1/300)*x"), ("atan2(0*x, 3) + x", "x")]
)
def test_short_numbers_are_no_wide_balls(left: str, right: str) -> None:
    assert ask(left, right).status is EQUAL


# ---- primes ----


@pytest.mark.parametrize("chain", [*REAL, *CIRCLE])
def test_primes(chain: tuple[int, ...]) -> None:
    assert len(chain) == DEPTH
    for prime in chain:
        assert sympy.isprime(prime)
        assert prime.bit_length() >= 100
        assert all((prime - 1) % each for each in (3, 5, 7, 11, 13))
        assert prime % 8 == 7 if chain in REAL else prime % 4 == 1
        if chain in REAL:
            assert all(pow(each, (prime - 1) // 2, prime) == 1 for each in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31))
    assert all((larger - 1) % smaller == 0 for smaller, larger in pairwise(chain))


def proof(left: str, right: str, roots: bool = False, **region: Any) -> Verdict:
    """What residues say of two formulas."""
    terms = Terms()
    pair = terms.basic([term(terms, left), term(terms, right)])
    identity = Identity(terms, [(pair[0], pair[1])], Region(**region), {}, "seed")
    return identity.rooted(Budget(Effort())) if roots else identity.verdict(Budget(Effort()))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("(x + y)^3", "x^3 + 3*x^2*y + 3*x*y^2 + y^3"),
        ("(x^2 - 1)/(x - 1)", "x + 1"),
        ("exp(x + y)^2", "exp(2*x)*exp(y)*exp(y)"),
        ("exp(2*exp(x + y))", "exp(exp(x)*exp(y))^2"),
        ("sin(2*x)", "2*sin(x)*cos(x)"),
        ("cos(x + y)", "cos(x)*cos(y) - sin(x)*sin(y)"),
        ("tan(x)", "sin(x)/cos(x)"),
        ("sin(exp(x) + exp(-x))", "sin(2*cosh(x))"),
        ("cosh(x)^2 - sinh(x)^2", "1"),
        ("tanh(x)", "1 - 2/(exp(2*x) + 1)"),
        ("e^x*e", "exp(1 + x)"),
        ("2^x*3^x", "6^x"),
        ("8^x", "2^(3*x)"),
        ("log(exp(x))", "x"),
        ("abs(-x)", "abs(x)"),
        ("maximum(x, y) + minimum(x, y)", "x + y"),
        ("maximum(x, y)", "(x + y + abs(x - y))/2"),
        ("where(x > 0, y, 0)", "(x > 0)*y"),
        ("where(x > 0, y, z)", "where(x <= 0, z, y)"),
        ("erf(x) + erfc(-x)", "1 + 2*erf(x)"),
        ("asin(x) + acos(x)", "asin(y) + acos(y)"),
        ("cbrt(x*y)^3", "cbrt(x)^3*y"),
        ("atan(-sin(x))", "-atan(sin(x))"),
        ("-floor(-x)", "ceil(x)"),
    ],
)
def test_identities_modulo_primes(left: str, right: str) -> None:
    assert proof(left, right) is Verdict.EQUAL
    assert proof(left, f"{right} + 1e-60*x") is not Verdict.EQUAL


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("sqrt(x*y)", "sqrt(x)*sqrt(y)"),
        ("sqrt(12*x)", "2*sqrt(3)*sqrt(x)"),
        ("sqrt(x)^2", "x"),
        ("x^(1/3)*x^(1/6)", "sqrt(x)"),
        ("sqrt(exp(2*x))", "exp(x)"),
        ("1/(sqrt(x) + sqrt(y))", "(sqrt(x) - sqrt(y))/(x - y)"),
        ("x/sqrt(x^2 + y)", "x*sqrt(x^2 + y)/(x^2 + y)"),
    ],
)
def test_roots_modulo_primes(left: str, right: str) -> None:
    assert proof(left, right, roots=True) is Verdict.EQUAL
    assert proof(left, f"-({right})", roots=True) is not Verdict.EQUAL


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("sqrt(x^2)", "x"),
        ("sqrt(x^2*y^2)", "x*y"),
        ("sqrt(x^2 + 2*x + 1)", "x + 1"),
        ("abs(x)", "x"),
        ("abs(x*y)", "x*y"),
        ("(x > 0)*1", "(y > 0)*1"),
        ("x >= maximum(x, y)", "x > maximum(x, y)"),
        ("where(x > 0, 1, 0)", "where(x >= 0, 1, 0)"),
        ("log(x + 4) - 4*log(x + 3) + 6*log(x + 2) - 4*log(x + 1) + log(x)", "0"),
        ("log(x*y)", "log(x)"),
        ("sign(x)", "1"),
        ("floor(x)", "x"),
        ("pi", "3.14159265358979323846"),
        ("exp(1)", "2.718281828459045235360287471352662"),
        ("exp(x)^y", "exp(x)*y"),
    ],
)
def test_what_is_false_somewhere_is_not_proved(left: str, right: str) -> None:
    assert proof(left, right) is not Verdict.EQUAL
    assert proof(left, right, roots=True) is not Verdict.EQUAL


def test_what_residues_deny() -> None:
    assert proof("x*y", "x + y") is Verdict.RATIONAL
    assert proof("exp(x)", "exp(y)") is Verdict.APART
    assert proof("x", "x + exp(-exp(10))") is Verdict.APART
    assert proof("log(x)", "log(2*x)") is Verdict.UNKNOWN
    assert proof("x/(y - y)", "x") is Verdict.UNKNOWN


def test_one_hot_groups_are_tried_in_every_place() -> None:
    group = tuple(f"y{i}" for i in range(9))
    total = " + ".join(group)
    assert proof(total, "1", one_hot=(group,)) is Verdict.EQUAL
    assert proof(f"{total} + y3*y4", "1", one_hot=(group,)) is Verdict.EQUAL
    for each in group:
        assert proof(f"{total} + {each}*x", "1", one_hot=(group,)) is not Verdict.EQUAL


# ---- SymPy ----


def test_tokens_are_well_formed() -> None:
    terms = Terms()
    found = terms.basic([term(terms, "sigmoid(x*y)*(1 - sigmoid(x*y)) + where(x > 0, log(x), pi)^2 + maximum(x, y)/3")])[0]
    leaves = {each: i for i, each in enumerate(each for each in terms.below([found]) if terms.heads[each] == "leaf")}
    made = tokens(terms, found, leaves, {})
    assert checked(made, 2) == made
    assert sum(each[0] == "r" for each in made) >= 3
    assert sum(each == ("exp", 1) for each in made) == 1


def test_sympy_proves_what_is_true_and_nothing_else() -> None:
    terms = Terms()
    prove = prover(seconds=10.0)
    region = Region({"n": terms.number(2)}, frozenset({"n"}))
    left, right, wrong = terms.basic([term(terms, each) for each in ("(x + 1)^n", "x*x + n*x + 1", "x*x + n*x + 2")])
    assert prove(terms, (left, right), region) is True
    assert prove(terms, (left, wrong), region) is None
