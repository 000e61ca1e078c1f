"""Whether rounding decides on which side of a corner or a step a point is: `floor(log(1000)/log(10))`, `where(0.1 + 0.2 == 0.3, 5, 7)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backprop_cli.oracles.derived import Differentiated
from backprop_cli.oracles.stream import Bad, Stream
from backprop_cli.oracles.tape import Ground, Laid

_DIGITS = (50, 80, 300)
_TINY = 1e-20  # of what a distance is the difference of, or of 1
EDGE = "rounding decides on which side of a corner or a step the point is"
# A step with its distances from corners, each with the size of what it is the difference of; how many of them `wrt` reaches.
Row = tuple[Laid, list[tuple[Any, Any]], int]


def undecided(ground: Ground, wrt: Sequence[str], tick: Callable[[], None]) -> tuple[str, bool]:
    """The statement at which the distance from a corner or a step is rounding alone, and whether `wrt` reaches it.

    Corners count where `wrt` reaches them, steps anywhere. Such a distance is next to nothing, and another nothing with more
    digits. The statement is empty where there is none; of several, one that `wrt` does not reach is told.
    """
    few = _distances(ground, wrt, True, _DIGITS[0], tick)
    if not any(_tiny(*each) for _, found, _ in few for each in found):
        return "", False
    more = [_distances(ground, wrt, True, digits, tick) for digits in _DIGITS[1:]]
    vague = []
    for rows in zip(few, *more, strict=True):
        for at, several in enumerate(zip(*(found for _, found, _ in rows), strict=True)):
            near = [gap for gap, _ in several]
            if _tiny(*several[0]) and max(near) - min(near) > max(map(abs, near)) / 1000:
                vague.append((at < rows[0][2], rows[0][0].statement))
    return (min(vague)[1], min(vague)[0]) if vague else ("", False)


def reached(ground: Ground, wrt: Sequence[str], tick: Callable[[], None]) -> set[str]:
    """The names among `wrt` that move something that is on a corner or a step, or whose slope is infinite."""
    from mpmath import mp

    with mp.workdps(_DIGITS[0]):
        tape, differentiated = ground.lay(wrt, False), Differentiated()
        values = tape.values(differentiated, tick)
        above = bytearray(len(tape.moved))
        for count, step in enumerate(reversed(tape.steps)):
            if not count & 255:
                tick()
            active = [i for i, slot in enumerate(step.operands) if tape.moved[slot]]
            derived = differentiated.of(step.piece) if active else None
            for i in active:
                if above[step.own] or _ends(derived, i, [values[slot] for slot in step.operands]):
                    above[step.operands[i]] = 1
        return {name for name in wrt if name in tape.slots and above[tape.slots[name]]}


def _ends(derived: Any, operand: int, arguments: list[Any]) -> bool:
    """Whether an operand of a piece is on a corner, or its slope is infinite."""
    gaps = derived.distances((operand,), False)
    if gaps is not None and any(not isinstance(gap, Bad) and _tiny(gap, size) for gap, size in gaps.gross(arguments)):
        return True
    return any(isinstance(each, Bad) for each in derived.slopes((operand,)).run(arguments)[:1])


def _tiny(gap: Any, size: Any) -> bool:
    return bool(abs(gap) <= _TINY * max(1, size))


def _distances(ground: Ground, wrt: Sequence[str], jumps: bool, digits: int, tick: Callable[[], None]) -> list[Row]:
    """The steps that have corners which `wrt` reaches (with `jumps` any step at all), each with its distances from them."""
    from mpmath import mp, mpf

    tape, differentiated = ground.lay(wrt, False), Differentiated()
    cornered: list[tuple[Laid, Stream, int]] = []
    for count, step in enumerate(tape.steps):
        if not count & 255:
            tick()
        active = tuple(i for i, slot in enumerate(step.operands) if tape.moved[slot])
        derived = differentiated.of(step.piece)
        stream = derived.distances(active, jumps)
        if stream is not None:
            moving = derived.distances(active, False)
            cornered.append((step, stream, 0 if moving is None else len(moving.outputs)))
    if not cornered:
        return []
    with mp.workdps(digits):
        values, far = tape.values(differentiated, tick), (mpf(1), mpf(1))
        # What statements above subtracted may have been as large as the largest value there is.
        largest = max((abs(each) for each in values if each is not None and not isinstance(each, Bad)), default=mpf(0))
        found: list[Row] = []
        for step, stream, own in cornered:
            gaps = stream.gross([values[slot] for slot in step.operands])
            row = [far if isinstance(gap, Bad) or isinstance(size, Bad) else (gap, max(size, largest)) for gap, size in gaps]
            found.append((step, row, own))
        return found
