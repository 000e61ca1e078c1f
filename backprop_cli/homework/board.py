"""The graph as the judge sees it: every name entry by entry in shared terms, the point it has, and how names feed each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.equality.slopes import by_own_value, pulled, shares
from backprop_cli.equality.terms import LEAF, NAMED, Terms
from backprop_cli.homework.lowering import InTerms, TermWalk
from backprop_cli.lang.program import Assign, Declare, Program
from backprop_cli.lang.syntax import Apply
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import Planner
from backprop_cli.oracles.scope import CONSTANTS, Scope

Ids = Any  # an array of terms, in the shape of what it stands for
Mark = tuple[int, list[tuple[dict[Any, Any], frozenset[Any]]]]
_MUCH = 10_000  # terms


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What a student takes to be so: values of names, derivatives of one name by another, and local derivatives along edges.

    An edge's array has the user's shape, then the operand's. With `by_value`, values enter also where a derivative is written
    with the value of its own node, as that of a sigmoid.
    """

    values: Mapping[str, Ids] = field(default_factory=dict)
    derivatives: Mapping[tuple[str, str], Ids] = field(default_factory=dict)
    edges: Mapping[tuple[str, str], Ids] = field(default_factory=dict)
    by_value: bool = False

    def __bool__(self) -> bool:
        return bool(self.values or self.derivatives or self.edges)


TRUTH = World()


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
        self._adjoints: dict[str, dict[str, Ids]] = {}
        self._locals: dict[tuple[str, str], Ids] = {}

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

    def one_hot_here(self, columns: bool = False) -> list[tuple[str, ...]]:
        """The rows, or else the columns (first the columns if told so), of leaves that hold a single 1 and zeros at the point,
        `onehot` leaves included."""
        found = list(self.one_hot)
        held = {key for row in found for key in row}
        for name in self.leaves:
            ids = self.values[name]
            keys = [str(self.terms.data[each]) for each in ids.ravel().tolist()]
            if not ids.ndim or name in self.params or not held.isdisjoint(keys) or any(key not in self.home for key in keys):
                continue
            named = np.array(keys, dtype=object).reshape(ids.shape)
            ways = (named.reshape(-1, ids.shape[-1]), named.T.reshape(-1, ids.shape[0]))
            for rows in reversed(ways) if columns else ways:
                if rows.shape[1] > 1 and all(
                    sorted(str(self.terms.value(self.home[key])) for key in row) == _hot(len(row)) for row in rows
                ):
                    found.extend(tuple(row) for row in rows)
                    break
        return found

    def is_stop(self, term: int) -> bool:
        """Whether a term bears a name of the program."""
        return self.terms.heads[term] in (NAMED, LEAF)

    def inner(self, name: str) -> Ids:
        """What the entries of a node are computed by, in the names that it reads directly."""
        own = self.values[name]
        return np.array([self.terms.operands[each][0] for each in own.ravel().tolist()], dtype=np.int64).reshape(own.shape)

    def reads(self, name: str) -> list[str]:
        """The names that a node reads directly."""
        if self.scope.is_leaf(name):
            return []
        met = self.terms.below(self.inner(name).ravel().tolist(), self.is_stop)
        return list(dict.fromkeys(self.owner[each][0] for each in met if each in self.owner))

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
        return len(self.terms), [(cache, frozenset(cache)) for cache in (self._adjoints, self._locals, self.walk.given)]

    def forget(self, mark: Mark) -> bool:
        """Lets go of what was made since a mark, and tells so, if that is much; nobody may hold it any more."""
        count, caches = mark
        if len(self.terms) - count <= _MUCH:
            return False
        for cache, known in caches:
            for each in cache.keys() - known:
                del cache[each]
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
        return pulled(self.terms, seeds, self.is_stop)

    def adjoints(self, of: str, world: World = TRUTH) -> dict[str, Ids]:
        """The derivatives of a node with one entry by every name, in the name's shape."""
        if not world and of in self._adjoints:
            return self._adjoints[of]
        (root,) = self.values[of].ravel().tolist()
        found = self.swept(root, of, world)
        if not world:
            self._adjoints[of] = found
        return found

    def swept(self, root: int, of: str, world: World = TRUTH) -> dict[str, Ids]:
        """One reverse sweep from an entry of `of`, node by node; what a student takes for a derivative goes on from there."""
        adjoints = {root: self.terms.number(1)}
        nothing = self.terms.number(0)
        found: dict[str, Ids] = {}
        for name in reversed(self.order):
            own = self.values[name].ravel().tolist()
            claimed = world.derivatives.get((of, name))
            if claimed is not None:
                adjoints.update(zip(own, self._row(claimed, of, root, len(own)), strict=True))
            found[name] = np.array([adjoints.get(each, nothing) for each in own], dtype=np.int64).reshape(self.values[name].shape)
            if not self.scope.is_leaf(name) and any(each in adjoints for each in own):
                self._handed_on(name, own, adjoints, world)
        if world.values:
            found = {name: self._believed(ids, world) for name, ids in found.items()}
        return found

    def _row(self, claimed: Ids, of: str, root: int, size: int) -> list[int]:
        """What is claimed for the derivatives of one entry of a node by the entries of a name; a diagonal stands for itself alone."""
        rows = self.values[of].ravel().tolist()
        at, flat = rows.index(root), claimed.ravel().tolist()
        if len(flat) == len(rows) * size:
            return list(flat[at * size : (at + 1) * size])
        return [each if column == at else self.terms.number(0) for column, each in enumerate(flat)]

    def _handed_on(self, name: str, own: list[int], adjoints: dict[int, int], world: World) -> None:
        """What a node hands on to the names that it reads."""
        terms = self.terms
        inside: dict[int, int] = {}
        for each, inner in zip(own, self.inner(name).ravel().tolist(), strict=True):
            if each in adjoints:
                inside[inner] = terms.apply("+", inside[inner], adjoints[each]) if inner in inside else adjoints[each]
        claimed = {operand: edge for (user, operand), edge in world.edges.items() if user == name}
        arrived = {term: adjoint for term, adjoint in self._arrived(inside).items() if self.owner[term][0] not in claimed}
        for operand, edge in claimed.items():
            others = self.values[operand].ravel().tolist()
            block = edge.reshape(len(own), len(others)).tolist()
            for at, term in enumerate(others):
                parts = [terms.apply("*", adjoints[each], block[row][at]) for row, each in enumerate(own) if each in adjoints]
                arrived[term] = terms.total(parts)
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
        own, other = self.values[of], self.values[by]
        if own.size == 1:
            found = self.adjoints(of, world)[by]
            return found if other.size > 1 or other.shape == own.shape or not own.shape else found.reshape(own.shape)
        rows = [self.swept(each, of, world)[by].ravel() for each in own.ravel().tolist()]
        return self._in_shape(np.array(rows, dtype=np.int64), own.shape, other.shape)

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


def _hot(size: int) -> list[str]:
    return ["0"] * (size - 1) + ["1"]
