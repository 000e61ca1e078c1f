"""The second opinion on a set of gradients: which method gives it, and how a difference is judged."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from backprop_cli.lang.program import Program
from backprop_cli.limits import OWN, Limits
from backprop_cli.oracles import rounding, statements, symbolic
from backprop_cli.oracles.opinion import NOISE, NOTED, ROUNDING, TINY, TOLERANCE, Abstains, Agrees, Disagrees, NoOpinion, Note, Opinion
from backprop_cli.oracles.scope import ARRAYS, Scope
from backprop_cli.oracles.statements import DIGITS, Found, deadline

# What SymPy and mpmath are known to raise where they fail.
_FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, NotImplementedError, RecursionError, TypeError, ValueError)


def second_opinion(
    program: Program, at: Mapping[str, Any], output: str, gradients: Mapping[str, Any], kinks: bool, limits: Limits = OWN
) -> Opinion:
    """What SymPy says about the gradients of `output` at a point.

    `at` gives the values of leaves that come from outside the program (numbers or constant expressions), `gradients`
    our number for each name, `kinks` whether a convention stood in for a derivative that does not exist.
    The opinion starts from the program's trees and the textbook definitions of its functions.
    """
    if kinks:
        return Abstains(statements.METHOD, statements.KINK)
    method = symbolic.METHOD
    try:
        if any(getattr(value, "ndim", 0) for value in (*gradients.values(), *at.values())):
            raise NoOpinion(ARRAYS)
        scope = Scope(program, at)
        tick = deadline(limits)
        wrt = list(gradients)
        try:
            found = symbolic.gradients(scope, output, wrt, limits, tick)
        except (NoOpinion, *_FAILURES):
            # Too large to be written out, or more than SymPy can do with the whole at once.
            method = statements.METHOD
            found = _by_statements(scope, output, wrt, tick)
        ours = {name: _number(value) for name, value in gradients.items()}
        if not _apart(ours, found):
            return _agrees(method, DIGITS[0], scope, output, ours, found, limits)
        method = statements.METHOD
        found = statements.gradients(scope, output, wrt, DIGITS[1], tick)
        apart = _apart(ours, found)
        if not apart:
            return _agrees(method, DIGITS[1], scope, output, ours, found, limits)
        return _judged(scope, output, ours, found, apart, limits)
    except NoOpinion as reason:
        return Abstains(method, str(reason))
    except _FAILURES as error:
        return Abstains(method, f"SymPy failed with {type(error).__name__}: {str(error)[:80]}")


def _by_statements(scope: Scope, output: str, wrt: list[str], tick: Any) -> dict[str, Found]:
    """At the usual precision, and where that finds a pole or the like, at the one that settles doubts."""
    try:
        return statements.gradients(scope, output, wrt, DIGITS[0], tick)
    except NoOpinion as reason:
        if str(reason).startswith(statements.KINK) or "here" not in str(reason):
            raise
        return statements.gradients(scope, output, wrt, DIGITS[1], tick)


def _number(value: Any) -> Any:
    from mpmath import mp, mpf

    with mp.workdps(DIGITS[1]):
        return mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mpf(float(value))


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


def _agrees(
    method: str, digits: int, scope: Scope, output: str, ours: Mapping[str, Any], found: Mapping[str, Found], limits: Limits
) -> Agrees:
    """Agreement, with a note on each gradient of which cancellation left no digits worth having."""
    poor = [name for name, theirs in found.items() if _poor(ours[name], theirs)]
    notes: tuple[Note, ...] = ()
    if poor:
        try:
            bounds = rounding.bounds(scope, output, poor, deadline(limits))
            notes = tuple(rounding.note(scope, output, name, bounds[name], found[name].value) for name in poor)
        except NoOpinion:
            notes = tuple(Note(name, None, f"float64 loses the digits of d{output}/d{name} to cancellation") for name in poor)
    return Agrees(method, _gap(ours, found), f"{len(ours)} derivative{'s' * (len(ours) != 1)} at {digits} digits", notes)


def _poor(ours: Any, theirs: Found) -> bool:
    apart, size = abs(ours - theirs.value), abs(theirs.value)
    # What is left at high precision where terms cancel exactly is no gradient.
    worth = NOTED * size if size > NOISE * theirs.scale else ROUNDING * theirs.scale
    return bool(apart > max(worth, TINY))


def _judged(scope: Scope, output: str, ours: Mapping[str, Any], found: Mapping[str, Found], apart: list[str], limits: Limits) -> Opinion:
    """Whether the numbers that differ are wrong, or float64 could not do better."""
    first = apart[0]
    told = f"d{output}/d{first} is {float(ours[first])!r} for us and {float(found[first].value)!r} for SymPy"
    try:
        bounds = rounding.bounds(scope, output, apart, deadline(limits))
    except NoOpinion as reason:
        return Abstains(statements.METHOD, str(reason) if str(reason).startswith(statements.KINK) else f"{told}, but {reason}")
    wrong = [name for name in apart if abs(ours[name] - found[name].value) > bounds[name].error]
    gap = _gap(ours, found)
    if not wrong:
        notes = tuple(rounding.note(scope, output, name, bounds[name], found[name].value) for name in apart)
        return Agrees(statements.METHOD, gap, "as far as float64 reaches", notes)
    pairs = tuple((name, float(ours[name]), float(found[name].value)) for name in wrong)
    name, mine, theirs = pairs[0]
    return Disagrees(statements.METHOD, gap, f"d{output}/d{name} is {mine!r} for us and {theirs!r} for SymPy", pairs)
