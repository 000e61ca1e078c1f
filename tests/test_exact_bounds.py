"""What SymPy may be asked for exact numbers in this process: everything that could run away is counted or refused before."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import pytest
import sympy
from mpmath import mp

from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.calculus.calls import Allowance
from backprop_cli.calculus.exact import exact_arithmetic
from backprop_cli.calculus.exact_text import exact_float, exact_text
from backprop_cli.calculus.powers import power_bits, product_bits, quotient_bits
from backprop_cli.calculus.sizes import terms
from backprop_cli.door import grad
from backprop_cli.errors import BackpropError
from backprop_cli.lang.parse import parse_expression
from backprop_cli.limits import Limits
from tests.conftest import Backprop

SURD = "(sqrt(5 + 2*sqrt(6)) - sqrt(2) - sqrt(3))"  # 0, which writing out does not show
MANY = "(sqrt(2) + log(3) + pi + e + cos(1))"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (f"L = relu({SURD}*{MANY}^60*x)", "x=1"),
        (f"L = relu((sin(1)^2 + cos(1)^2 - 1)*{MANY}^60*x)", "x=1"),
        ("L = relu(((sqrt(2) + sqrt(3))^2 - 5 - 2*sqrt(6))*(sqrt(2) + sqrt(3) + sqrt(5) + sqrt(7) + sqrt(11) + sqrt(13))^90*x)", "x=1"),
        *((f"a = (1000000007/1000000009)^1000; L = {root}", "z=1") for root in ("sqrt(a + z)", "(a + z)^(1/3)", "log(a + z)", "sin(a*z)")),
    ],
)
def test_what_would_not_end_is_refused(backprop: Backprop, text: str, at: str) -> None:
    """The first three wrote out powers of sums, the roots looked whether 60,000 bits are a square; the last two were faults."""
    for command in ("grad", "trace"):
        ran = backprop(command, "-e", text, "--at", at, "--exact")
        assert (ran.status, ran.out) == (2, "")
        assert "error[not-exact]" in ran.err
        assert ("bits would stand in a closed form" in ran.err) == ("1000000007" in text)
        assert "leave --exact out" in ran.err


def test_roots_of_long_numbers_are_charged_for() -> None:
    """One number of 4,000 bits is fine, a hundred are not; nor is one of 5,000."""
    x = exact_arithmetic(Limits()).functions
    assert exact_float(x["sqrt"](Fraction(2**1999 + 1, 2**1999))) == 1
    with pytest.raises(NotExact, match="the closed forms would take"):
        [x["sqrt"](Fraction(2**1999 + 3 + 2 * more, 2**1999)) for more in range(100)]
    with pytest.raises(NotExact, match="a number of 5,000 bits would stand in a closed form"):
        exact_arithmetic(Limits()).functions["sqrt"](Fraction(2**2499 + 1, 2**2499))


def nothing() -> None:
    """A function to be called."""


def calls(number: float) -> None:
    """So many calls, this one among them."""
    while number > 1:
        number -= 1
        nothing()


def test_every_call_counts() -> None:
    allowance = Allowance(2.0, NotExact("enough"))
    assert allowance.left == 2_000_000
    with allowance:
        before = allowance.left
        len("one")
        nothing()
        assert before - allowance.left == 2
    assert sys.getprofile() is None


def test_as_many_calls_as_are_allowed() -> None:
    allowance = Allowance(1.0, NotExact("enough"))
    allowance.left = 5
    with allowance:
        calls(5)
    assert allowance.left == 0
    allowance.left = 5
    with pytest.raises(NotExact), allowance:
        calls(6)
    assert allowance.left == -1


def test_work_without_end_is_stopped() -> None:
    allowance = Allowance(0.01, NotExact("enough"))
    with pytest.raises(NotExact, match="enough"), allowance:
        calls(math.inf)
    with pytest.raises(NotExact), allowance:  # nothing is left for the next operation either
        nothing()
    assert sys.getprofile() is None


def test_the_clock_is_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every 1,024 calls: four times the seconds may pass, not more."""
    times = iter([100.0, 101.0, 102.0, 102.001])
    monkeypatch.setattr("backprop_cli.calculus.calls.monotonic", lambda: next(times))
    allowance = Allowance(0.5, NotExact("enough"))
    with pytest.raises(NotExact), allowance:
        calls(10_000)
    assert next(times, None) is None
    assert 500_000 - allowance.left == 500_000 % 1_024 + 2 * 1_024


def test_an_allowance_within_an_allowance_is_the_same() -> None:
    def before(*event: object) -> None:
        pass

    allowance = Allowance(1.0, NotExact("enough"))
    sys.setprofile(before)
    try:
        with allowance:
            with allowance:
                nothing()
            left = allowance.left
            nothing()
            assert allowance.left < left
        assert sys.getprofile() is before  # whoever measured goes on measuring
    finally:
        sys.setprofile(None)


def test_the_seconds_of_a_run_are_those_of_the_limit() -> None:
    with pytest.raises(Exception, match=r"SymPy more than 1e-05 s of work"):
        grad("L = sin(x)*cos(x)", {"x": 1}, exact=True, limits=Limits(seconds=0.00001))
    assert grad("L = x^2/3 + 1", {"x": 1}, exact=True, limits=Limits(seconds=0.00001)).value == Fraction(4, 3)  # no closed forms


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("L = tan(pi/2 - x)*y", "1/tan(1)"),
        ("L = y*tan(x + pi/2)", "-1/tan(1)"),
        ("L = y/tan(pi/2 - x)", "tan(1)"),
        ("L = y*tan(pi/2 + x)^2/3", "1/(3*tan(1)^2)"),
    ],
)
def test_one_over_a_tangent_is_written_so(backprop: Backprop, text: str, shown: str) -> None:
    """SymPy calls it `cot`, a word that the language does not have: this was a fault."""
    ran = backprop("grad", "-e", text, "--at", "x=1, y=1", "--exact", "--json")
    assert ran.status == 0
    assert f'"{shown}"' in ran.out
    again = backprop("grad", "-e", f"L = y*({shown})", "--at", "y=1", "--exact", "--json")
    assert f'"{shown}"' in again.out


def test_words_for_one_over_other_functions() -> None:
    half = sympy.Rational(1, 2)
    for value, shown in ((sympy.sec(half), "1/cos(1/2)"), (sympy.csc(1) * 3, "3/sin(1)"), (sympy.sec(1) ** 2, "1/cos(1)^2")):
        assert exact_text(value) == shown


def test_what_has_no_word_is_refused() -> None:
    x = exact_arithmetic(Limits()).functions
    with pytest.raises(NotExact, match="no word"):
        exact_float(sympy.zeta(3))
    with pytest.raises(ValueError, match="no real number"):
        x["acosh"](Fraction(1, 2))


@pytest.mark.parametrize("count", range(1, 5))
@pytest.mark.parametrize("power", range(1, 6))
def test_terms_of_powers_are_told_before_they_are_written_out(count: int, power: int) -> None:
    total = sum(sympy.symbols(f"a:{count}"))
    assert terms(total**power) == len(sympy.Add.make_args(sympy.expand(total**power)))
    assert terms((total**power + 7) * (total + 1)) >= len(sympy.Add.make_args(sympy.expand((total**power + 7) * (total + 1))))


def test_terms_without_number() -> None:
    a, b, c = sympy.symbols("a b c")
    assert terms((a + b + c) ** 10**9) == terms((a + b) ** 10**9 * (a + c) ** 10**9) == 10**7
    assert terms((a + b) ** -3) == 4


def test_digits_that_cancel_are_no_zero() -> None:
    """Two times nothing in a row is no agreement: exp(300) has 131 digits before its point."""
    with mp.workdps(300):
        whole, rest = mp.floor(mp.exp(300)), mp.frac(mp.exp(300))
    x = exact_arithmetic(Limits()).functions
    assert exact_float(x["subtract"](x["exp"](Fraction(300)), Fraction(int(whole)))) == pytest.approx(float(rest), rel=1e-15)


@pytest.mark.parametrize("text", ["L = (1/2)^x", "L = x^(1/2)^y", "L = (1/3)^(x*y)/tan(x)^y"])
def test_powers_of_one_over_a_number_are_written(backprop: Backprop, text: str) -> None:
    """SymPy itself calls (1/2)^x a power of 2, when asked for its base."""
    ran = backprop("grad", "-e", text, "--at", "x=1, y=1" if "y" in text else "x=1", "--symbolic")
    assert (ran.status, "agrees with SymPy" in ran.out) == (0, True)


def test_sums_over_nothing_meet_closed_forms(backprop: Backprop) -> None:
    ran = backprop("grad", "-e", "A = [1, 2, x]; L = sum(A[3:]) + log(x)*sum(A[3:]) + sum(log(A[3:]))", "--at", "x=2", "--exact")
    assert (ran.status, "L = 0" in ran.out) == (0, True)


@pytest.mark.parametrize("text", ["x = 1; L = x*log1p(1e-20)", "input c = [1e-20, 1]; param w = [1, 2]; L = sum(w*log1p(c))"])
def test_tiny_closed_constants_are_no_zeros_to_the_check(backprop: Backprop, text: str) -> None:
    """SymPy's own float of log(1 + 1e-20) is 0: this was a disagreement."""
    ran = backprop("grad", "-e", text, "--exact")
    assert (ran.status, "agrees with SymPy" in ran.out) == (0, True)


@pytest.mark.parametrize("options", [[], ["--symbolic"]])
def test_sympy_looking_at_constants_for_long_is_stopped(backprop: Backprop, options: list[str]) -> None:
    """It asked for the sign of this arcus cosine for nine seconds; statement by statement it need not know."""
    text = "L = x*(acos(atan2(1/2^2 - pi/3, floor(2)^sigmoid(3)))) + y"
    ran = backprop("grad", "-e", text, "--at", "x=1/3, y=2", *options)
    assert (ran.status, "agrees with SymPy   statement by statement" in ran.out) == (0, True)


def test_forms_of_some_thousand_terms_are_written_out() -> None:
    """At most ten times as many as a form may have parts: here 1,365 terms, of which none is left."""
    text = "L = x + x*sign(((sqrt(2) + sqrt(3))^2 - 5 - 2*sqrt(6))*(sqrt(2) + log(3) + pi + e)^12)"
    assert grad(text, {"x": 1}, exact=True).value == 1
    with pytest.raises(Exception, match="whether a closed constant is exactly 0"):
        grad(text, {"x": 1}, exact=True, limits=Limits(expanded=90))


def test_as_many_terms_as_are_allowed() -> None:
    total = sympy.sqrt(2) + sympy.sqrt(3) + sympy.sqrt(5)
    nothing = total**2 - sympy.expand(total**2)
    assert terms(nothing) == 10
    assert exact_arithmetic(Limits(expanded=1)).functions["sign"](nothing) == 0


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("24^0.76543210987", "a number of 212,345,687,896 bits would stand in a closed form"),
        ("exp(0.76543210987*log(24))", "a number of 212,345,687,896 bits would stand in a closed form"),
        ("3^(0.76543210987*log(24)/log(3))", "a number of 212,345,687,896 bits would stand in a closed form"),
        ("(24*pi)^0.76543210987", "bits would stand in a closed form"),
        ("(pi/3.14159265358979)^10^12", "an exact value could need more than 10^12 bits"),
        ("24^(33333/100003)*24^(33331/99991)", "bits would stand in a closed form"),
        ("24^(33333/100003)*2^(33333/100003)", "bits would stand in a closed form"),
        ("sqrt(2)/24^(33333/100003)", "bits would stand in a closed form"),
        ("2^(1/3)/24^(33331/99991)", "bits would stand in a closed form"),
        ("((53/3)^0.763597827)^(9 + 1e-12)", "bits would stand in a closed form"),
        ("sqrt(24)^0.7654321", "bits would stand in a closed form"),
        ("sign((24^(33333/100003) + 1)*(24^(33331/99991) + 1)*(sin(1)^2 + cos(1)^2 - 1))", "bits would stand in a closed form"),
    ],
)
def test_powers_of_which_sympy_makes_endless_numbers_are_refused(form: str, said: str) -> None:
    """It writes 24^(7/10) as 4*(2*3^7)^(1/10): `grad --exact` did not end, and took all memory."""
    with pytest.raises(BackpropError) as found:
        grad(f"x = 1; L = x*({form})", exact=True)
    assert found.value.diagnostics[0].reference == "not-exact"
    assert said in found.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("form", "closed"),
    [
        ("50^0.12345", "2^(2469/20000)*5^(2469/10000)"),
        ("sqrt(50)/50^0.123", "2^(377/1000)*5^(377/500)"),
        ("(1/10^0.30103)^2", "10^(19897/50000)/10"),
        ("(3/24)^0.765", "2^(141/200)/8"),
        ("1.05^-7.5", "2560000000*sqrt(105)/37822859361"),
        ("10^-0.30103*10^0.5", "10^(19897/100000)"),
        ("exp(-0.5*log(3))", "sqrt(3)/3"),
        ("exp(10^20*log(3)/10^19)", "59049"),
    ],
)
def test_powers_of_which_sympy_makes_short_ones_are_kept(form: str, closed: str) -> None:
    assert str(grad(f"x = 1; L = x*({form})", exact=True).gradients["x"]) in (closed, closed.replace("^", "**"))


@pytest.mark.parametrize("number", [2, 12, 24, 50, 360, 1_001])
@pytest.mark.parametrize("power", ["765/1000", "-2469/2000", "3331/10007", "-3331/10007", "9999/10007", "7/10000", "20011/10007"])
def test_bits_of_roots_are_told_before_sympy_makes_them(number: int, power: str) -> None:
    base, exponent = sympy.Integer(number), sympy.Rational(power)
    whole, under_root = power_bits(base, exponent)
    made = [int(each).bit_length() for each in (base**exponent).atoms(sympy.Integer)]
    assert max(made) <= max(whole, under_root, 16_384)
    assert under_root == 0 or max(made) > under_root // 2


def test_prime_factors_are_looked_for_as_far_as_sympy_looks() -> None:
    """Up to 2^15; the prime just above is not seen, and the number stays whole under the root."""
    power = sympy.Rational(70_001, 100_000)
    beyond = sympy.Integer(32_771**3 * 1_000_000_007**2)
    assert max(int(each).bit_length() for each in (beyond**power).atoms(sympy.Integer)) == power_bits(beyond, power)[1] == 105
    within = sympy.Integer(32_749**3 * 1_000_000_007**2 * 3_000_000_037)  # SymPy does not end with this one
    assert power_bits(within, power)[1] == 6_590_137


def test_what_is_no_burden_is_not_counted() -> None:
    assert power_bits(sympy.Integer(3), sympy.Integer(64)) == (0, 0)
    assert power_bits(sympy.Integer(3), sympy.Integer(65)) == (2 * 66, 0)
    assert power_bits(sympy.E, 65 * sympy.log(3)) == (2 * 66, 0)
    assert power_bits(sympy.root(3, 40), sympy.Rational(3, 7)) == (2, 0)  # 3^(3/280)
    assert product_bits(sympy.root(2, 4_096), sympy.root(3, 4_096)) == 0  # 16,384 bits together
    assert product_bits(sympy.root(2, 3_277), sympy.root(5, 3_277)) == 16_385
    assert quotient_bits(sympy.sqrt(2), sympy.pi) == 0
    assert quotient_bits(sympy.S.One, sympy.Integer(10) ** sympy.Rational("0.30103")) == 5  # 2 and 5 to the same power
    assert product_bits(sympy.root(2, 3_277), sympy.pi) == product_bits(sympy.pi, sympy.root(5, 3_277)) == 0


def test_powers_that_formulas_would_not_end_with_are_no_formulas(backprop: Backprop) -> None:
    """The exponent is a number only once SymPy has chosen a branch."""
    ran = backprop("grad", "-e", "L = x*(pi/3/e)^where(sqrt(2) < pi/3, 10^20, 10^20)", "--at", "x=1", "--symbolic")
    assert (ran.status, "no formula for x: a power of a number is too large to be written out" in ran.out) == (0, True)


def test_products_that_formulas_would_not_end_with_are_no_formulas() -> None:
    from backprop_cli.calculus.algebra import Untranslatable, to_sympy

    long = "24^(33333/100003)"
    for text in (f"{long}*24^(33331/99991)", f"1/{long}", "24^0.76543210987", "exp(0.76543210987*log(24))"):
        with pytest.raises(Untranslatable, match="too large to be written out"):
            to_sympy(parse_expression(text), {})
    assert to_sympy(parse_expression(f"{long}*5"), {}).is_Mul
