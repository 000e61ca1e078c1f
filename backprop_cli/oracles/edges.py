"""Whether rounding decides on which side of a corner or a step a point is: `floor(log(1000)/log(10))`, `where(0.1 + 0.2 == 0.3, 5, 7)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backprop_cli.oracles.derived import Differentiated
from backprop_cli.oracles.stream import Bad, Stream
from backprop_cli.oracles.tape import Ground, Laid

_DIGITS = (50, 80)
_TINY = 1e-20
EDGE = "rounding decides on which side of a corner or a step the point is"


def undecided(ground: Ground, wrt: Sequence[str], tick: Callable[[], None]) -> str:
    """The statement at which the distance from a corner that `wrt` reaches, or from any step, is rounding alone; empty where there is none.

    Such a distance is next to nothing, and another nothing with more digits.
    """
    few = _distances(ground, wrt, True, _DIGITS[0], tick)
    if not any(abs(each) < _TINY for _, found in few for each in found):
        return ""
    many = _distances(ground, wrt, True, _DIGITS[1], tick)
    for (step, first), (_, second) in zip(few, many, strict=True):
        for near, nearer in zip(first, second, strict=True):
            vague = abs(near) < _TINY and abs(near - nearer) > abs(nearer) / 1000
            if vague:
                return step.statement
    return ""


def reached(ground: Ground, name: str, tick: Callable[[], None]) -> bool:
    """Whether a name moves something that is on a corner or a step, or whose slope is infinite."""
    from mpmath import mp

    if any(abs(each) < _TINY for _, found in _distances(ground, (name,), False, _DIGITS[0], tick) for each in found):
        return True
    with mp.workdps(_DIGITS[0]):
        tape, differentiated = ground.lay((name,), False), Differentiated()
        values = tape.values(differentiated, tick)
        for step in tape.steps:
            active = tuple(i for i, slot in enumerate(step.operands) if tape.moved[slot])
            slopes = differentiated.of(step.piece).slopes(active).run([values[slot] for slot in step.operands]) if active else []
            if any(isinstance(each, Bad) for each in slopes):
                return True
    return False


def _distances(ground: Ground, wrt: Sequence[str], jumps: bool, digits: int, tick: Callable[[], None]) -> list[tuple[Laid, list[Any]]]:
    """The steps that have corners which `wrt` reaches (with `jumps` any step at all), each with its distances from them."""
    from mpmath import mp, mpf

    tape, differentiated = ground.lay(wrt, False), Differentiated()
    cornered: list[tuple[Laid, Stream]] = []
    for count, step in enumerate(tape.steps):
        if not count & 255:
            tick()
        active = tuple(i for i, slot in enumerate(step.operands) if tape.moved[slot])
        stream = differentiated.of(step.piece).distances(active, jumps)
        if stream is not None:
            cornered.append((step, stream))
    if not cornered:
        return []
    with mp.workdps(digits):
        values, one = tape.values(differentiated, tick), mpf(1)
        found = [(step, stream.run([values[slot] for slot in step.operands])) for step, stream in cornered]
        return [(step, [one if isinstance(each, Bad) else each for each in row]) for step, row in found]
