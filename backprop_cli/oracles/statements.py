"""The opinion that is linear in the size of a program: each piece differentiated by SymPy, accumulated in reverse at high precision."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from backprop_cli.limits import Limits
from backprop_cli.oracles import cancelling
from backprop_cli.oracles.derived import Differentiated, on_corner
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.stream import Bad
from backprop_cli.oracles.tape import Ground, Tape

METHOD = "statement by statement"
# Decimal digits: those of the first attempt, those that settle a doubt, and those that show whether it is settled.
DIGITS = (50, 300, 1_300)
KINK = "kink, a definition has a corner at this point"


@dataclass(frozen=True, slots=True)
class Found:
    """A gradient by the second engine, and the sum of the absolute contributions to it; both mpf.

    `lost` tells that more digits may give others.
    """

    value: Any
    scale: Any
    lost: bool = field(default_factory=cancelling.lost)


def value(ground: Ground, digits: int, tick: Callable[[], None]) -> Any:
    """The value of the output as an mpf, or Bad. Raises NoOpinion where there is none."""
    from mpmath import mp

    with mp.workdps(digits):
        tape = ground.lay((), False)
        return tape.values(Differentiated(), tick)[tape.output]


def gradients(ground: Ground, wrt: Sequence[str], digits: int, tick: Callable[[], None]) -> dict[str, Found]:
    """The gradients of an output. Raises NoOpinion where there is none to be had."""
    from mpmath import mp, mpf

    with mp.workdps(digits):
        tape = ground.lay(wrt, False)
        differentiated = Differentiated()
        values = tape.values(differentiated, tick)
        if isinstance(values[tape.output], Bad):
            raise NoOpinion(f"{ground.output} has {values[tape.output].reason} here")
        adjoints, gross = sweep(tape, differentiated, values, tick)
        nought = mpf(0)
        found: dict[str, Found] = {}
        for name in wrt:
            slot = tape.slots.get(name)
            found[name] = Found(nought, nought) if slot is None else Found(adjoints[slot] or nought, gross[slot] or nought)
        return found


def sweep(tape: Tape, differentiated: Differentiated, values: list[Any], tick: Callable[[], None]) -> tuple[list[Any], list[Any]]:
    """The adjoint of every slot, and the same sums with absolute values; None where nothing arrives."""
    from mpmath import mpf

    adjoints: list[Any] = [None] * len(values)
    gross: list[Any] = [None] * len(values)
    adjoints[tape.output] = gross[tape.output] = mpf(1)
    moved = tape.moved
    for count, step in enumerate(reversed(tape.steps)):
        if not count & 255:
            tick()
        upstream = adjoints[step.own]
        if not upstream:
            continue
        operands = step.operands
        active = tuple([i for i, slot in enumerate(operands) if moved[slot]])
        if not active:
            continue
        found = differentiated.of(step.piece).slopes(active).run([values[slot] for slot in operands])
        if any(map(on_corner, found[len(active) :])):
            raise NoOpinion(f"{KINK}, at {step.statement}")
        above = gross[step.own]
        for i, slope in zip(active, found, strict=False):
            if isinstance(slope, Bad):
                raise NoOpinion(f"the derivative of {step.statement} has {slope.reason} here")
            if not slope:
                continue
            slot = operands[i]
            contribution, size = upstream * slope, above * abs(slope)
            if adjoints[slot] is None:
                adjoints[slot], gross[slot] = contribution, size
            else:
                adjoints[slot] += contribution
                gross[slot] += size
    return adjoints, gross


def deadline(limits: Limits) -> Callable[[], None]:
    """A function to call between pieces; raises NoOpinion when the limit's seconds are over."""
    end = time.monotonic() + limits.seconds

    def tick() -> None:
        if time.monotonic() > end:
            raise NoOpinion(f"the check took longer than {limits.seconds:g} s (--limit seconds=N)")

    return tick
