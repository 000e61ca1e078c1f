"""At a corner no derivative can be compared; what can be is our number with the slopes on both sides of the point."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from backprop_cli.lang.program import Program
from backprop_cli.limits import Limits
from backprop_cli.oracles import statements
from backprop_cli.oracles.judging import number
from backprop_cli.oracles.opinion import FAILURES, NoOpinion
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.statements import deadline
from backprop_cli.oracles.stream import Bad
from backprop_cli.oracles.tape import ground

_DIGITS = 150
_STEPS = (Fraction(1, 10**20), Fraction(1, 10**40))  # far below any number in a file, far above the last of the digits
_NEAR = 1e-6  # of the larger slope, or of 1
_MOST_NAMES, _MOST_STATEMENTS, _MOST_CHARACTERS = 6, 2_000, 20_000


def outside(program: Program, at: Mapping[str, Any], output: str, gradients: Mapping[str, Any], limits: Limits) -> str:
    """What to say of the first gradient that lies outside the slopes on the two sides; empty where there is none, or none is known.

    Arguments are those of `second_opinion`. Numbers only: arrays, names of computed nodes and long programs are passed over.
    """
    too_long = len(program.statements) > _MOST_STATEMENTS or len(program.source.text) > _MOST_CHARACTERS
    if too_long or any(getattr(each, "ndim", 0) for each in (*at.values(), *gradients.values())):
        return ""
    try:
        return _first_outside(program, dict(at), output, gradients, limits)
    except (NoOpinion, *FAILURES):
        return ""


def _first_outside(program: Program, at: dict[str, Any], output: str, gradients: Mapping[str, Any], limits: Limits) -> str:
    from mpmath import mp

    tick = deadline(limits)
    scope = Scope(program, at)
    names = [name for name in gradients if name in scope.sources and scope.is_leaf(name)][:_MOST_NAMES]
    with mp.workdps(_DIGITS):
        here = {name: _rational(statements.value(ground(scope, name), _DIGITS, tick)) for name in names}
        for name in names:
            ours = number(gradients[name])
            both = [_slopes(program, at | here, output, name, step, tick) for step in _STEPS]
            if not all(both):
                continue
            wide, fine = (_distance(ours, slopes) for slopes in both)
            if fine > _NEAR * max(1, *map(abs, both[1])) and fine > wide / 2:  # what shrinks with the step is on its way to ours
                beside = dict.fromkeys(f"{float(slope) + 0.0:.6g}" for slope in both[1])
                return f"{name} is {' or '.join(beside)} beside it, and {float(ours) + 0.0:.6g} by convention"
    return ""


def _rational(value: Any) -> Fraction:
    if isinstance(value, Bad):
        raise NoOpinion(value.reason)
    return Fraction(int(value.man)) * Fraction(2) ** int(value.exp) * (-1 if value < 0 and value.man > 0 else 1)


def _slopes(program: Program, at: Mapping[str, Any], output: str, name: str, step: Fraction, tick: Any) -> list[Any]:
    """The slopes of the secants to the left and to the right, without a side on which there is no value."""
    values = [
        statements.value(ground(Scope(program, {**at, name: at[name] + away}), output), _DIGITS, tick) for away in (-step, 0 * step, step)
    ]
    left, middle, right = values
    if isinstance(middle, Bad):
        return []
    small = number(step)
    return [(side - middle) / (small * sign) for side, sign in ((left, -1), (right, 1)) if not isinstance(side, Bad)]


def _distance(ours: Any, slopes: list[Any]) -> Any:
    """How far a number lies outside the slopes."""
    return max(min(slopes) - ours, ours - max(slopes), 0)
