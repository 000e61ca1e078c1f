"""At a corner no derivative can be compared; what can be is our number with the slopes on both sides of the point."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from backprop_cli.lang.program import Program
from backprop_cli.limits import Limits
from backprop_cli.oracles import edges, statements
from backprop_cli.oracles.judging import number
from backprop_cli.oracles.opinion import FAILURES, TOLERANCE, Agrees, NoOpinion
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.statements import deadline
from backprop_cli.oracles.stream import Bad
from backprop_cli.oracles.tape import Ground, ground

_DIGITS = 300
_STEPS = (Fraction(1, 10**60), Fraction(1, 10**80))  # far below any number in a file, far above the last of the digits
_NEAR = 1e-6  # of our slope or of the nearer one
_ENDLESS, _JUMPS = 1e5, 1e19  # how much larger a slope is with the finer step where it has no end, and where the value itself jumps
_LARGEST = 10**60  # a value beside which the steps still show in the digits
METHOD = "secants on both sides"
_MOST_NAMES, _MOST_STATEMENTS, _MOST_CHARACTERS = 40, 2_000, 20_000


Wanted = Callable[[Ground, str, Callable[[], None]], bool]


def outside(program: Program, at: Mapping[str, Any], output: str, gradients: Mapping[str, Any], limits: Limits) -> str:
    """What to say of the first gradient that lies outside the slopes on the two sides; empty where there is none, or none is known.

    Arguments are those of `second_opinion`. Numbers only: arrays, names of computed nodes and long programs are passed over.
    """
    if _too_much(program, at, gradients):
        return ""
    try:
        for name, ours, wide, fine in _secants(program, dict(at), output, list(gradients)[:_MOST_NAMES], gradients, limits, edges.reached):
            far = _distance(ours, fine)
            # What shrinks with the step is on its way to ours.
            if far > _NEAR * max(abs(ours), min(map(abs, fine))) and far > _distance(ours, wide) / 2:
                return f"{_said(output, name, wide, fine)}, and {float(ours) + 0.0:.6g} by convention"
    except (NoOpinion, *FAILURES):
        pass
    return ""


def agreement(program: Program, at: Mapping[str, Any], output: str, gradients: Mapping[str, Any], limits: Limits) -> Agrees | None:
    """Where only the definition has a corner, as softsign's at 0: whether every gradient is the slope on both sides."""
    if _too_much(program, at, gradients) or len(gradients) > _MOST_NAMES:
        return None
    try:
        gaps = [_gap(ours, wide, fine) for _, ours, wide, fine in _secants(program, dict(at), output, list(gradients), gradients, limits)]
    except (NoOpinion, *FAILURES):
        return None
    if len(gaps) < len(gradients) or max(gaps, default=0.0) > TOLERANCE:
        return None
    return Agrees(METHOD, max(gaps, default=0.0), f"{len(gaps)} derivative{'s' * (len(gaps) != 1)} at {_DIGITS} digits")


def _too_much(program: Program, at: Mapping[str, Any], gradients: Mapping[str, Any]) -> bool:
    too_long = len(program.statements) > _MOST_STATEMENTS or len(program.source.text) > _MOST_CHARACTERS
    return too_long or any(getattr(each, "ndim", 0) for each in (*at.values(), *gradients.values()))


def _secants(
    program: Program,
    at: dict[str, Any],
    output: str,
    names: list[str],
    gradients: Mapping[str, Any],
    limits: Limits,
    wanted: Wanted = lambda *_: True,
) -> Iterator[tuple[str, Any, list[Any], list[Any]]]:
    """For each leaf among the names that is `wanted`: our slope, then those of the secants with the wide and with the fine step."""
    from mpmath import mp

    tick = deadline(limits)
    scope = Scope(program, at)
    base = ground(scope, output)
    leaves = [name for name in names if name in scope.sources and scope.is_leaf(name) and wanted(base, name, tick)]
    with mp.workdps(_DIGITS):
        here = {name: _rational(statements.value(ground(scope, name), _DIGITS, tick)) for name in leaves}
        for name in leaves:
            wide, fine = (_slopes(program, at | here, output, name, step, tick) for step in _STEPS)
            if wide and fine and abs(here[name]) < _LARGEST:
                yield name, number(gradients[name]), wide, fine


def _gap(ours: Any, wide: list[Any], fine: list[Any]) -> float:
    """How far our slope is from those on both sides, relative; a slope that shrinks with the step is 0."""
    if len(fine) < 2:
        return math.inf
    if not ours and all(abs(near) <= abs(far) / _JUMPS for far, near in zip(wide, fine, strict=True)):
        return 0.0
    return max(0.0 if ours == each else float(abs(ours - each) / max(abs(ours), abs(each))) for each in fine)


def _said(output: str, name: str, wide: list[Any], fine: list[Any]) -> str:
    """What the slope is beside the point, in words where it has no end."""
    grown = max(map(abs, fine)) / max(*map(abs, wide), number(_STEPS[0]))
    if grown > _JUMPS:
        return f"{output} jumps here: its slope by {name} is infinite"
    if grown > _ENDLESS:
        return f"the slope by {name} is infinite beside it"
    return f"the slope by {name} is {' or '.join(dict.fromkeys(f'{float(slope) + 0.0:.6g}' for slope in fine))} beside it"


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
