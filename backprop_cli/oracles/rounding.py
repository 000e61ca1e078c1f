"""How far float64 can be off at a point: first-order bounds on its rounding, which tell lost digits from a wrong formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from backprop_cli.errors import Span
from backprop_cli.lang.syntax import Apply
from backprop_cli.lang.unparse import unparse
from backprop_cli.oracles import cancelling
from backprop_cli.oracles.derived import Differentiated
from backprop_cli.oracles.opinion import NoOpinion, Note
from backprop_cli.oracles.statements import KINK, sweep
from backprop_cli.oracles.stream import Bad
from backprop_cli.oracles.tape import Ground, Laid, Tape

_DIGITS = (100, 400, 1_300)  # more where fewer may be too few
_SMALLEST = 2.0**-1022  # below it, float64 rounds to a multiple of 2^-1074
# Bounds are of first order, and our formulas may round a few times more than one operation does.
_SLACK = 8
# Spellings that keep the digits, by what is applied to what.
STABLE = {
    ("log", "sigmoid"): "logsigmoid(x)",
    ("log", "softmax"): "log_softmax(x)",
    ("log", "+"): "log1p(x) for log(1 + x), or softplus(x) for log(1 + exp(x))",
    ("-", "exp"): "expm1(x) for exp(x) - 1",
    ("-", "sigmoid"): "sigmoid(-x) for 1 - sigmoid(x)",
    ("-", "erf"): "erfc(x) for 1 - erf(x)",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """The largest error that float64's rounding explains, where it comes from, and a spelling that avoids it.

    `blind` is a step, where there is one, at which no bound of first order holds: next to a pole, or an infinite slope.
    """

    error: Any
    step: Laid | None
    stable: str
    blind: Laid | None = None


@dataclass(slots=True)
class _Doubt:
    """An error, and the step that the largest part of it comes from."""

    total: Any = 0
    largest: Any = 0
    step: Laid | None = None

    def add(self, amount: Any, step: Laid | None) -> None:
        self.total += amount
        if amount > self.largest:
            self.largest, self.step = amount, step


def bounds(ground: Ground, wrt: Sequence[str], tick: Callable[[], None]) -> dict[str, Bound]:
    """A bound for each gradient. Raises NoOpinion where float64 cannot tell on which side of a corner the point is."""
    from mpmath import mp

    tape = ground.lay(wrt, True)
    found: dict[str, Bound] = {}
    for digits in _DIGITS:
        with mp.workdps(digits):
            found = _bounds(tape, wrt, tick)
        if not cancelling.lost():
            break
    return found


def _bounds(tape: Tape, wrt: Sequence[str], tick: Callable[[], None]) -> dict[str, Bound]:
    differentiated = Differentiated()
    values = tape.values(differentiated, tick)
    adjoints, _ = sweep(tape, differentiated, values, tick)
    forward = _forward(tape, differentiated, values, tick)
    blind = _blind(tape, differentiated, values, forward)
    reverse = _reverse(tape, differentiated, values, adjoints, forward, tick)
    found: dict[str, Bound] = {}
    for name in wrt:
        slot = tape.slots.get(name)
        doubt = None if slot is None else reverse[slot]
        found[name] = Bound(_SLACK * doubt.total, doubt.step, _stable(tape, doubt.step), blind) if doubt else Bound(0, None, "", blind)
    return found


def _blind(tape: Tape, differentiated: Differentiated, values: list[Any], forward: list[_Doubt]) -> Laid | None:
    """The first step whose slope is another one within the errors of its operands, as `1/sin(pi)`: no bound of first order holds."""
    for step in tape.steps:
        if isinstance(values[step.own], Bad) or not any(forward[slot].total for slot in step.operands):
            continue
        arguments, derived, every = [values[slot] for slot in step.operands], differentiated.of(step.piece), tuple(range(step.piece.count))
        curves = derived.curves(every).run(arguments)
        for at, found in enumerate(derived.slopes(every).run(arguments)):  # slopes, then distances from corners
            row = curves[at * len(every) : (at + 1) * len(every)]
            if at >= len(every):
                near = not isinstance(found, Bad) and abs(found) <= _moved(row, step, forward).total
            elif isinstance(found, Bad) or isinstance(row[at], Bad):
                near = forward[step.operands[at]].total > 0
            else:
                near = abs(row[at]) * forward[step.operands[at]].total > abs(found) / 2
            if near:
                return step
    return None


def _forward(tape: Tape, differentiated: Differentiated, values: list[Any], tick: Callable[[], None]) -> list[_Doubt]:
    """The error of every value."""
    from mpmath import mpf

    unit = mpf(2) ** -53
    doubts = [_Doubt() for _ in values]
    for slot, _ in tape.constants:
        doubts[slot].total = abs(mpf(float(values[slot])) - values[slot])
    for count, step in enumerate(tape.steps):
        if not count & 255:
            tick()
        value, doubt = values[step.own], doubts[step.own]
        if isinstance(value, Bad):
            continue
        slopes = differentiated.of(step.piece).slopes(tuple(range(step.piece.count))).run([values[slot] for slot in step.operands])
        worst = mpf(0)
        for slope, slot in zip(slopes, step.operands, strict=False):
            if isinstance(slope, Bad) or isinstance(values[slot], Bad):
                continue
            before = doubts[slot]
            doubt.add(abs(slope) * before.total, before.step)
            worst = max(worst, before.total / abs(values[slot]) if values[slot] else worst)
        if step.shown is not None:
            doubt.add(unit * abs(value) if abs(value) >= _SMALLEST else unit * mpf(_SMALLEST) if value else 0, step)
        if doubt.total > 4 * (worst + unit) * abs(value):
            doubt.step = step
    return doubts


def _reverse(
    tape: Tape, differentiated: Differentiated, values: list[Any], adjoints: list[Any], forward: list[_Doubt], tick: Callable[[], None]
) -> list[_Doubt]:
    """The error of every adjoint."""
    from mpmath import mpf

    unit = mpf(2) ** -53
    doubts = [_Doubt() for _ in values]
    for count, step in enumerate(reversed(tape.steps)):
        if not count & 255:
            tick()
        above, upstream = doubts[step.own], abs(adjoints[step.own] or mpf(0))
        if not (upstream or above.total):
            continue
        active = tuple(i for i, slot in enumerate(step.operands) if tape.moved[slot])
        arguments = [values[slot] for slot in step.operands]
        derived = differentiated.of(step.piece)
        slopes = derived.slopes(active).run(arguments)
        curves = derived.curves(active).run(arguments) if active else []
        wide = len(step.operands)
        for at, (slope, i) in enumerate(zip(slopes, active, strict=False)):
            row = curves[at * wide : (at + 1) * wide]
            if isinstance(slope, Bad):
                continue
            error = _moved(row, step, forward)
            if slope and not isinstance(row[i], Bad) and not isinstance(values[step.own], Bad) and step.shown is not None:
                # A slope that is computed from the value knows the operand only as well as the rounded value does.
                error.add(abs(row[i] / slope) * unit * abs(values[step.own]), step)
            error.add(4 * unit * abs(slope), step)
            below = doubts[step.operands[i]]
            below.add(upstream * error.total, error.step)
            below.add(above.total * (abs(slope) + error.total), above.step)
        for at, gap in enumerate(slopes[len(active) :], len(active)):
            if not isinstance(gap, Bad) and abs(gap) <= _moved(curves[at * wide : (at + 1) * wide], step, forward).total:
                raise NoOpinion(f"{KINK} as far as float64 can tell, at {step.statement}")
    return doubts


def _moved(slopes: Sequence[Any], step: Laid, forward: list[_Doubt]) -> _Doubt:
    """The error of what changes so fast with the operands of a step, by their errors."""
    error = _Doubt()
    for slope, slot in zip(slopes, step.operands, strict=True):
        if not isinstance(slope, Bad):
            error.add(abs(slope) * forward[slot].total, forward[slot].step)
    return error


def called(step: Laid) -> str:
    """What a step computes, as it was written, if that is short."""
    text = "" if step.shown is None else unparse(step.shown)
    return text if 0 < len(text) <= 40 else "a value"


def _head(step: Laid) -> str:
    return step.shown.head if isinstance(step.shown, Apply) else ""


def _stable(tape: Tape, step: Laid | None) -> str:
    """The spelling that would keep the digits lost at a step, if there is a well-known one."""
    if step is None:
        return ""
    makers = {each.own: each for each in tape.steps}
    heads = [(_head(step), _head(makers[slot])) for slot in step.operands if slot in makers]
    heads += [(_head(each), _head(step)) for each in tape.steps if step.own in each.operands]
    return next((STABLE[pair] for pair in heads if pair in STABLE), "")


def note(ground: Ground, name: str, bound: Bound, value: Any) -> Note:
    """What is said where float64 lost the digits of a gradient."""
    from mpmath import nstr

    step = bound.step
    node = step.statement if step else name.partition("[")[0]
    span: Span | None = getattr(ground.scope.sources.get(node), "span", None)
    where = f" in {_head(step)} at {node}" if step and _head(step) else f" at {node}"
    advice = f"; {bound.stable} keeps them" if bound.stable else ""
    said = nstr(value, 6) if value else "0, as near as float64 could tell"
    return Note(node, span, f"float64 loses the digits of d{ground.output}/d{name}{where}: it is {said}{advice}")
