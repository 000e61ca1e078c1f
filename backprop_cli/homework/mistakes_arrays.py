"""Slips with whole arrays: transposed, in another order, entry by entry, not summed, along the wrong axis. A function per family."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from backprop_cli.homework.mistakes_case import HANDED, Case, Suspect
from backprop_cli.homework.mistakes_field import Row
from backprop_cli.homework.mistakes_injected import matching
from backprop_cli.homework.mistakes_sites import Site, adjoints, sites, wide
from backprop_cli.homework.mistakes_sweep import Change, Ground
from backprop_cli.homework.world import Ids

PRODUCTS = frozenset({"@", "matmul", "dot", "outer"})
_MOST_CHANGES, _MOST_ENTRIES = 6_000, 400


def transposed(case: Case) -> Iterator[Suspect]:
    """M32: rows and columns exchanged. `dJ/dW = [[1.5, 1], [0.5, 0.5]]` for `[[1.5, 0.5], [1, 0.5]]`."""
    truth, claimed = case.mistaken.truth, case.mistaken.claimed
    if truth.ndim == 2 and claimed.shape == truth.shape[::-1]:
        turned = np.arange(truth.size).reshape(truth.shape).T.ravel()
        if case.fits(case.truth[turned]):
            yield Suspect("M32", "rows and columns are exchanged", where=case.asked)


def arranged(case: Case) -> Iterator[Suspect]:
    """M33, M34, M35: the factors of a matrix product in another order. `X.T @ dZ`, `dZ * X`, `W @ dZ`."""
    ground = case.ground
    if ground is None or case.mistaken.truth.ndim == 0:
        return
    known = list(sites(case, ground, PRODUCTS))
    yield from matching(case, (each for site in known for each in _rearranged(case, ground, site)))
    for site in known:
        yield from _direct(case, ground, site)


def _rearranged(case: Case, ground: Ground, site: Site) -> Iterator[Suspect]:
    """Other arrangements that have the operand's own shape, so that the way back can go on from there."""
    if site.tree.head == "outer" or len(site.operands) != 2:
        return
    left, right = wide(site.operands[0], True), wide(site.operands[1], False)
    if left.ndim != 2 or right.ndim != 2:
        return
    out = site.value.reshape(len(left), right.shape[1])
    if left.size * right.shape[1] * 2 > _MOST_CHANGES:
        return
    for mine, other, first in ((left, right, True), (right, left, False)):
        if not any(each in ground.leads for each in mine.ravel().tolist()):
            continue
        true = tuple(_changes(case, out, other.T, mine, first, -1.0))
        name = _name(ground, mine)
        for turned, flipped, before in product((False, True), repeat=3):
            g, b = out.T if turned else out, other.T if flipped else other
            if (turned, flipped, before) == (False, True, first) or (g.shape[1] if before else b.shape[1]) != len(b if before else g):
                continue
            shape = (len(g), b.shape[1]) if before else (len(b), g.shape[1])
            if shape == mine.shape:
                changes = (*true, *_changes(case, g, b, mine, before, 1.0))
                yield _suspect(site, name, changes, turned, flipped, before, first)
        if out.shape == other.shape == mine.shape:
            changes = (*true, *_entrywise(case, out, other, mine))
            said = f"the matrix product in {site.owner} was worked out entry by entry on the way back to {name}"
            yield Suspect("M34", said, changes=changes, where=f"d{site.owner}/d{name}", row=f"{site.owner} -> {name}")


def _suspect(site: Site, name: str, changes: tuple[Change, ...], turned: bool, flipped: bool, before: bool, first: bool) -> Suspect:
    where, row = f"d{site.owner}/d{name}", f"{site.owner} -> {name}"
    if not first and not turned and not before and not flipped:
        said = f"on the way back through {site.owner} the matrix itself was taken, not its transpose"
        return Suspect("M35", said, changes=changes, where=where, row=row)
    said = f"the factors of the matrix product that gives the derivative by {name} stand in another order, or a transpose is missing"
    return Suspect("M33", said, changes=changes, where=where, row=row, extra=0.1 * turned)


def _changes(case: Case, one: Ids, two: Ids, lower: Ids, before: bool, sign: float) -> Iterator[Change]:
    """What a product of adjoints and the other factor's numbers hands to an operand; `before` puts the adjoints first."""
    numbers = case.rows(two).reshape(*two.shape, case.numbers.count)
    for i, j in np.ndindex(lower.shape):
        for k in range(one.shape[1] if before else len(one)):
            upper, weight = (one[i, k], numbers[k, j]) if before else (one[k, j], numbers[i, k])
            yield Change(int(upper), int(lower[i, j]), sign * weight)


def _entrywise(case: Case, out: Ids, other: Ids, lower: Ids) -> Iterator[Change]:
    numbers = case.rows(other)
    for upper, below, weight in zip(out.ravel().tolist(), lower.ravel().tolist(), numbers, strict=True):
        yield Change(upper, below, weight)


def _direct(case: Case, ground: Ground, site: Site) -> Iterator[Suspect]:
    """Arrangements that give the answer itself, in whatever shape it has."""
    if len(site.operands) != 2 or site.value.size > _MOST_ENTRIES:
        return
    assert case.mistaken.by is not None
    asked = set(case.board.values[case.mistaken.by].ravel().tolist())
    back = adjoints(case, ground, site.value)
    if back is None:
        return
    for number, mine in enumerate(site.operands):
        other = site.operands[1 - number]
        if not asked & set(mine.ravel().tolist()) or case.plain:
            continue
        numbers = case.rows(other).reshape(*other.shape, case.numbers.count)
        for kind, rows in _arrangements(back, numbers):
            if rows.shape[:-1] == case.mistaken.claimed.shape and case.fits(rows.reshape(-1, case.numbers.count)):
                name = case.mistaken.by
                where, row = f"d{site.owner}/d{name}", f"{site.owner} -> {name}"
                if kind == "*":
                    said = f"the matrix product that gives the derivative by {name} was worked out entry by entry"
                    yield Suspect("M34", said, where=where, row=row)
                else:
                    said = (
                        f"the factors of the product that gives the derivative by {name} stand in another order, or a transpose is missing"
                    )
                    yield Suspect("M33", said, where=where, row=row)


def _arrangements(back: Row, numbers: Row) -> Iterator[tuple[str, Row]]:
    """All products of two arrays, transposed or not, in both orders, and entry by entry. The last axis is that of points."""
    for g, b in product(_ways(back), _ways(numbers)):
        for one, two in ((g, b), (b, g)):
            if one.shape[1] == len(two):
                made = np.einsum("ikp,kjp->ijp", one, two)
                yield "@", made
                yield from (("@", made.reshape(shape)) for shape in _squeezed(made))
        if all(a == c or 1 in (a, c) for a, c in zip(g.shape, b.shape, strict=True)):
            made = g * b
            yield "*", made
            yield from (("*", made.reshape(shape)) for shape in _squeezed(made))


def _ways(rows: Row) -> list[Row]:
    if rows.ndim == 1:
        return [rows.reshape(1, 1, -1)]
    flat = rows if rows.ndim == 3 else rows[:, None, :]
    return [flat, flat.transpose(1, 0, 2)] if flat.ndim == 3 else []


def _squeezed(rows: Row) -> list[tuple[int, ...]]:
    if rows.shape[:2] == (1, 1):
        return [rows.shape[2:], rows.shape[1:]]
    return [(rows.shape[0] * rows.shape[1], rows.shape[2])] if 1 in rows.shape[:2] else []


def biases(case: Case) -> Iterator[Suspect]:
    """M36, M37: a bias' gradient not summed, summed along the wrong axis, or averaged. `db = dZ`, `[0.5, 1]`, `[0.5, 0.25]`."""
    ground, mistaken = case.ground, case.mistaken
    if ground is None or mistaken.by is None or len(ground.roots) != 1:
        return
    own = case.board.values[mistaken.by]
    ids = set(own.ravel().tolist())
    for site in sites(case, ground, ("+", "-")):
        if site.value.size <= own.size or not any(ids & set(each.ravel().tolist()) for each in site.operands):
            continue
        back = adjoints(case, ground, site.value)
        if back is None:
            continue
        where, row = f"d{site.owner}/d{mistaken.by}", f"{site.owner} -> {mistaken.by}"
        for sign in (1.0, -1.0):
            if mistaken.claimed.shape == site.value.shape and case.fits(sign * back.reshape(-1, case.numbers.count)):
                yield Suspect("M36", f"{mistaken.by} is used in every column, and the sum over them is missing", where=where, row=row)
            for said, rows in _reduced(back):
                fits = rows.size == case.claimed.size and case.fits(sign * rows.reshape(-1, case.numbers.count))
                if fits and mistaken.claimed.size == rows.size // case.numbers.count:
                    yield Suspect("M37", f"the gradient of {mistaken.by} {said}", where=where, row=row)


def _reduced(back: Row) -> Iterator[tuple[str, Row]]:
    for axis in range(back.ndim - 1):
        yield "was summed along the wrong axis", back.sum(axis=axis)
        yield "is a mean where a sum is due", back.mean(axis=axis)
    yield "was summed over everything", back.sum(axis=tuple(range(back.ndim - 1)))


def diagonal(case: Case) -> Iterator[Suspect]:
    """M25: softmax as if each output depended on its own score alone. `p*(1 - p)*g`."""
    if case.ground is not None:
        yield from matching(case, _diagonal(case, case.ground))


def _diagonal(case: Case, ground: Ground) -> Iterator[Suspect]:
    for site in sites(case, ground, ("softmax", "log_softmax")):
        scores = site.operands[0].ravel().tolist()
        if len(scores) > 64 or not case.budget.spend(len(scores) * len(ground.inside) * HANDED):
            continue
        changes: list[Change] = []
        for place, upper in enumerate(site.value.ravel().tolist()):
            slopes = ground.swept(upper)
            changes.extend(
                Change(upper, lower, -slopes[lower][0]) for number, lower in enumerate(scores) if number != place and lower in slopes
            )
        said = f"in {site.owner} each output of {site.tree.head} was taken to depend on its own score alone"
        yield Suspect("M25", said, changes=tuple(changes), where=case.asked)


def _name(ground: Ground, ids: Ids) -> str:
    """The name that an operand of a product leads down to."""
    return ground.below_name(next(each for each in ids.ravel().tolist() if each in ground.leads))


FAMILIES = (transposed, arranged, biases, diagonal)
