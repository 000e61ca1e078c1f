"""Slips at functions as a whole: activations of one's own, gates by the gradient's sign, the two terms of cross-entropy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backprop_cli.homework.mistakes_case import Case, Suspect
from backprop_cli.homework.mistakes_edges import ACROSS, GATES, Local, Twist
from backprop_cli.homework.mistakes_injected import matching, suspect
from backprop_cli.homework.mistakes_sites import sites
from backprop_cli.homework.mistakes_sweep import Change, Edge, Ground

_MOST_CALLS = 64


def calls(case: Case) -> Iterator[Suspect]:
    """M22 and the like at a function of one's own. `dz/dn = 1` for `z = sigma(n)`."""
    if case.ground is not None:
        yield from matching(case, _calls(case, case.ground))


def _calls(case: Case, ground: Ground) -> Iterator[Suspect]:
    everywhere: dict[str, list[Change]] = {}
    for site in sites(case, ground, case.board.scope.functions):
        if len(site.operands) != 1 or site.operands[0].shape != site.value.shape or site.value.size > _MOST_CALLS:
            continue
        ends = tuple(zip(site.value.ravel().tolist(), site.operands[0].ravel().tolist(), strict=True))
        if not all(lower in ground.leads for _, lower in ends):
            continue
        name = ground.below_name(ends[0][1])
        nothing = np.zeros((1, case.numbers.count))
        slope = np.array([ground.swept(upper).get(lower, nothing)[0] for upper, lower in ends])
        edge = Edge(site.owner, name, "", 0, ends)
        local = Local(case.numbers, "", 0, slope, case.rows(site.value), case.rows(site.operands[0]))
        said = f"the slope of {site.tree.head} in {site.owner} was left out"
        dropped = suspect(edge, local, Twist("M22", said, np.ones_like(slope), -0.15))
        everywhere.setdefault(site.tree.head, []).extend(dropped.changes or ())
        yield dropped
        taken = (local.own * (1 - local.own), "taken at the argument"), (local.y * (1 - local.y), "taken without its own factor")
        for rows, how in taken:
            yield suspect(edge, local, Twist("M21", f"the slope of {site.tree.head} in {site.owner} was {how}", rows, -0.15))
        with np.errstate(all="ignore"):
            for family in ACROSS:
                yield from (suspect(edge, local, twist) for twist in family(local))
    for head, changes in everywhere.items():
        yield Suspect("M22", f"the slope of {head} was left out everywhere", changes=tuple(changes), extra=0.3)


def gates(case: Case) -> Iterator[Suspect]:
    """M24: the gate of relu taken from the sign of what comes from above, not from its argument."""
    if case.ground is not None and len(case.ground.roots) == 1:
        yield from matching(case, _gates(case, case.ground))


def _gates(case: Case, ground: Ground) -> Iterator[Suspect]:
    above = ground.swept(ground.roots[0])
    terms = case.board.terms
    for upper in [each for each in ground.edges() if each.head in GATES]:
        changes, open_ = [], []
        for user, below in upper.ends:
            local, back = case.numbers.local(user, 0), above.get(user)
            if local is None or back is None or not terms.moved[below]:
                continue
            changes.append(Change(user, below, (back[0] > 0) - local))
            open_.append(Change(user, below, (back[0] > 0) * local - local))
        name = f"d{upper.owner}/d{upper.operand}"
        row = f"{upper.owner} -> {upper.operand}"
        said = f"the gate of {upper.head} in {upper.owner} was taken from the sign of the gradient, not from its argument"
        yield Suspect("M24", said, changes=tuple(changes), where=name, row=row, extra=0.2)
        both = f"the gate of {upper.head} in {upper.owner} was also closed where the gradient is negative"
        yield Suspect("M24", both, changes=tuple(open_), where=name, row=row, extra=0.3)


def cross_entropy(case: Case) -> Iterator[Suspect]:
    """M26: of `y*log(f) + (1 - y)*log(1 - f)` one term is lost, or the inner -1. `-y/f` alone."""
    if case.ground is not None:
        yield from matching(case, _cross_entropy(case, case.ground))


def _cross_entropy(case: Case, ground: Ground) -> Iterator[Suspect]:
    terms = case.board.terms
    second: list[Change] = []
    first: list[Change] = []
    turned: set[int] = set()
    logs = [each for each in ground.between if terms.heads[each] in ("log", "logsigmoid", "softplus")]
    for log in logs:
        argument = terms.operands[log][0]
        inner = terms.operands[argument]
        one_less = terms.heads[argument] == "-" and terms.value(inner[0]) == 1
        if one_less or terms.heads[argument] == "u-":
            local = case.numbers.local(argument, len(inner) - 1)
            if local is not None:
                second.append(Change(argument, inner[-1], local))
                turned.add(inner[-1])
    for log in logs:
        below = terms.operands[log][0]
        local = case.numbers.local(log, 0)
        if below in turned and local is not None:
            first.append(Change(log, below, local))
    if not first or not second:
        return
    owner = ground.owner.get(second[0].upper, case.mistaken.of)
    where, row = f"d{owner}/d{ground.below_name(second[0].lower)}", f"{owner} -> {ground.below_name(second[0].lower)}"
    for said, changes, times in (
        ("the second term of the cross-entropy is missing", second, -1),
        ("the inner minus of the second term of the cross-entropy is missing", second, -2),
        ("the first term of the cross-entropy is missing", first, -1),
    ):
        lost = tuple(Change(each.upper, each.lower, times * each.weight) for each in changes)
        yield Suspect("M26", said, changes=lost, where=where, row=row, extra=-0.7)


FAMILIES = (calls, gates, cross_entropy)
