"""How our numbers are held against the second engine's: what agrees, what float64 explains, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from backprop_cli.calculus.approximation import approximation
from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.limits import Limits
from backprop_cli.oracles import edges, rounding, statements
from backprop_cli.oracles.opinion import NOISE, NOTED, ROUNDING, TINY, TOLERANCE, Abstains, Agrees, Disagrees, NoOpinion, Note, Opinion
from backprop_cli.oracles.statements import DIGITS, Found, deadline
from backprop_cli.oracles.tape import Ground

# How many wrong numbers, or notes, are shown.
SHOWN = 10
# Of contributions that cancel less than one part in so many is rounding, at the most digits: float64 reaches from 1e-308 to 1e308.
_LEAST = 10**650
# The scale of an exact 0, as a part of the largest scale there is.
_DUST = 1e-6


def by_statements(ground: Ground, ours: Mapping[str, Any], method: str, limits: Limits) -> Opinion:
    """The opinion by the tape: at the usual precision, and where that leaves a doubt, at the one that settles it."""
    tick = deadline(limits)
    found = first_attempt(ground, list(ours), tick)
    return judged(ground, ours, found, method, limits, tick)


def first_attempt(ground: Ground, wrt: list[str], tick: Any) -> dict[str, Found]:
    """At the usual precision, and where that finds a pole or the like, at the one that settles doubts."""
    try:
        return statements.gradients(ground, wrt, DIGITS[0], tick)
    except NoOpinion as reason:
        if str(reason).startswith(statements.KINK) or "here" not in str(reason):
            raise
        return statements.gradients(ground, wrt, DIGITS[1], tick)


def judged(
    ground: Ground, ours: Mapping[str, Any], found: Mapping[str, Found], method: str, limits: Limits, tick: Any, again: str = ""
) -> Opinion:
    """The opinion on our numbers; what differs, or may have lost digits, is found once more by the tape, a method called `again`."""
    found = _floored(found)
    if not _apart(ours, found) and not _lost(found):
        return _agrees(method, DIGITS[0], ground, ours, found, limits)
    again = again or method
    try:
        return _settled(ground, ours, again, limits, tick)
    except NoOpinion as reason:
        if str(reason).startswith(statements.KINK) and (slipped := _slipped(ground, ours, limits)):
            return Abstains(again, slipped)
        raise


def _settled(ground: Ground, ours: Mapping[str, Any], method: str, limits: Limits, tick: Any) -> Opinion:
    """The opinion at more digits, and where these may be too few, at the most."""
    found = _floored(statements.gradients(ground, list(ours), DIGITS[1], tick))
    apart, lost = _apart(ours, found), _lost(found)
    if not apart and not lost:
        return _agrees(method, DIGITS[1], ground, ours, found, limits)
    more = statements.gradients(ground, list(ours), DIGITS[2], tick)
    changing = _apart({name: found[name].value for name in (ours if lost else apart)}, more)
    if changing and (_lost(more) or not lost):
        told = f"SymPy's number for d{ground.output}/d{changing[0]} goes on changing with the digits it is worked out at"
        return Abstains(method, _slipped(ground, ours, limits) or told)
    found = _floored(more)
    apart = _apart(ours, found)
    if not apart:
        return _agrees(method, DIGITS[2], ground, ours, found, limits)
    return _doubted(method, ground, ours, found, apart, limits)


def number(value: Any) -> Any:
    """One of our numbers at high precision."""
    from mpmath import mp, mpf

    with mp.workdps(DIGITS[1]):
        if isinstance(value, Fraction):
            return mpf(value.numerator) / value.denominator
        if not hasattr(value, "free_symbols"):
            return mpf(float(value))
        try:
            return approximation(value).real  # SymPy's own float of log(1 + 1e-20) is 0
        except NotExact as reason:
            raise NoOpinion(str(reason)) from None


def _floored(found: Mapping[str, Found]) -> dict[str, Found]:
    """The same, with a scale for what has no contributions at all: methods for whole arrays leave dust there."""
    largest = max((each.scale for each in found.values()), default=0)
    return {name: each if each.scale else replace(each, scale=_DUST * largest) for name, each in found.items()}


def _lost(found: Mapping[str, Found]) -> bool:
    return any(each.lost for each in found.values())


def _difference(ours: Any, found: Found) -> float:
    """Relative to the sum of the absolute contributions; 0 where both are next to nothing."""
    apart = abs(ours - found.value)
    return 0.0 if apart < TINY else float(apart / max(found.scale, abs(found.value), TINY))


def _gap(ours: Mapping[str, Any], found: Mapping[str, Found]) -> float:
    return max((_difference(ours[name], found[name]) for name in ours), default=0.0)


def _apart(ours: Mapping[str, Any], found: Mapping[str, Found]) -> list[str]:
    """The names whose numbers differ, the worst first."""
    gaps = {name: _difference(ours[name], found[name]) for name in ours}
    return sorted((name for name in ours if not gaps[name] <= TOLERANCE), key=lambda name: -gaps[name])


def _agrees(method: str, digits: int, ground: Ground, ours: Mapping[str, Any], found: Mapping[str, Found], limits: Limits) -> Opinion:
    """Agreement, with a note on each gradient of which cancellation left no digits worth having; none where both may have slipped."""
    if slipped := _slipped(ground, ours, limits):
        return Abstains(method, slipped)
    poor = [name for name, theirs in found.items() if _poor(ours[name], theirs)]
    notes: tuple[Note, ...] = ()
    if poor:
        try:
            bounds, best = rounding.bounds(ground, poor, deadline(limits)), found
            if digits < DIGITS[2] and any(abs(found[name].value) <= NOISE * found[name].scale for name in poor):
                # What is left of contributions that cancel is worked out once more.
                best = {**found, **statements.gradients(ground, poor, DIGITS[2], deadline(limits))}
            notes = _notes(ground, poor, bounds, best)
        except NoOpinion:
            lost = "float64 loses the digits of"
            notes = tuple(Note(name, None, f"{lost} d{ground.output}/d{name} to cancellation") for name in _one_each(poor))
    return Agrees(method, _gap(ours, found), f"{len(ours)} derivative{'s' * (len(ours) != 1)} at {digits} digits", notes)


def _notes(ground: Ground, names: list[str], bounds: Mapping[str, rounding.Bound], found: Mapping[str, Found]) -> tuple[Note, ...]:
    """What float64 lost, one note for each name."""
    left = {name: each.value if _LEAST * abs(each.value) > each.scale else 0 for name, each in found.items()}
    return tuple(rounding.note(ground, name, bounds[name], left[name]) for name in _one_each(names))


def _slipped(ground: Ground, ours: Mapping[str, Any], limits: Limits) -> str:
    """Why both engines may have slipped to the same side of a corner or a step; empty where none may."""
    statement, _ = edges.undecided(ground, list(ours), deadline(limits))
    return f"{edges.EDGE}, at {statement}" if statement else ""


def _one_each(entries: list[str]) -> list[str]:
    """The first entry of each name."""
    return list({name.partition("[")[0]: name for name in reversed(entries)}.values())[::-1][:SHOWN]


def _poor(ours: Any, theirs: Found) -> bool:
    apart, size = abs(ours - theirs.value), abs(theirs.value)
    # What is left at high precision where terms cancel exactly is no gradient.
    worth = NOTED * size if size > NOISE * theirs.scale else ROUNDING * min(theirs.scale, 1)
    return bool(apart > max(worth, TINY))


def _doubted(method: str, ground: Ground, ours: Mapping[str, Any], found: Mapping[str, Found], apart: list[str], limits: Limits) -> Opinion:
    """Whether the numbers that differ are wrong, or float64 could not do better."""
    first = apart[0]
    told = f"d{ground.output}/d{first} is {float(ours[first])!r} for us and {float(found[first].value)!r} for SymPy"
    try:
        poor = [name for name, theirs in found.items() if name not in apart and _poor(ours[name], theirs)]
        bounds = rounding.bounds(ground, apart + poor, deadline(limits))
    except NoOpinion as reason:
        return Abstains(method, str(reason) if str(reason).startswith(statements.KINK) else f"{told}, but {reason}")
    wrong = [name for name in apart if abs(ours[name] - found[name].value) > bounds[name].error]
    gap = _gap(ours, found)
    if not wrong:
        notes = _notes(ground, apart + poor, bounds, found)
        return Agrees(method, gap, "as far as float64 reaches", notes)
    if slipped := _slipped(ground, ours, limits):
        return Abstains(method, slipped)
    blind = bounds[wrong[0]].blind
    if blind is not None:
        return Abstains(method, f"{told}, but rounding leaves the slope of {rounding.called(blind)} open, at {blind.statement}")
    return disagreement(method, gap, ground.output, [(name, float(ours[name]), float(found[name].value)) for name in wrong])


def disagreement(method: str, gap: float, output: str, wrong: list[tuple[str, float, float]]) -> Disagrees:
    """A disagreement that shows both numbers, of the first few if there are many."""
    name, mine, theirs = wrong[0]
    more = f", and {len(wrong) - SHOWN} more than are shown differ" if len(wrong) > SHOWN else ""
    detail = f"d{output}/d{name} is {mine!r} for us and {theirs!r} for SymPy{more}"
    return Disagrees(method, gap, detail, tuple(wrong[:SHOWN]))
