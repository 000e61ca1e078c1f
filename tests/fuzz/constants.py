"""Views and verdicts of formulas full of constants, of which random programs hold few: functions of functions of `pi` and roots."""

from __future__ import annotations

from random import Random

from backprop_cli.calculus.table import ROWS
from tests.fuzz.parallel import shared_out
from tests.fuzz.screens import look_at
from tests.fuzz.tally import Tally

_NUMBERS = (
    "x",
    "y",
    "x",
    "y",
    "pi",
    "e",
    "2",
    "3",
    "5",
    "-1",
    "1/2",
    "7/3",
    "0.1",
    "pi/2",
    "pi/3",
    "sqrt(2)",
    "log(2)",
    "10^20",
    "1e-20",
    "123456789",
)
_OF_ONE = tuple(sorted(row.head for row in ROWS.values() if len(row.operands) == 1 and row.code is None and row.head.isidentifier()))
_OF_TWO = ("max", "min", "hypot", "atan2")
_X, _Y = ("1", "2", "3", "1/3", "-1/2"), ("1", "2", "-2", "5/7", "1/4")
_DEEPEST = 5


def run(cases: int, seed: int) -> Tally:
    """So many formulas, as programs of one statement."""
    return shared_out(share, cases, seed, every=500)


def share(stretch: range, seed: int) -> Tally:
    """A stretch of them."""
    tally = Tally()
    for number in stretch:
        random = Random(f"{seed}/{number}/constants")
        written = f"x = {random.choice(_X)}\ny = {random.choice(_Y)}\nL = x*({formula(random, random.randint(2, _DEEPEST))}) + y"
        look_at(written, f"formula {number} of seed {seed}", random, tally)
    return tally


def formula(random: Random, depth: int) -> str:
    """A formula of constants and of two names; calls inside of calls, no deeper than so many."""
    if not depth or random.random() < 0.12:
        return random.choice(_NUMBERS)
    kind = random.random()
    if kind < 0.5:
        return f"{random.choice(_OF_ONE)}({formula(random, depth - 1)})"
    one, other = formula(random, depth - 1), formula(random, depth - 1)
    if kind < 0.58:
        return f"{random.choice(_OF_TWO)}({one}, {other})"
    if kind < 0.62:
        return f"where({one} {random.choice(('<', '>=', '=='))} {other}, {formula(random, depth - 1)}, {formula(random, depth - 1)})"
    return f"({one} {random.choice('+-*/^')} {other})"
