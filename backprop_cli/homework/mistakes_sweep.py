"""The way back on numbers, for many slips at once: every slip changes what some term hands down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop_cli.equality.terms import LEAF, NAMED
from backprop_cli.homework.board import Board
from backprop_cli.homework.mistakes_field import Field, Row
from backprop_cli.homework.world import World
from backprop_cli.lang.syntax import Apply, Expr, Name, Number
from backprop_cli.lang.unparse import unparse

_LONGEST, _MOST_PARTS, _MOST_ENTRIES = 44, 60, 24


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What one term hands down to another beyond what is right: `weight` times its own adjoint."""

    upper: int
    lower: int
    weight: Row


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """One operand of one term, or all of them that stand in the same place of an array's entries.

    `owner` is the node whose statement holds the edge, `operand` the name that it leads down to. `ends` are the terms above
    and below. A step from name to name across a whole statement has no head.
    """

    owner: str
    operand: str
    head: str
    at: int
    ends: tuple[tuple[int, int], ...]
    places: tuple[int, ...] = ()


class Ground:
    """The part of a board's terms that lies between some terms and others, on the numbers of a field.

    `roots` are differentiated by `targets`. `claims` are derivatives that the student takes for right, `extra` what is
    handed down beyond the truth in the student's world.
    """

    def __init__(self, board: Board, field: Field, roots: Sequence[int], targets: Sequence[int], world: World) -> None:
        self.board, self.field = board, field
        self.roots, self.targets = tuple(dict.fromkeys(roots)), tuple(targets)
        terms = board.terms
        self.inside = terms.below(self.roots)
        below = terms.below(self.roots, frozenset(targets).__contains__)
        leads: set[int] = set(targets)
        for each in below:
            if any(operand in leads for operand in terms.operands[each]):
                leads.add(each)
        self.leads = leads
        self.between = [each for each in below if each in leads and each not in targets]
        # Terms that stand in several statements; a slip in one of these statements does not touch the others.
        self.shared: set[int] = set()
        self.owner = self._owners()
        self.world = world
        self._base: dict[int, dict[int, Row]] = {}

    def _owners(self) -> dict[int, str]:
        """The node in whose statement a term stands."""
        board, found = self.board, dict[int, str]()
        wanted = set(self.between)
        for name in board.order:
            own = [each for each in board.values[name].ravel().tolist() if each in wanted]
            if not own or board.scope.is_leaf(name):
                continue
            for each in own:
                found[each] = name
            inner = [board.terms.operands[each][0] for each in own]
            for each in board.terms.below(inner, board.is_stop):
                if not board.is_stop(each) and found.setdefault(each, name) != name:
                    self.shared.add(each)
        return found

    # ---- edges ----

    def edges(self) -> list[Edge]:
        """The edges between roots and targets, those at the same place of an array's entries together, nearest the roots first."""
        board, terms = self.board, self.board.terms
        groups: dict[tuple[str, str, str, int, int], list[tuple[int, int, int]]] = {}
        marks = self._marks()
        scalar = all(ids.size == 1 for ids in board.values.values())
        for user in reversed(self.between):
            if terms.heads[user] == NAMED or user not in self.owner:
                continue
            for at, operand in enumerate(terms.operands[user]):
                if operand in self.leads:
                    side = at if scalar or terms.heads[user] != "+" else 0
                    place = (self.owner[user], self.below_name(operand), terms.heads[user], side, user if scalar else marks[user])
                    groups.setdefault(place, []).append((user, operand, at))
        return [
            Edge(owner, operand, head, at, tuple((user, below) for user, below, _ in each), tuple(at for *_, at in each))
            for (owner, operand, head, at, _), each in groups.items()
        ]

    def across(self) -> list[Edge]:
        """The steps from name to name that consist of several edges; entries feed their counterparts alone, or there is one."""
        board, found = self.board, list[Edge]()
        for owner in dict.fromkeys(reversed(self.owner.values())):
            own = board.values[owner]
            if own.size > _MOST_ENTRIES or not set(own.ravel().tolist()) <= set(self.between):
                continue
            for operand in board.reads(owner):
                other = board.values[operand]
                below = {each for each in other.ravel().tolist() if each in self.leads}
                if own.shape == other.shape and len(below) == other.size and self._winding(owner, below):
                    ends = tuple(zip(own.ravel().tolist(), other.ravel().tolist(), strict=True))
                    found.append(Edge(owner, operand, "", 0, ends))
        return found

    def _winding(self, owner: str, below: set[int]) -> bool:
        """Whether a statement reads terms otherwise than each by one edge from its top, or shares terms with another."""
        board, terms = self.board, self.board.terms
        tops = set(board.inner(owner).ravel().tolist())
        inside = [each for each in terms.below(tops, board.is_stop) if not board.is_stop(each)]
        reading = [each for each in inside for operand in terms.operands[each] if operand in below]
        return len(reading) > len(below) or not tops.issuperset(reading) or not self.shared.isdisjoint(inside)

    def _marks(self) -> dict[int, int]:
        """A number for every term that is the same for terms that differ in the entries of the names below alone."""
        board, terms = self.board, self.board.terms
        known: dict[Any, int] = {}
        marks: dict[int, int] = {}
        for each in self.inside:
            face: Any
            if each in board.owner:
                face = ("name", board.owner[each][0])
            elif terms.heads[each] == LEAF:
                face = ("name", terms.data[each])
            else:
                head, below = terms.heads[each], terms.operands[each]
                order = sorted if head == "*" else list
                face = (head, terms.data[each], tuple(order(marks[operand] for operand in below)))
                if head == "+":
                    # The partial sums of a long sum count as one place.
                    face = ("+", frozenset(marks[operand] for operand in below if terms.heads[operand] != "+"))
            marks[each] = known.setdefault(face, len(known))
        return marks

    def below_name(self, term: int) -> str:
        """The name on the way from a term down to the targets."""
        board, terms = self.board, self.board.terms
        while term not in board.owner:
            term = next(each for each in terms.operands[term] if each in self.leads)
        return board.owner[term][0]

    # ---- the way back ----

    def swept(self, root: int, slips: Sequence[Sequence[Change]] = ()) -> dict[int, Row]:
        """The derivatives of a root by every term below it, one line for each list of changes (a single line where none matters)."""
        if slips:
            return self._swept(root, slips)
        if root not in self._base:
            self._base[root] = self._swept(root, ())
        return self._base[root]

    def _swept(self, root: int, slips: Sequence[Sequence[Change]]) -> dict[int, Row]:
        terms, field, count = self.board.terms, self.field, max(len(slips), 1)
        changes = _by_upper(slips)
        claims, world = self._claims(root), self._edges()
        adjoints: dict[int, Row] = {root: np.ones((1, field.count))}
        with np.errstate(all="ignore"):
            for user in reversed(terms.below([root])):
                if user in claims:
                    adjoints[user] = claims[user][None, :]
                adjoint = adjoints.get(user)
                if adjoint is None or not terms.moved[user]:
                    continue
                for at, below in enumerate(terms.operands[user]):
                    if terms.moved[below]:
                        local = field.local(user, at)
                        if local is not None:
                            _add(adjoints, below, adjoint * local)
                for each in world.get(user, ()):
                    _add(adjoints, each.lower, adjoint * each.weight)
                for below, (which, weights) in changes.get(user, {}).items():
                    spread = np.zeros((count, field.count))
                    np.add.at(spread, which, (adjoint[which] if len(adjoint) > 1 else adjoint) * weights)
                    _add(adjoints, below, spread)
        return adjoints

    def _claims(self, root: int) -> dict[int, Row]:
        if not self.world.derivatives:
            return {}
        of, _ = self.board.owner[root]
        found: dict[int, Row] = {}
        for (own, by), claimed in self.world.derivatives.items():
            ids = self.board.values[by]
            if own == of and self.board.values[of].size == 1 and ids.shape == claimed.shape:
                found.update(zip(ids.ravel().tolist(), self.field.rows(claimed.ravel().tolist()), strict=True))
        return found

    def _edges(self) -> dict[int, list[Change]]:
        """What the student's own local derivatives hand down beyond the true ones."""
        found: dict[int, list[Change]] = {}
        for (user, operand), block in self.world.edges.items():
            own, other = self.board.values[user].ravel().tolist(), self.board.values[operand].ravel().tolist()
            wrong = self.field.rows(block.ravel().tolist())
            true = self.field.rows(self.board.local(user, operand).ravel().tolist())
            for number, (upper, lower) in enumerate((a, b) for a in own for b in other):
                found.setdefault(upper, []).append(Change(upper, lower, wrong[number] - true[number]))
        return found

    def predicted(self, pairs: Sequence[tuple[int, int]], slips: Sequence[Sequence[Change]] = ()) -> Row:
        """The derivatives of first by second terms: an array of pairs, slips and points."""
        count = max(len(slips), 1)
        found = np.zeros((len(pairs), count, self.field.count))
        rooted: dict[int, list[int]] = {}
        for number, (root, _) in enumerate(pairs):
            rooted.setdefault(root, []).append(number)
        for root, numbers in rooted.items():
            adjoints = self.swept(root, slips)
            for number in numbers:
                found[number] = adjoints.get(pairs[number][1], 0.0)
        return found


def _by_upper(slips: Sequence[Sequence[Change]]) -> dict[int, dict[int, tuple[Any, Row]]]:
    """The changes by the term that hands down and the one that receives, with the numbers of the slips they belong to."""
    lists: dict[int, dict[int, tuple[list[int], list[Row]]]] = {}
    for number, slip in enumerate(slips):
        for each in slip:
            which, weights = lists.setdefault(each.upper, {}).setdefault(each.lower, ([], []))
            which.append(number)
            weights.append(each.weight)
    return {
        upper: {lower: (np.array(which), np.array(weights)) for lower, (which, weights) in below.items()} for upper, below in lists.items()
    }


def _add(adjoints: dict[int, Row], term: int, part: Row) -> None:
    adjoints[term] = adjoints[term] + part if term in adjoints else part


def pairs_of(board: Board, of: str, by: str, shape: Sequence[int]) -> list[tuple[int, int]] | None:
    """The terms that each entry of a derivative of that shape belongs to; None where the shape is not a derivative's."""
    own, other = board.values[of], board.values[by]
    tops, bottoms = own.ravel().tolist(), other.ravel().tolist()
    size = int(np.prod(shape, dtype=int))
    if own.size == 1 and size == other.size:
        return [(tops[0], each) for each in bottoms]
    if other.size == 1 and size == own.size:
        return [(each, bottoms[0]) for each in tops]
    if size == own.size * other.size:
        return [(top, bottom) for top in tops for bottom in bottoms]
    if tuple(shape) == own.shape == other.shape:
        return list(zip(tops, bottoms, strict=True))
    return None


def spelled(board: Board, term: int) -> str | None:
    """A term as a formula of the names that it is made of; entries are called by their array. None where it is too long."""
    terms = board.terms
    made: dict[int, Expr] = {}
    sizes: dict[int, int] = {}
    for each in terms.below([term], board.is_stop):
        below = terms.operands[each] if not board.is_stop(each) else ()
        sizes[each] = 1 + sum(sizes[operand] for operand in below)
        if sizes[each] > _MOST_PARTS:
            return None
        made[each] = _tree(board, each, [made[operand] for operand in below])
    text = unparse(made[term])
    return text if len(text) <= _LONGEST else None


def _tree(board: Board, term: int, below: list[Expr]) -> Expr:
    terms = board.terms
    if term in board.owner:
        return Name(board.owner[term][0])
    data = terms.data[term]
    if isinstance(data, str):
        return Name(data)
    if data is not None:
        made: Expr = Number(str(abs(data.numerator)))
        made = made if data.denominator == 1 else Apply("/", (made, Number(str(data.denominator))))
        return made if data >= 0 else Apply("u-", (made,))
    return Apply(terms.heads[term], tuple(below))
