"""Second opinions that would lose the digits themselves are worked out with more: fifty digits hold no 1 - cos(1e-30)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mpmath import mp, mpf

from backprop_cli.oracles import cancelling
from tests.conftest import Backprop

# Programs, what the output and its gradients truly are, and those of the gradients that float64 has none of the digits of.
LOST = [
    ("x=1e-20; L=(1-cos(x))/x^2", "0.5", {"x": "-8.33333e-22"}),
    ("x=1e-30; L=(1-cos(x))/x^2", "0.5", {"x": "-8.33333e-32"}),
    ("x=1e-60; L=(exp(x)-1)/x", "1", {"x": "0.5"}),
    ("x=1e-60; L=log(1+x)/x", "1", {"x": "-0.5"}),
    ("x=1e-60; L=(sqrt(1+x)-1)/x", "0.5", {"x": "-0.125"}),
    ("x=1e-60; L=((1+x)^2-1)/x", "2", {"x": "1.0"}),
    ("x=1e30; L=x*(sqrt(x^2+1)-x)", "0.5", {"x": "2.5e-91"}),
    ("x=150; L=exp(x)*(1-sigmoid(x))", "1", {"x": "7.1751e-66"}),
    ("x=60; L=exp(x)*(1-tanh(x))", "1.7513e-26", {"x": "-1.7513e-26"}),
    ("x=13; L=1-erf(x)", "1.73956e-75", {}),
    ("x=1e60; L=(x+1)-x", "1", {}),
    ("x=1e-60; y=2; L=((y+x)-y)/x*y", "2", {"x": "0, as near as float64 could tell", "y": "1.0"}),
    ("x=1e-200; L=(exp(x)-1)/x", "1", {"x": "0.5"}),
    ("x=1e-305; L=(exp(x)-1)/x", "1", {"x": "0.5"}),
    ("x=1e-305; L=((1+x^2)-1)/x", "1.0e-305", {"x": "1.0"}),
    ("x=1e-60; L=log1p(x)+expm1(x)+(1-cos(x))/x^2", "0.5", {"x": "2.0"}),
    ("x=1e30; L=x*(pi/2-atan(x))", "1", {"x": "6.66667e-91"}),
    (f"x=1; c=1.{'0' * 59}1; L=x*(c-1)*1e60", "1", {"x": "1.0"}),
]  # fmt: skip


def grad(backprop: Backprop, text: str) -> dict[str, Any]:
    ran = backprop("grad", "-e", text, "--json")
    assert ran.status == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.parametrize(("text", "value", "gradients"), LOST, ids=[text for text, _, _ in LOST])
def test_what_both_engines_would_lose_is_said(backprop: Backprop, text: str, value: str, gradients: dict[str, str]) -> None:
    found = grad(backprop, text)
    said = [each["message"].split(";")[0] for each in found["warnings"]]
    assert f"float64 loses the digits of L: it is {value}" in said
    told = {each.split(" of dL/d")[1].split(" ")[0]: each.split(": it is ")[1] for each in said if " of dL/d" in each}
    assert told == gradients
    assert found["check"]["status"] == "agrees"


@pytest.mark.parametrize(
    ("text", "warnings"),
    [("x=3; L=1e20*x/norm([x,x])", 1), ("x=1e-200; L=x/norm([x,x])", 1), ("x=3; L=x/norm([x,x])", 0), ("x=[1,2,3]; L=sum(softmax(x))", 0)],
)
def test_what_rounding_leaves_of_contributions_that_cancel_is_told_where_it_is_large(backprop: Backprop, text: str, warnings: int) -> None:
    said = [each["message"] for each in grad(backprop, text)["warnings"]]
    assert said == ["float64 loses the digits of dL/dx in norm at L: it is 0, as near as float64 could tell"] * warnings


@pytest.mark.parametrize(
    "text", ["x=2; L=(x-2)^2", "x=0.75; L=x*(0.25+0.5-x)+x", "x=1; L=log(x)*2", "x=[1,2,3]; L=sum(x-[1,2,3])", "x=-800; L=1+exp(x)"]
)
def test_zeros_of_exact_numbers_take_no_more_digits(backprop: Backprop, text: str) -> None:
    check = grad(backprop, text)["check"]
    assert (check["status"], check["detail"].endswith("at 50 digits")) == ("agrees", True)


@pytest.mark.parametrize("text", ["x=2; L=x*sin(pi)", "x=0.3; L=x*(0.1+0.2-x)+x", "x=2; a=sqrt(x); b=sqrt(x); L=a-b+x"])
def test_zeros_of_rounded_numbers_take_more_and_agree(backprop: Backprop, text: str) -> None:
    assert grad(backprop, text)["check"]["status"] == "agrees"


def watched(digits: int, work: Any) -> bool:
    with mp.workdps(digits):
        cancelling.begin()
        work()
        return cancelling.lost()


def third() -> Any:
    return mpf(1) / 3


def test_what_is_watched() -> None:
    assert not watched(50, lambda: cancelling.add(third(), -mpf(1)))
    assert watched(50, lambda: cancelling.add(third(), -third()))
    assert watched(50, lambda: cancelling.add(third(), cancelling.add(mpf(10) ** -30, -third())))
    assert not watched(50, lambda: cancelling.add(mpf(2), -mpf(2)))
    assert watched(50, lambda: (cancelling.add(mpf(1), mpf(10) ** -60), cancelling.add(mpf(2), -mpf(2))))
    assert not watched(200, lambda: (cancelling.add(mpf(1), mpf(10) ** -60), cancelling.add(mpf(2), -mpf(2))))
    assert watched(50, lambda: (cancelling.quotient(10**60 + 1, 10**60), cancelling.add(mpf(2), -mpf(2))))
    assert not watched(50, lambda: (cancelling.quotient(1, 4), cancelling.add(mpf(2), -mpf(2))))
    product = cancelling.rounding(lambda a, b: a * b)
    assert watched(50, lambda: (product(1 - mpf(2) ** -110, 1 + mpf(2) ** -110), cancelling.add(mpf(2), -mpf(2))))
    assert not watched(50, lambda: (product(mpf(3), mpf(5)), cancelling.add(mpf(2), -mpf(2))))
    exp = cancelling.rounding(mp.exp, True)
    assert watched(50, lambda: (exp(mpf(10) ** -60), cancelling.add(mpf(2), -mpf(2))))
    assert not watched(50, lambda: (exp(mpf(0)), cancelling.add(mpf(2), -mpf(2))))
    log = cancelling.vanishing(mp.ln, 1)
    assert watched(50, lambda: log(1 + mpf(2) ** -120))
    assert not watched(50, lambda: log(mpf(1)))
    sine = cancelling.vanishing(mp.sin, 1, True)
    assert watched(50, lambda: sine(+mp.pi))
    assert not watched(50, lambda: sine(mpf(10) ** -60))


def swallowing() -> None:
    cancelling.add(mpf(1), mpf(2) ** -120)


def nothing() -> None:
    cancelling.add(mpf(2), mpf(-2))


@pytest.mark.parametrize(("halvings", "lost"), [(79, False), (80, True)])
def test_a_difference_keeps_ninety_bits(halvings: int, lost: bool) -> None:
    """Fifty digits are 169 bits."""

    def rounded() -> None:
        one = 1 + mpf(2) ** -120
        cancelling.add(one, mpf(2) ** -halvings + mpf(2) ** -130 - one)

    small = mpf(2) ** -halvings
    assert watched(50, rounded) is lost
    assert watched(50, lambda: (cancelling.add(mpf(1), small), nothing())) is lost
    assert watched(50, lambda: (cancelling.add(small, mpf(1)), nothing())) is lost
    assert watched(50, lambda: cancelling.vanishing(lambda value: small / 2, 1)(one_more(110))) is lost
    assert watched(50, lambda: cancelling.vanishing(lambda value: small * 2**110, 1, True)(one_more(110))) is lost
    assert watched(50, lambda: cancelling.vanishing(lambda value: mpf(2) ** (39 - halvings), 2)(one_more(110))) is lost


def one_more(power: int) -> Any:
    return mpf(2**power + 1)


def test_long_numbers_are_rounded_ones() -> None:
    """Those of more than a hundred bits; short are those of twenty."""
    with mp.workdps(50):
        long, exact = one_more(100), one_more(99)
    assert watched(50, lambda: cancelling.add(long, -long))
    assert watched(50, lambda: cancelling.add(mpf(3) * 2**100, cancelling.add(long, mpf(-3) * 2**100)) and cancelling.add(long, -long))
    assert not watched(50, lambda: cancelling.add(exact, -exact))
    with mp.workdps(50):
        rounded = 1 + mpf(2) ** -120
    assert watched(50, lambda: cancelling.add(rounded, mpf(-1)))
    assert watched(50, lambda: cancelling.add(mpf(-1), rounded))
    same = cancelling.rounding(lambda value, result: result)
    assert watched(50, lambda: (same(long, mpf(2**20 - 1)), nothing()))
    assert not watched(50, lambda: (same(exact, mpf(2**20 - 1)), nothing()))
    assert not watched(50, lambda: (same(long, mpf(2**20 + 1)), nothing()))
    assert not watched(50, lambda: (same(long, mpf(0)), nothing()))
    assert watched(50, lambda: (cancelling.quotient(2**100, 2**100), nothing()))
    assert watched(50, lambda: (cancelling.quotient(2**100 * (2**20 - 1), 2**10), nothing()))
    assert not watched(50, lambda: (cancelling.quotient(2**99, 2**99), nothing()))
    assert not watched(50, lambda: (cancelling.quotient(2**100 * (2**20 + 1), 1), nothing()))
    assert not watched(50, lambda: (cancelling.quotient(0, 2**100), nothing()))


def test_what_is_no_cancelling() -> None:
    assert watched(50, lambda: (swallowing(), nothing()))
    assert not watched(50, swallowing)
    assert not watched(50, lambda: (swallowing(), cancelling.add(mpf(5), mpf(-2))))
    assert not watched(
        50, lambda: (swallowing(), cancelling.add(mpf(0), mpf(0)), cancelling.add(mpf(0), mpf(2)), cancelling.add(mpf(2), mpf(0)))
    )
    assert not watched(50, lambda: (swallowing(), cancelling.vanishing(mp.sin, 1, True)(mpf(0))))
    assert not watched(50, lambda: (cancelling.add(mp.mpc(1, 1), -mp.mpc(1, 1)), cancelling.rounding(mp.acos, True)(mpf(2))))
    assert not watched(50, lambda: (cancelling.add(mpf(0), mpf(2) ** -100), cancelling.add(mpf(2) ** 100, mpf(0)), nothing()))
    assert watched(50, lambda: (cancelling.vanishing(mp.cos, 1, True)(mpf(2) ** -200), nothing()))
    assert isinstance(cancelling.vanishing(mp.acos, 2)(mpf(2)), mp.mpc)
    with mp.workdps(50):
        cancelling.begin()
        cancelling.add(one_more(110), -one_more(110))
        assert cancelling.lost()
        cancelling.begin()
        assert not cancelling.lost()
        nothing()
        assert not cancelling.lost()
