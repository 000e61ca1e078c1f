"""Slips with the paths from a name to the output: forgotten, counted twice, combined wrongly, walked in a wrong order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backprop_cli.equality.terms import NAMED
from backprop_cli.homework.mistakes_case import Case, Suspect
from backprop_cli.homework.mistakes_field import Row
from backprop_cli.homework.mistakes_injected import matching
from backprop_cli.homework.mistakes_sweep import Change, Ground

_MOST_PATHS, _MOST_VISITS = 64, 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A path from the top down: the names it passes, its local derivatives, and their product, on numbers."""

    names: tuple[str, ...]
    locals: tuple[Row, ...]
    product: Row

    @property
    def text(self) -> str:
        return " -> ".join(self.names)


def uses(case: Case) -> Iterator[Suspect]:
    """M12, M13, M14: one use of a name forgotten, alone left, or counted twice. `dL/du = 180` where `372 + 180` is due."""
    if case.ground is not None:
        yield from matching(case, _uses(case, case.ground))


def nothing(case: Case) -> Iterator[Suspect]:
    """M12: every path forgotten. `dL/da = 0`."""
    if case.plain and not np.any(case.claimed):
        yield Suspect("M12", f"{case.mistaken.by} was taken to have no influence on {case.mistaken.of}", where=case.asked, extra=-1.0)


def _uses(case: Case, ground: Ground) -> Iterator[Suspect]:
    board = case.board
    first: list[Change] = []
    last: list[Change] = []
    for name in board.order:
        ids = [each for each in board.values[name].ravel().tolist() if each in ground.leads]
        by_user = _handed(ground, frozenset(ids)) if ids else {}
        if len(by_user) < 2:
            yield from _twice_in_one(case, name, by_user)
            continue
        for user, handed in by_user.items():
            edge = f"d{user}/d{name}"
            dropped = tuple(Change(each.upper, each.lower, -each.weight) for each in handed)
            said = f"{name} is used by {_listed(list(by_user))}, and the contribution of {user} is missing"
            yield Suspect("M12", said, changes=dropped, where=edge, row=f"{user} -> {name}")
            again = f"{name} is used by {_listed(list(by_user))}, and the contribution of {user} was counted twice"
            yield Suspect("M14", again, changes=tuple(handed), where=edge, row=f"{user} -> {name}")
            others = tuple(Change(each.upper, each.lower, -each.weight) for key, rest in by_user.items() if key != user for each in rest)
            kept = f"{name} is used by {_listed(list(by_user))}; only the contribution of {user} is left, as if it had replaced the others"
            yield Suspect("M13", kept, changes=others, where=edge, row=f"{user} -> {name}", extra=0.0 if user == list(by_user)[-1] else 0.2)
            (first if user == next(iter(by_user)) else last).extend(Change(each.upper, each.lower, -each.weight) for each in handed)
    for changes in (first, last):
        if changes:
            yield Suspect("M13", "wherever contributions meet, one replaced the others", changes=tuple(changes), extra=0.4)


def _twice_in_one(case: Case, name: str, by_user: dict[str, list[Change]]) -> Iterator[Suspect]:
    """A name that one statement uses twice: `u*u`, `a + a`."""
    for user, handed in by_user.items():
        if case.board.values[name].size > 1 or len(handed) < 2:
            continue
        for each in handed:
            changes = (Change(each.upper, each.lower, -each.weight),)
            said = f"{user} uses {name} more than once, and one use is missing"
            yield Suspect("M12", said, changes=changes, where=f"d{user}/d{name}", row=f"{user} -> {name}", extra=-0.6)
            yield Suspect("M13", said, changes=changes, where=f"d{user}/d{name}", row=f"{user} -> {name}")
            again = f"{user} uses {name} more than once, and one use was counted twice"
            yield Suspect("M14", again, changes=(each,), where=f"d{user}/d{name}", row=f"{user} -> {name}", extra=0.1)


def _handed(ground: Ground, below: frozenset[int]) -> dict[str, list[Change]]:
    """What each user's statement hands down to terms directly, users in the order of the file."""
    terms, found = ground.board.terms, dict[str, list[Change]]()
    for user in ground.between:
        for at, operand in enumerate(terms.operands[user]):
            if operand in below and user in ground.owner:
                local = ground.field.local(user, at)
                if local is not None:
                    found.setdefault(ground.owner[user], []).append(Change(user, operand, local))
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1]


def paths_of(case: Case) -> list[Path]:
    """The paths between two scalars, step by step; none where there are too many."""
    ground, pairs = case.ground, case.pairs
    if ground is None or pairs is None or len(pairs) != 1:
        return []
    (root, target), terms, field = pairs[0], case.board.terms, case.numbers
    counts: dict[int, int] = {target: 1}
    for each in ground.between:
        counts[each] = sum(counts.get(operand, 0) for operand in terms.operands[each])
    if counts.get(root, 0) > _MOST_PATHS:
        return []
    found: list[Path] = []
    pending: list[tuple[int, tuple[str, ...], tuple[Row, ...]]] = [(root, (case.mistaken.of,), ())]
    while pending:
        term, names, locals_ = pending.pop()
        if term == target:
            product = np.prod(np.array(locals_), axis=0) if locals_ else np.ones(field.count)
            found.append(Path(names, locals_, product))
            continue
        for at, below in enumerate(terms.operands[term]):
            local = field.local(term, at) if below in ground.leads else None
            if local is not None:
                named = (*names, case.board.owner[below][0]) if below in case.board.owner else names
                pending.append((below, named, locals_ if terms.heads[term] == NAMED else (*locals_, local)))
    return found


def paths(case: Case) -> Iterator[Suspect]:
    """M12, M14, M15, M16: whole paths forgotten, doubled, multiplied, averaged. `dL/du` = 372 or 180 or 66960 or 276 for 552."""
    if not case.plain or len(case.claimed) != 1:
        return
    known = paths_of(case)
    where = case.asked
    if len(known) < 2:
        return
    for each in known:
        if case.fits(case.truth - each.product):
            yield Suspect("M12", f"the path {each.text} is missing", where=where, extra=0.1)
        if case.fits(case.truth + each.product):
            yield Suspect("M14", f"the path {each.text} was counted twice", where=where, extra=0.1)
        if case.fits(each.product[None, :]):
            yield Suspect("M16", f"of {len(known)} paths only {each.text} was taken", where=where)
    products = np.array([each.product for each in known])
    combined = {
        "multiplied": np.prod(products, axis=0),
        "averaged": np.mean(products, axis=0),
        "compared, and only the largest was taken": np.max(products, axis=0),
    }
    for said, row in combined.items():
        if case.fits(row[None, :]):
            yield Suspect("M15", f"the contributions of {len(known)} paths were {said}; they are added", where=where)


def sums(case: Case) -> Iterator[Suspect]:
    """M09: locals added along the path. `dL/da = 2*z - 1 - 1/w^2 + 1 + 1/u + x`."""
    if not case.plain or len(case.claimed) != 1:
        return
    known = paths_of(case)
    where = case.asked
    every = [sum(each.locals) for each in known]
    if any(case.fits(np.asarray(each)[None, :]) for each in (*every, sum(every)) if len(np.shape(each))):
        yield Suspect("M09", "the local derivatives along the path were added", where=where)


def products(case: Case) -> Iterator[Suspect]:
    """M11: the derivative of a product as the product of the derivatives. `dL/du = 12*5 = 60` for `L = v*w`."""
    if case.ground is not None and case.pairs is not None and len(case.pairs) == 1 and case.plain:
        yield from _products(case, case.ground, *case.pairs[0])


def _products(case: Case, ground: Ground, root: int, target: int) -> Iterator[Suspect]:
    terms = case.board.terms
    above = ground.swept(root)
    for user in ground.between:
        operands = terms.operands[user]
        if terms.heads[user] not in ("*", "/") or not all(each in ground.leads for each in operands) or user not in above:
            continue
        one, two = (ground.swept(each).get(target, np.zeros((1, case.numbers.count)))[0] for each in operands)
        true = sum(ground.swept(user).get(target, np.zeros((1, case.numbers.count))))
        with np.errstate(all="ignore"):
            mixed = one * two if terms.heads[user] == "*" else one / two
            rows = case.truth + above[user][0] * (mixed - true)
        if case.fits(rows):
            owner = ground.owner.get(user, case.mistaken.of)
            kind = "product" if terms.heads[user] == "*" else "quotient"
            said = f"the derivative of the {kind} in {owner} was taken as the {kind} of the derivatives"
            yield Suspect("M11", said, where=f"d{owner}/d{case.mistaken.by}", row=f"{owner} -> {case.mistaken.by}")


def partials(case: Case) -> Iterator[Suspect]:
    """M17: the direct derivative where the total one is due, or the reverse. On `n2 = g(n, n1)` with n1 made from n."""
    board, mistaken = case.board, case.mistaken
    assert mistaken.by is not None
    if not case.plain:
        return
    where = case.asked
    direct = board.partial(mistaken.of, mistaken.by)
    if direct is not None and direct.shape == mistaken.claimed.shape and case.fits(case.rows(direct)):
        said = f"this is the direct derivative alone; {mistaken.by} reaches {mistaken.of} on other ways too"
        yield Suspect("M17", said, where=where, row=f"{mistaken.of} -> {mistaken.by}")
    total = board.derivative(mistaken.of, mistaken.by)
    if direct is not None and total.shape == mistaken.claimed.shape and case.fits(case.rows(total)):
        yield Suspect("M17", "this is the total derivative where the direct one is asked", where=where)


def orders(case: Case) -> Iterator[Suspect]:
    """M18: nodes visited out of order. `dd/da = 2` or 10 in place of 8 for `b = 2*a; c = 3*b; d = b + c`."""
    board, mistaken, ground = case.board, case.mistaken, case.ground
    if ground is None or len(case.claimed) != 1 or not case.plain or any(ids.size > 1 for ids in board.values.values()):
        return
    between = {board.owner[each][0] for each in ground.between if each in board.owner} | {mistaken.by}
    edges = {
        name: [(below, case.rows(board.local(name, below))[0]) for below in board.reads(name) if below in between]
        for name in between
        if name is not None and name != mistaken.by
    }
    for again in (False, True):
        for backwards in (False, True):
            found = _wandered(edges, mistaken.of, again, backwards, case.numbers.count).get(mistaken.by or "")
            if found is not None and case.fits(found[None, :]):
                said = "a node was visited again for every user" if again else "a node handed on before all its users had sent theirs"
                yield Suspect("M18", said, where=case.asked, extra=0.1 * backwards)


def _wandered(edges: dict[str, list[tuple[str, Row]]], top: str, again: bool, backwards: bool, count: int) -> dict[str, Row]:
    """Depth first from the top, each node handing on as soon as it is reached: once, or each time."""
    found: dict[str, Row] = {top: np.ones(count)}
    seen = {top}
    stack = [(top, iter(edges.get(top, [])[:: -1 if backwards else 1]))]
    for _ in range(_MOST_VISITS):
        if not stack:
            return found
        name, rest = stack[-1]
        for below, local in rest:
            found[below] = found.get(below, np.zeros(count)) + found[name] * local
            if again or below not in seen:
                seen.add(below)
                stack.append((below, iter(edges.get(below, [])[:: -1 if backwards else 1])))
                break
        else:
            stack.pop()
    return {}


def strangers(case: Case) -> Iterator[Suspect]:
    """M41: a constant's derivative taken for 1, or data for a variable. `dy/dx = 2 + 1` for `y = 2*x + 1`."""
    ground, terms = case.ground, case.board.terms
    if ground is None or case.pairs is None or not case.plain or len({root for root, _ in case.pairs}) != 1:
        return
    above = ground.swept(case.pairs[0][0])
    for user in ground.between:
        for at, operand in enumerate(terms.operands[user]):
            local = case.numbers.local(user, at) if operand not in ground.leads and terms.heads[user] not in (NAMED, "^") else None
            if local is None or user not in above:
                continue
            if case.fits(case.truth + above[user][0] * local):
                owner = ground.owner.get(user, case.mistaken.of)
                what = case.board.owner[operand][0] if operand in case.board.owner else "a constant"
                said = f"{what} in {owner} was differentiated as if it were {case.mistaken.by}"
                yield Suspect("M41", said, where=case.asked, row=f"{owner} -> {case.mistaken.by}")


FAMILIES = (nothing, uses, paths, products, sums, partials, orders, strangers)
