"""Slips that multiply the whole answer by a constant, or give another name's derivative. A function per family."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from backprop_cli.equality.terms import NUMBER
from backprop_cli.homework.mistakes_case import Case, Suspect
from backprop_cli.homework.mistakes_edges import ACTIVATIONS
from backprop_cli.homework.mistakes_field import Row
from backprop_cli.homework.mistakes_sweep import Change

_LARGEST, _DEPTH = 10_000, 3
_RESETS = (2, 3, 4, 5)


def other_name(case: Case) -> Iterator[Suspect]:
    """M08: the true derivative by another name. `dL/da = 2*z*a/(u*w^2)`, which is dL/dx."""
    board, mistaken, ground = case.board, case.mistaken, case.ground
    if ground is None or len(ground.roots) != 1 or not case.plain:
        return
    adjoints = ground.swept(ground.roots[0])
    above = {board.owner[each][0] for each in ground.between if each in board.owner}
    for name in board.order:
        ids = board.values[name].ravel().tolist()
        if name == mistaken.by or len(ids) != len(case.claimed) or not case.known(board.values[name]):
            continue
        if f"d{mistaken.of}/d{name}" in mistaken.secret:
            continue
        found = [adjoints.get(each) for each in ids]
        if any(each is None for each in found):
            continue
        if name != mistaken.of and case.fits(np.array([each[0] for each in found if each is not None])):
            # A name on the way down is rather a forgotten factor, and the other side of a difference a sign.
            extra = 0.6 if name in above else 1.0 if case.fits(-case.truth) else 0.0
            said = f"this is the derivative by {name}, not by {mistaken.by}"
            yield Suspect("M08", said, extra=extra, where=case.asked)


def turned_round(case: Case) -> Iterator[Suspect]:
    """M27: target minus output. Every line has the other sign: `dL/dz = t - z` for `L = (z - t)^2/2`."""
    if not case.plain or not case.fits(-case.truth):
        return
    others = _other_ratios(case)
    if others and all(ratio is not None and abs(ratio + 1) < 1e-6 for ratio in others):
        said = "every derivative has the other sign, as if the difference had been turned round"
        yield Suspect("M27", said, extra=-0.7, where=case.asked, agrees=len(others))
        return
    changes = tuple(_squares(case))
    if changes:
        said = "the sign is that of the difference turned round: target minus output"
        yield Suspect("M27", said, changes=changes, extra=0.3, where=case.asked)


def _squares(case: Case) -> Iterator[Change]:
    """What a turned sign does below the squares of differences."""
    terms = case.board.terms
    for each in case.ground.between if case.ground else ():
        below = terms.operands[each]
        local = case.numbers.local(each, 0) if terms.heads[each] == "^" else None
        if local is not None and terms.heads[_inner(case, below[0])] == "-":
            yield Change(each, below[0], -2 * local)


def not_reset(case: Case) -> Iterator[Suspect]:
    """M19: all lines are the same multiple of the truth. `dL/da` and `dL/db` both doubled."""
    others = _other_ratios(case)
    for times in _RESETS:
        alike = others and all(ratio is not None and abs(ratio - times) < 1e-6 for ratio in others)
        if alike and case.plain and case.fits(times * case.truth):
            said = f"every derivative is {times} times the right one, as if earlier runs had been added"
            yield Suspect("M19", said, where=case.asked, agrees=len(others))


def negative(case: Case) -> Iterator[Suspect]:
    """M01 and M42: the sign of the whole; for a quotient, its rule turned round. `(x*v' - v*x')/v^2` for `x/v`."""
    if not case.plain or not case.fits(-case.truth) or case.ground is None:
        return
    yield Suspect("M01", "the sign of the whole is turned", extra=0.5, where=case.asked)
    terms, ground = case.board.terms, case.ground
    for user in ground.between:
        operands = terms.operands[user]
        if terms.heads[user] == "/" and all(each in ground.leads for each in operands) and user in ground.owner:
            slopes = [case.numbers.local(user, at) for at in (0, 1)]
            changes = tuple(Change(user, low, -2 * slope) for low, slope in zip(operands, slopes, strict=True) if slope is not None)
            owner = ground.owner[user]
            said = f"the quotient rule was turned round in {owner}"
            own = -0.9 if owner == case.mistaken.of else 0.6
            yield Suspect("M42", said, changes=changes, where=f"d{owner}/d{case.mistaken.by}", extra=own)


def factor(case: Case) -> Iterator[Suspect]:
    """M28: 2 or 1/2. `dL/dz = 4*z` for `L = z^2`."""
    if not case.plain:
        return
    if case.fits(2 * case.truth):
        yield Suspect("M28", "a factor 2 is too much, or a 1/2 was lost", where=case.asked)
    if case.fits(case.truth / 2):
        yield Suspect("M28", "a factor 2 was lost, or a 1/2 is too much", where=case.asked)


def counts(case: Case) -> Iterator[Suspect]:
    """M29, M30, M31: the 1/N of a mean. `dJ/dW = (A - Y) @ X.T` for `J = sum((A - Y)^2)/(2*N)`."""
    if not case.plain:
        return
    board, mistaken = case.board, case.mistaken
    inner = mistaken.by is not None and not board.scope.is_leaf(mistaken.by)
    for count in _sizes(case):
        if case.fits(count * case.truth):
            yield Suspect("M29", f"the factor 1/{count} of the mean is missing", where=case.asked)
            if inner and any(each.right and each.by and board.scope.is_leaf(each.by) for each in mistaken.others):
                yield Suspect("M31", f"the factor 1/{count} was left out here and put in later", extra=-0.4, where=case.asked)
        for depth in range(1, _DEPTH + 1):
            if case.fits(case.truth / count**depth):
                times = "" if depth == 1 else f", {depth} times"
                yield Suspect("M30", f"the factor 1/{count} was put in once more than due{times}", where=case.asked)


def slope_factor(case: Case) -> Iterator[Suspect]:
    """M23: the constant in front of an activation's argument is lost. `s*(1 - s)` for `s = sigmoid(alpha*n)`."""
    if not case.plain:
        return
    for name, row in _slopes(case):
        for depth in range(1, _DEPTH + 1):
            with np.errstate(all="ignore"):
                if not np.all(row == 1) and case.fits(case.truth / row**depth):
                    layers = "" if depth == 1 else f" in {depth} layers"
                    yield Suspect("M23", f"the factor {name} of the activation's argument was lost{layers}", where=case.asked)


def bases(case: Case) -> Iterator[Suspect]:
    """M42: log(10) or log(2) of a logarithm's or a power's base lost or put in. `1/x` for `log10(x)`."""
    heads = {case.board.terms.heads[each] for each in (case.ground.inside if case.ground else [])}
    if not case.plain or not heads & {"log", "log10", "log2", "exp2", "^"}:
        return
    for base in (10, 2):
        for ratio, said in ((math.log(base), f"log({base}) was lost"), (1 / math.log(base), f"log({base}) was put in")):
            if case.fits(case.truth * ratio):
                yield Suspect("M42", f"the factor {said}: mind the base of the logarithm", extra=0.1, where=case.asked)


FAMILIES = (turned_round, not_reset, negative, factor, counts, slope_factor, bases, other_name)


def _inner(case: Case, term: int) -> int:
    """What a named value is made of."""
    terms = case.board.terms
    return terms.operands[term][0] if terms.heads[term] == "named" else term


def _other_ratios(case: Case) -> list[float | None]:
    """The constant ratio of each other derivative of the student's to the truth; None where it is not constant."""
    found: list[float | None] = []
    board = case.board
    for other in case.mistaken.others:
        if other.by is None or (other.of, other.by) == (case.mistaken.of, case.mistaken.by):
            continue
        if other.of not in board.values or other.by not in board.values:
            continue
        truth = board.derivative(other.of, other.by)
        if truth.shape != other.claimed.shape or not case.known(truth) or not case.known(other.claimed):
            found.append(None)
            continue
        with np.errstate(all="ignore"):
            ratio = (case.rows(other.claimed) / case.rows(truth)).ravel()
        ratio = ratio[np.isfinite(ratio)]
        constant = len(ratio) > 0 and bool(np.ptp(ratio) <= 1e-7 * np.max(np.abs(ratio)))
        found.append(float(ratio[0]) if constant else None)
    return found


def _sizes(case: Case) -> list[int]:
    """What N may be: lengths of axes, and whole numbers that are divided by."""
    board, terms = case.board, case.board.terms
    inside = case.ground.inside if case.ground else []
    names = {board.owner[each][0] for each in inside if each in board.owner}
    found = {size for name in names for size in board.values[name].shape if size > 1}
    for each in inside:
        for at, operand in enumerate(terms.operands[each]):
            value = terms.value(operand)
            if value is not None and terms.heads[each] == "/" and at == 1 and value > 1:
                found.update({value.numerator} if value.denominator == 1 else ())
            elif value is not None and terms.heads[each] == "*" and value.numerator == 1 and value.denominator > 1:
                found.add(value.denominator)
    return sorted(each for each in found if each <= _LARGEST)


def _slopes(case: Case) -> list[tuple[str, Row]]:
    """The leaves and numbers that multiply an activation's argument."""
    board, terms = case.board, case.board.terms
    inside = case.ground.inside if case.ground else []
    arguments: set[int] = set()
    for each in inside:
        if terms.heads[each] in ACTIVATIONS or terms.heads[each] == "exp":
            below = terms.operands[each][0]
            while terms.heads[below] in ("named", "u-"):
                below = terms.operands[below][0]
            arguments.add(below)
    found: dict[int, str] = {}
    for each in arguments:
        for operand in terms.operands[each] if terms.heads[each] == "*" else ():
            factor_of = terms.operands[operand][0] if terms.heads[operand] == "u-" else operand
            if terms.heads[factor_of] == NUMBER:
                found[factor_of] = str(terms.value(factor_of))
            elif factor_of in board.owner and board.scope.is_leaf(board.owner[factor_of][0]):
                found[factor_of] = board.owner[factor_of][0]
    return [(name, case.numbers.row(each)) for each, name in found.items()]
