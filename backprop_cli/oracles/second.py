"""The second opinion on a set of gradients: which method gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backprop_cli.lang.program import Program
from backprop_cli.limits import OWN, Limits
from backprop_cli.oracles import cancelling, judging, statements, symbolic
from backprop_cli.oracles.edges import EDGE, undecided
from backprop_cli.oracles.opinion import FAILURES, Abstains, HoldsArrays, NoOpinion, Opinion
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.sides import Sides
from backprop_cli.oracles.statements import DIGITS, deadline
from backprop_cli.oracles.stream import Bad
from backprop_cli.oracles.tape import ground

_MOST_STATEMENTS, _MOST_CHARACTERS = 5_000, 50_000


def second_opinion(
    program: Program, at: Mapping[str, Any], output: str, gradients: Mapping[str, Any], kinks: bool, limits: Limits = OWN
) -> Opinion:
    """What SymPy says about the gradients of `output` at a point.

    `at` gives the values of leaves that come from outside the program (numbers, constant expressions, arrays of numbers),
    `gradients` our number or array for each name, `kinks` whether a convention stood in for a derivative that does not
    exist. Where the output has several entries, `gradients` are Jacobians: the output's shape, then the name's.
    The opinion starts from the program's trees and the textbook definitions of its functions.
    """
    if kinks:
        return _at_a_kink(program, at, output, gradients, limits, statements.KINK, True)
    method = statements.METHOD
    try:
        scope = Scope(program, at)
        if not any(getattr(value, "ndim", 0) for value in (*gradients.values(), *at.values())):
            try:
                found = _of_scalars(scope, output, gradients, limits)
                slipped = isinstance(found, Abstains) and found.reason.startswith(EDGE)
                # What moves with the leaves is worked out on both sides, unlike a constant on a step.
                if slipped and undecided(ground(scope, output), list(gradients), deadline(limits))[1]:
                    return _at_a_kink(program, at, output, gradients, limits, f"{EDGE}, at {output}", False)
                return found
            except HoldsArrays:
                pass
        from backprop_cli.oracles import arrays

        method = arrays.METHOD
        return arrays.opinion(scope, output, gradients, limits)
    except NoOpinion as reason:
        if str(reason).startswith(statements.KINK):
            return _at_a_kink(program, at, output, gradients, limits, str(reason), True)
        return Abstains(method, str(reason))
    except FAILURES as error:
        return Abstains(method, f"SymPy failed with {type(error).__name__}: {str(error)[:80]}")


def _at_a_kink(
    program: Program, at: Mapping[str, Any], output: str, gradients: Mapping[str, Any], limits: Limits, reason: str, convention: bool
) -> Opinion:
    """Agreement where the slopes on both sides are ours, for then there is no kink; else why there is none, and what lies beside."""
    sides = Sides(program, at, output, gradients, limits)
    smooth = sides.agreement()
    if smooth is not None:
        return smooth
    beside = sides.outside() if convention else ""
    return Abstains(statements.METHOD, f"{reason}; {beside}" if beside else reason)


def _of_scalars(scope: Scope, output: str, gradients: Mapping[str, Any], limits: Limits) -> Opinion:
    tick = deadline(limits)
    wrt = list(gradients)
    base = ground(scope, output, tick)
    method = symbolic.METHOD
    try:
        found = symbolic.gradients(scope, output, wrt, limits, tick)
    except HoldsArrays:
        raise
    except (NoOpinion, *FAILURES):
        # Too large to be written out, or more than SymPy can do with the whole at once.
        method = statements.METHOD
        found = judging.first_attempt(base, wrt, tick)
    ours = {name: judging.number(value) for name, value in gradients.items()}
    return judging.judged(base, ours, found, method, limits, tick, statements.METHOD)


def digits_of(number: Any) -> str:
    """Six digits of an mpf, also of one beyond float64."""
    from mpmath import nstr

    return f"{float(number):.6g}" if 1e-300 < abs(number) < 1e300 else nstr(number, 6)


def precise_value(program: Program, at: Mapping[str, Any], output: str, limits: Limits = OWN, digits: int = DIGITS[0]) -> tuple[Any, bool]:
    """The value of a scalar output at so many digits, as an mpf, and whether more may give another.

    None where it holds arrays, is too long, or cannot be had.
    """
    too_long = len(program.statements) > _MOST_STATEMENTS or len(program.source.text) > _MOST_CHARACTERS
    if too_long or any(getattr(each, "ndim", 0) for each in at.values()):
        return None, False
    try:
        tick = deadline(limits)
        found = statements.value(ground(Scope(program, at), output, tick), digits, tick)
        return (None, False) if isinstance(found, Bad) else (found, cancelling.lost())
    except (NoOpinion, *FAILURES):
        return None, False
