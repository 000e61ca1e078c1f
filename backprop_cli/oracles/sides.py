"""At a corner no derivative can be compared; what can be is our number with the slopes on both sides of the point."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from backprop_cli.lang.program import Program
from backprop_cli.limits import Limits
from backprop_cli.oracles import edges, statements
from backprop_cli.oracles.derived import Differentiated
from backprop_cli.oracles.judging import number
from backprop_cli.oracles.opinion import FAILURES, TOLERANCE, Agrees, NoOpinion
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.statements import deadline
from backprop_cli.oracles.stream import Bad
from backprop_cli.oracles.tape import Tape, ground

_DIGITS = (300, 450)  # what both say is no rounding
_STEPS = (Fraction(1, 10**60), Fraction(1, 10**80))  # far below any number in a file, far above the last of the digits
_NEAR = 1e-6  # of our slope or of the nearer one
_ENDLESS, _JUMPS = 1e5, 1e19  # how much larger a slope is with the finer step where it has no end, and where the value itself jumps
_MOST_CHARACTERS, _MOST_WORK = 20_000, 120_000  # of the text; leaves times characters
METHOD = "secants on both sides"
# A leaf, our slope by it, and those of the secants with the wide and with the fine step.
Secants = tuple[str, Any, list[Any], list[Any]]


class Sides:
    """The slopes beside a point, worked out once for both questions that are asked of them.

    Arguments are those of `second_opinion`; `tick` keeps the time. Numbers only: with arrays and in long programs nothing is known.
    """

    def __init__(self, program: Program, at: Mapping[str, Any], output: str, gradients: Mapping[str, Any], limits: Limits) -> None:
        self.program, self.at, self.output, self.gradients = program, dict(at), output, gradients
        self.tick = deadline(limits)
        self.differentiated = Differentiated()
        self.found: dict[str, Secants | None] = {}

    def agreement(self) -> Agrees | None:
        """Where only the definition has a corner, as softsign's at 0: whether every gradient is the slope on both sides."""
        gaps: list[float] = []
        try:
            for each in self._secants(list(self.gradients)):
                gaps.append(math.inf if each is None else _gap(*each[1:]))
                if gaps[-1] > TOLERANCE:
                    return None
        except (NoOpinion, *FAILURES):
            return None
        if not gaps:
            return None
        return Agrees(METHOD, max(gaps), f"{len(gaps)} derivative{'s' * (len(gaps) != 1)} at {_DIGITS[0]} digits")

    def outside(self) -> str:
        """What to say of the first gradient that lies outside the slopes on the two sides; empty where there is none, or none is known."""
        try:
            names = edges.reached(ground(Scope(self.program, self.at), self.output), list(self.gradients), self.tick)
            for each in self._secants([name for name in self.gradients if name in names]):
                if each is not None and _lies_outside(*each[1:]):
                    return f"{self._said(*each)}, and {float(each[1]) + 0.0:.6g} by convention"
        except (NoOpinion, *FAILURES):
            pass
        return ""

    def _secants(self, names: list[str]) -> Iterator[Secants | None]:
        """For each name its secants; None where none are known."""
        from mpmath import mp

        arrays = any(getattr(each, "ndim", 0) for each in (*self.at.values(), *self.gradients.values()))
        size = len(self.program.source.text)
        if arrays or len(names) * size > _MOST_WORK or size > _MOST_CHARACTERS:
            raise NoOpinion("too much")
        scope = Scope(self.program, self.at)
        with mp.workdps(_DIGITS[0]):
            for name in names:
                if name not in self.found:
                    leaf = name in scope.sources and scope.is_leaf(name)
                    self.found[name] = self._of(name, scope) if leaf else None
                yield self.found[name]

    def _of(self, name: str, scope: Scope) -> Secants | None:
        here = _rational(statements.value(ground(scope, name), _DIGITS[0], self.tick))
        tape = ground(Scope(self.program, {**self.at, name: here}), self.output, self.tick).lay((), False)
        both = [[self._slopes(tape, name, here, step, digits) for digits in _DIGITS] for step in _STEPS]
        for first, second in both:
            if not first or len(first) != len(second) or any(abs(a - b) > TOLERANCE * abs(b) for a, b in zip(first, second, strict=True)):
                return None
        return name, number(self.gradients[name]), both[0][0], both[1][0]

    def _slopes(self, tape: Tape, name: str, here: Fraction, step: Fraction, digits: int) -> list[Any]:
        """The slopes of the secants to the left and to the right, without a side on which there is no value."""
        from mpmath import mp

        with mp.workdps(digits):
            left, middle, right = (self._value(tape, name, here + away) for away in (-step, 0 * step, step))
            if isinstance(middle, Bad):
                return []
            small = number(step)
            return [(side - middle) / (small * sign) for side, sign in ((left, -1), (right, 1)) if not isinstance(side, Bad)]

    def _value(self, tape: Tape, name: str, here: Fraction) -> Any:
        """The output with a leaf moved, on a tape laid once."""
        own = tape.slots.get(name)
        tape.constants = [(slot, here if slot == own else value) for slot, value in tape.constants]
        return tape.values(self.differentiated, self.tick)[tape.output]

    def _said(self, name: str, ours: Any, wide: list[Any], fine: list[Any]) -> str:
        """What the slope is beside the point, in words where it has no end."""
        grown = max(map(abs, fine)) / max(*map(abs, wide), number(_STEPS[0]))
        if grown > _JUMPS:
            return f"{self.output} jumps here: its slope by {name} is infinite"
        if grown > 1 + _NEAR and (grown > _ENDLESS or max(map(abs, wide)) > _ENDLESS * number(_STEPS[0])):
            return f"the slope by {name} is infinite beside it"
        return f"the slope by {name} is {' or '.join(dict.fromkeys(f'{float(slope) + 0.0:.6g}' for slope in fine))} beside it"


def _lies_outside(ours: Any, wide: list[Any], fine: list[Any]) -> bool:
    far = _distance(ours, fine)
    # What shrinks with the step is on its way to ours.
    return bool(far > _NEAR * max(abs(ours), min(map(abs, fine))) and far > _distance(ours, wide) / 2)


def _gap(ours: Any, wide: list[Any], fine: list[Any]) -> float:
    """How far our slope is from those on both sides, relative; a slope that shrinks with the step is 0."""
    if len(fine) < 2:
        return math.inf
    if not ours and all(abs(near) <= min(abs(far) / _ENDLESS, TOLERANCE) for far, near in zip(wide, fine, strict=True)):
        return 0.0
    return max(0.0 if ours == each else float(abs(ours - each) / max(abs(ours), abs(each))) for each in fine)


def _distance(ours: Any, slopes: list[Any]) -> Any:
    """How far a number lies outside the slopes."""
    return max(min(slopes) - ours, ours - max(slopes), 0)


def _rational(value: Any) -> Fraction:
    if isinstance(value, Bad):
        raise NoOpinion(value.reason)
    return Fraction(int(value.man)) * Fraction(2) ** int(value.exp) * (-1 if value < 0 and value.man > 0 else 1)
