"""The graph as the judge sees it: every name entry by entry in shared terms, the point it has, and how names feed each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.equality.slopes import by_own_value, pulled, shares
from backprop_cli.equality.terms import LEAF, NAMED, Terms
from backprop_cli.homework.lowering import InTerms, TermWalk
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.program import Assign, Declare, Program
from backprop_cli.lang.syntax import Apply
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import Planner
from backprop_cli.oracles.scope import CONSTANTS, Scope

Mark = tuple[int, list[tuple[dict[Any, Any], int]]]
_MUCH = 10_000  # terms


class Board:
    """A program in terms. `values` has the terms of every name, `order` its names, each after those it reads; `leaves` those that
    read nothing; `home` the value of each leaf's entries where it has one; `broken` says why a name has no terms."""

    def __init__(self, program: Program, at: Mapping[str, Any], output: str | None) -> None:
        self.scope = Scope(program, at)
        self.output = output
        self.terms = Terms()
        planner = Planner(self.scope)
        self.walk = TermWalk(self.scope, planner, InTerms(planner, self.terms))
        self.values: dict[str, Ids] = {}
        self.broken: dict[str, str] = {}
        self.order: list[str] = []
        self.one_hot: list[tuple[str, ...]] = []
        for name in self._names():
            self._read(name)
        self.leaves = [name for name in self.order if self.scope.is_leaf(name)]
        self.owner = {int(each): (name, at) for name in self.order for at, each in enumerate(self.values[name].ravel())}
        self._places = {name: at for at, name in enumerate(self.order)}
        self._read_by: dict[str, list[str]] = {}
        self._users: dict[str, list[str]] = {}
        self._adjoints: dict[str, dict[str, Ids]] = {}
        self._derivatives: dict[tuple[str, str], Ids] = {}
        self._locals: dict[tuple[str, str], Ids] = {}
        self._slopes: dict[tuple[int, int], int | None] = {}

    @property
    def params(self) -> frozenset[str]:
        """The leaves declared as parameters."""
        declared = [source for source in self.scope.sources.values() if isinstance(source, Declare)]
        return frozenset(each.name for each in declared if each.role == "param")

    def _names(self) -> list[str]:
        found: dict[str, None] = {}
        for name in self.scope.place:
            for each in self.scope.needed(name):
                if each not in CONSTANTS or each in self.scope.sources:
                    found.setdefault(each)
        return sorted(found, key=lambda name: self.scope.place.get(name, -1))

    def _read(self, name: str) -> None:
        try:
            self.values[name] = self.walk.read(name)
        except (NoOpinion, ValueError, IndexError) as error:
            self.broken[name] = str(error).splitlines()[0] if str(error) else "it cannot be worked out"
            return
        self.order.append(name)
        source = self.scope.sources.get(name)
        if isinstance(source, Assign) and isinstance(source.expr, Apply) and source.expr.head == "onehot":
            rows = self.values[name].reshape(-1, self.values[name].shape[-1])
            self.one_hot.extend(tuple(str(self.terms.data[each]) for each in row) for row in rows.tolist())

    @property
    def home(self) -> Mapping[str, int]:
        """The value of every entry of a leaf that has one, as a constant term."""
        return self.walk.home

    @property
    def fixed(self) -> frozenset[str]:
        """The entries of leaves that are read as integers."""
        return frozenset(
            str(self.terms.data[each]) for name in self.walk.held_names if name in self.values for each in self.values[name].ravel()
        )

    def is_stop(self, term: int) -> bool:
        """Whether a term bears a name of the program."""
        return self.terms.heads[term] in (NAMED, LEAF)

    def inner(self, name: str) -> Ids:
        """What the entries of a node are computed by, in the names that it reads directly."""
        own = self.values[name]
        return np.array([self.terms.operands[each][0] for each in own.ravel().tolist()], dtype=np.int64).reshape(own.shape)

    def reads(self, name: str) -> list[str]:
        """The names that a node reads directly."""
        if name not in self._read_by:
            inner = [] if self.scope.is_leaf(name) else self.inner(name).ravel().tolist()
            met = self.terms.below(inner, self.is_stop)
            self._read_by[name] = list(dict.fromkeys(self.owner[each][0] for each in met if each in self.owner))
        return self._read_by[name]

    def users(self, name: str) -> list[str]:
        """The names that read a name directly."""
        if not self._users:
            self._users = {each: [] for each in self.order}
            for user in self.order:
                for each in self.reads(user):
                    self._users[each].append(user)
        return self._users[name]

    def feeds(self, name: str, user: str) -> bool:
        """Whether a node is computed from a name, directly or through others."""
        below = self.terms.below(self.values[user].ravel().tolist()) if name in self.values and user in self.values else ()
        return name != user and any(self.owner.get(each, ("", 0))[0] == name for each in below)

    def without_value(self, ids: Iterable[int], home: Mapping[str, int]) -> list[str]:
        """The leaves below some terms that have no value at a point."""
        return [each for each in self.terms.leaves(self.terms.basic(list(ids))) if each not in home]

    def made_up(self, leaves: Iterable[str]) -> dict[str, int]:
        """Values for leaves that have none: positive, and not all the same."""
        return {leaf: self.terms.number(Fraction(7 + at % 5, 8)) for at, leaf in enumerate(leaves)}

    def mark(self) -> Mark:
        """What is kept now."""
        caches = (self._adjoints, self._derivatives, self._locals, self._slopes, self.walk.given)
        return len(self.terms), [(cache, len(cache)) for cache in caches]

    def forget(self, mark: Mark) -> bool:
        """Lets go of what was made since a mark, and tells so, if that is much; nobody may hold it any more."""
        count, caches = mark
        if len(self.terms) - count <= _MUCH:
            return False
        for cache, known in caches:
            while len(cache) > known:
                cache.popitem()  # the last one that was put in
        self.terms.forget(count)
        return True

    # ---- derivatives ----

    def local(self, user: str, operand: str) -> Ids:
        """The derivatives of a node's entries by those of a name it reads directly, all else held fixed: user's shape, then operand's."""
        if (user, operand) not in self._locals:
            rows = [self._arrived({each: self.terms.number(1)}) for each in self.inner(user).ravel().tolist()]
            self._locals[user, operand] = self._block(rows, user, operand)
        return self._locals[user, operand]

    def _block(self, rows: Sequence[Mapping[int, int]], user: str, operand: str) -> Ids:
        nothing = self.terms.number(0)
        own, other = self.values[user], self.values[operand]
        block = [[row.get(each, nothing) for each in other.ravel().tolist()] for row in rows]
        return np.array(block, dtype=np.int64).reshape(own.shape + other.shape)

    def _arrived(self, seeds: Mapping[int, int]) -> dict[int, int]:
        return pulled(self.terms, seeds, self.is_stop, self._slopes)

    def adjoints(self, of: str) -> dict[str, Ids]:
        """The derivatives of a node with one entry by every name, in the name's shape."""
        if of not in self._adjoints:
            (root,) = self.values[of].ravel().tolist()
            self._adjoints[of] = self._swept(root, of, TRUTH, reversed(self.order))
        return self._adjoints[of]

    def _swept(self, root: int, of: str, world: World, names: Iterable[str], by: str | None = None) -> dict[str, Ids]:
        """One reverse sweep from an entry of `of` through some names; what a student takes for a derivative goes on from there.

        Where only the derivative by one name is asked, a claim of all that comes from it to some node stands for every path between.
        """
        adjoints = {root: self.terms.number(1)}
        nothing = self.terms.number(0)
        found: dict[str, Ids] = {}
        for name in names:
            own = self.values[name].ravel().tolist()
            claimed = world.derivatives.get((of, name))
            if claimed is not None:
                row = dict(zip(own, self._row(claimed, of, root, len(own)), strict=True))
                adjoints = {each: adjoint for each, adjoint in (adjoints | row).items() if self.terms.value(adjoint) != 0}
            found[name] = np.array([adjoints.get(each, nothing) for each in own], dtype=np.int64).reshape(self.values[name].shape)
            if not self.scope.is_leaf(name) and any(each in adjoints for each in own):
                whole = world.totals.get((name, by)) if by is not None and name != of else None
                self._handed_on(name, own, adjoints, world, {} if whole is None else {str(by): whole})
        return found

    def _between(self, of: str, by: str, world: World) -> list[str]:
        """The names through which a derivative of `of` arrives at `by`, from the last one on, no further up than it is claimed."""
        met, pending = {by}, [by]
        claimed = [name for name, below in world.totals if below == by]
        while pending:
            name = pending.pop()
            if (of, name) in world.derivatives:
                continue
            for user in (*self.users(name), *(claimed if name == by else ())):
                if user not in met and self._places[user] <= self._places[of]:
                    met.add(user)
                    pending.append(user)
        return sorted(met, key=self._places.__getitem__, reverse=True)

    def _row(self, claimed: Ids, of: str, root: int, size: int) -> list[int]:
        """What is claimed for the derivatives of one entry of a node by the entries of a name; a diagonal stands for itself alone."""
        rows = self.values[of].ravel().tolist()
        at, flat = rows.index(root), claimed.ravel().tolist()
        if len(flat) == len(rows) * size:
            return list(flat[at * size : (at + 1) * size])
        return [each if column == at else self.terms.number(0) for column, each in enumerate(flat)]

    def _handed_on(self, name: str, own: list[int], adjoints: dict[int, int], world: World, totals: Mapping[str, Ids]) -> None:
        """What a node hands on to the names that it reads; where `totals` are claimed, nothing else."""
        terms = self.terms
        inside: dict[int, int] = {}
        for each, inner in zip(own, self.inner(name).ravel().tolist(), strict=True):
            if each in adjoints:
                inside[inner] = terms.apply("+", inside[inner], adjoints[each]) if inner in inside else adjoints[each]
        edges = {operand: world.edges.get((name, operand)) for operand in self.reads(name)} if world.edges else {}
        claimed = totals or {operand: edge for operand, edge in edges.items() if edge is not None}
        passed = {} if totals else self._arrived(inside)
        arrived = {term: adjoint for term, adjoint in passed.items() if self.owner[term][0] not in claimed}
        for operand, edge in claimed.items():
            others = self.values[operand].ravel().tolist()
            block = edge.reshape(len(own), len(others)).tolist()
            for at, term in enumerate(others):
                slopes = {each: block[row][at] for row, each in enumerate(own) if each in adjoints and terms.value(block[row][at]) != 0}
                arrived[term] = terms.total(terms.apply("*", adjoints[each], slope) for each, slope in slopes.items())
        for term, adjoint in arrived.items():
            adjoints[term] = terms.apply("+", adjoints[term], adjoint) if term in adjoints else adjoint

    def _believed(self, ids: Ids, world: World) -> Ids:
        """Terms with the student's own values in the place of named ones."""
        instead: dict[int, int] = {}
        for name, claimed in world.values.items():
            new = claimed.ravel().tolist()
            instead.update(zip(self.values[name].ravel().tolist(), new, strict=True))
            if world.by_value and not self.scope.is_leaf(name):  # as the value that the derivative of a sigmoid is written with
                inner = self.inner(name).ravel().tolist()
                instead.update((each, value) for each, value in zip(inner, new, strict=True) if by_own_value(self.terms.heads[each]))
                instead.update(shares(self.terms, inner, new))
        return np.array(self.terms.rewritten(ids.ravel().tolist(), instead), dtype=np.int64).reshape(ids.shape)

    def value(self, name: str, world: World = TRUTH) -> Ids:
        """The terms of a name's value; with the student's own earlier values below it."""
        if not world.values or self.scope.is_leaf(name):
            return self.values[name]
        return self._believed(self.inner(name), replace(world, by_value=False))

    def derivative(self, of: str, by: str, world: World = TRUTH) -> Ids:
        """The total derivative of one name by another.

        In the shape of `by` where `of` has one entry, of `of` where `by` has one; where both have the same shape and entries
        feed only their own counterparts, that shape again; else `of`'s shape, then `by`'s.
        """
        claimed = world.derivatives.get((of, by)) if of != self.output else None
        if claimed is not None:
            return claimed
        if world:
            return self._derivative(of, by, world)
        if (of, by) not in self._derivatives:
            self._derivatives[of, by] = self._derivative(of, by, world)
        return self._derivatives[of, by]

    def _derivative(self, of: str, by: str, world: World) -> Ids:
        own, other = self.values[of], self.values[by]
        if of == self.output and own.size == 1 and not world:
            rows = [self.adjoints(of)[by]]
        else:
            between = self._between(of, by, world)
            rows = [self._swept(each, of, world, between, by)[by] for each in own.ravel().tolist()]
        rows = [self._believed(each, world) for each in rows] if world.values else rows
        if own.size == 1:
            return rows[0] if other.size > 1 or other.shape == own.shape or not own.shape else rows[0].reshape(own.shape)
        return self._in_shape(np.array([each.ravel() for each in rows], dtype=np.int64), own.shape, other.shape)

    def partial(self, of: str, by: str, world: World = TRUTH) -> Ids | None:
        """The derivative along the direct edge alone; None where there is no such edge."""
        if self.scope.is_leaf(of) or by not in self.reads(of):
            return None
        claimed = world.edges.get((of, by))
        block = self.local(of, by) if claimed is None else claimed
        if world.values:
            block = self._believed(block, world)
        own, other = self.values[of], self.values[by]
        return self._in_shape(block.reshape(own.size, other.size), own.shape, other.shape)

    def _in_shape(self, block: Ids, own: tuple[int, ...], other: tuple[int, ...]) -> Ids:
        """A block of derivatives in the shape it is written in."""
        if block.shape[0] == 1:
            return block.reshape(other)
        if block.shape[1] == 1:
            return block.reshape(own)
        off = ~np.eye(len(block), block.shape[1], dtype=bool)
        if own == other and np.all(block[off] == self.terms.number(0)):
            return block.diagonal().copy().reshape(own)
        return block.reshape(own + other)
