"""Slips injected into single edges, and into two at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from backprop_cli.homework.mistakes_case import Case, Suspect, in_chunks
from backprop_cli.homework.mistakes_edges import ACROSS, ACTIVATIONS, FAMILIES, PLAIN, Local, Twist, local_across, local_of, stale
from backprop_cli.homework.mistakes_sweep import Change, Edge

_MOST_EDGES, _MOST_STALE, _MOST_PAIRS = 400, 400, 2_000
Families = Sequence[Callable[[Local], Iterator[Twist]]]


def single(case: Case) -> Iterator[Suspect]:
    """Every slip of every family on every edge between the two names."""
    known = locals_of(case)
    for edge, local in known:
        yield from _twisted(edge, local, FAMILIES if edge.head else ACROSS)
    yield from _everywhere(known)
    yield from _stale(case, [edge for edge, _ in known])


def locals_of(case: Case) -> list[tuple[Edge, Local]]:
    """The edges between the two names with their numbers, nearest the top first; steps across a statement last."""
    assert case.ground is not None
    found = [(edge, local_of(case.numbers, edge)) for edge in case.ground.edges()[:_MOST_EDGES]]
    for edge in case.ground.across():
        block = case.board.local(edge.owner, edge.operand)
        local = local_across(case.numbers, edge, case.numbers.rows(block.ravel().tolist()))
        if local is not None:
            found.append((edge, local))
    return found


def _twisted(edge: Edge, local: Local, families: Families) -> Iterator[Suspect]:
    with np.errstate(all="ignore"):
        for family in families:
            for twist in family(local):
                yield suspect(edge, local, twist)


def suspect(edge: Edge, local: Local, twist: Twist) -> Suspect:
    """A wrong local derivative as a suspect."""
    rows = twist.rows - local.slope
    changes = tuple(Change(upper, lower, row) for (upper, lower), row in zip(edge.ends, rows, strict=True))
    return Suspect(twist.slip, twist.said, edge, changes, extra=twist.extra + (0.0 if edge.head else 0.15))


def _everywhere(known: Sequence[tuple[Edge, Local]]) -> Iterator[Suspect]:
    """The same slip wherever the same function is applied, where that is more than once."""
    alike: dict[tuple[str, int], list[tuple[Edge, Local]]] = {}
    for edge, local in known:
        if edge.head and (edge.head in ACTIVATIONS or edge.head not in ("+", "-", "*", "u-")):
            alike.setdefault((edge.head, edge.at), []).append((edge, local))
    for group in alike.values():
        if len(group) < 2:
            continue
        each = [list(_twisted(edge, local, FAMILIES)) for edge, local in group]
        for same in zip(*each, strict=False):
            if len({one.said for one in same}) == 1:
                changes = tuple(change for one in same for change in one.changes or ())
                first = same[0]
                yield Suspect(first.slip, first.said + ", and so at every such step", first.edge, changes, extra=first.extra + 0.3)


def _stale(case: Case, edges: Sequence[Edge]) -> Iterator[Suspect]:
    board = case.board
    scalars = [name for name in board.order if board.values[name].size == 1 and case.known(board.values[name])]
    others = [(name, case.numbers.row(int(board.values[name].ravel()[0]))) for name in scalars]
    if len(others) * len(edges) > _MOST_STALE:
        return
    for edge in edges:
        if edge.head and len(edge.ends) == 1:
            local = local_of(case.numbers, edge)
            yield from (suspect(edge, local, twist) for twist in stale(case.numbers, edge, others))


def pairs(case: Case) -> Iterator[Suspect]:
    """Two plain slips on two edges."""
    assert case.ground is not None
    plain = [each for edge, local in locals_of(case) if edge.head for each in _twisted(edge, local, PLAIN)]
    if len(plain) * (len(plain) - 1) // 2 > _MOST_PAIRS:
        plain = [each for each in plain if each.slip in ("M01", "M02")][:60]
    for one, two in combinations(plain, 2):
        if one.edge is not two.edge:
            also = (two.slip,) if two.slip != one.slip else ()
            changes = (*(one.changes or ()), *(two.changes or ()))
            yield Suspect(one.slip, "two slips", one.edge, changes, extra=two.cost, slips=2, also=also)


def matching(case: Case, suspects: Iterator[Suspect]) -> Iterator[Suspect]:
    """The suspects that give the student's answer."""
    if case.ground is None or case.pairs is None or not case.plain:
        return
    for chunk in in_chunks(case, suspects):
        rows = case.ground.predicted(case.pairs, [each.changes or () for each in chunk])
        for number in np.flatnonzero(case.matches(rows)).tolist():
            yield chunk[number]
