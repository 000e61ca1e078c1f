"""A program, and a student's formulas over it, entry by entry as shared terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from backprop_cli.calculus.arrays import CODE, Misshapen
from backprop_cli.calculus.table import SEVERAL
from backprop_cli.equality.terms import MOST, Terms, TooLarge
from backprop_cli.lang.syntax import Apply, Expr, Name, postorder
from backprop_cli.limits import OWN, Limits
from backprop_cli.oracles.lowering import Lowered, label
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import Piece, Planner
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.textbook import FIXED, complete, meaning
from backprop_cli.oracles.walk import Item, Shape, Walk

# Steps, entry by entry, that the reading of an answer may take for each node of the limit.
_STEPS = 3
_VAST = 10**9
_WORDS = {fixed: which for which, fixed in FIXED.items()}


class Misfit(NoOpinion):
    """Shapes that do not go together."""


class InTerms(Lowered):
    """The engine whose arrays hold terms.

    `steps` counts what one reading takes, whether its terms are new or not: so the same formula always gets equally far.
    """

    def __init__(self, planner: Planner, terms: Terms) -> None:
        super().__init__(planner, ())
        self.terms = terms
        self.limits, self.steps, self.most_steps, self.option = OWN, 0, MOST, ""

    def govern(self, limits: Limits) -> None:
        """Sets what answers may ask for."""
        self.limits, self.most_steps = limits, _STEPS * limits.nodes
        self.option = f", {_STEPS} for each of the {limits.nodes:,} nodes of --limit nodes=N"

    def spend(self, steps: int) -> None:
        """Counts steps before they are taken. Raises TooLarge."""
        self.steps += steps
        if self.steps > self.most_steps:
            told = f"{self.steps:,}" if self.steps < _VAST else f"more than {_VAST:,}"
            raise TooLarge(f"entry by entry this takes {told} steps; the limit is {self.most_steps:,}{self.option}")

    def room(self, shape: Shape, piece: Piece | None = None, work: int = 1) -> None:
        self._within(shape)
        self.spend(math.prod(shape) * (work if piece is None else _operations(piece.tree)))

    def _within(self, shape: Shape) -> None:
        """Raise NoOpinion for an array with more entries than the limit."""
        size = math.prod(shape)
        if size > self.limits.entries:
            raise NoOpinion(f"this makes an array of {size:,} entries; the limit is {self.limits.entries:,} (--limit entries=N)")

    def literal(self, numbers: Sequence[Fraction | str | float], shape: Shape) -> Any:
        self._within(shape)
        return super().literal(numbers, shape)

    def move(self, function: Callable[..., Any], *operands: Any) -> Any:
        made = super().move(function, *operands)
        self._within(made.shape)
        return made

    def _constant(self, number: Fraction | str) -> int:
        return self.terms.constant(_WORDS[number]) if isinstance(number, str) else self.terms.number(number)

    def _step(self, piece: Piece, operands: Sequence[int], shown: Expr | None) -> int:
        return self.terms.formula(piece.tree, {f"v{i}": each for i, each in enumerate(operands)})

    def apply(self, head: str, operands: Sequence[Any]) -> Any:
        """A function of the table, entry by entry."""
        try:
            spread = np.broadcast_arrays(*operands)
        except ValueError:
            raise Misfit(" and ".join(shape_text(each.shape) for each in operands) + f" do not fit together in {head}") from None
        self.room(spread[0].shape, work=_size(head))
        columns = [each.ravel().tolist() for each in spread]
        return self._filled((self.terms.apply(head, *each) for each in zip(*columns, strict=True)), spread[0].shape)

    def product(self, a: Any, b: Any, shown: Expr | None) -> Any:
        if not a.ndim or not b.ndim:
            raise Misfit("@ stands between arrays; a number is multiplied with *")
        if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
            raise Misfit(f"{shape_text(a.shape)} @ {shape_text(b.shape)} do not fit together: the inner sizes differ")
        return super().product(a, b, shown)

    def total(self, a: Any, axes: Shape, shown: Expr | None) -> Any:
        self.spend(a.size)
        return super().total(a, axes, shown)

    def determinant(self, a: Any, shown: Expr | None) -> Any:
        self.spend(len(a) << len(a))
        return super().determinant(a, shown)

    def inverse(self, a: Any, shown: Expr | None) -> Any:
        self.spend(len(a) ** 3 << len(a))
        return super().inverse(a, shown)

    def extreme(self, head: str, a: Any, axes: Shape, shown: Expr | None) -> Any:
        self.spend(a.size)
        rows = (self.terms.apply(head, *a[at].tolist()) if a.shape[-1] > 1 else int(a[at][0]) for at in np.ndindex(a.shape[:-1]))
        return self._filled(rows, a.shape[:-1])

    def combination(self, left: Sequence[int], right: Sequence[int], shown: Expr | None) -> int:
        return self.terms.total(self.terms.apply("*", *each) for each in zip(left, right, strict=True))

    def _sum(self, slots: list[int], shown: Expr | None) -> int:
        return self.terms.total(slots)

    def named(self, name: str, value: Any) -> Any:
        flat = value.ravel().tolist()
        keys = [label(name, at) for at in np.ndindex(value.shape)]
        return self._filled((self.terms.named(key, each) for key, each in zip(keys, flat, strict=True)), value.shape)


class TermWalk(Walk):
    """Reads a program's statements into terms; functions of the table stay what they are, so that their derivatives are the table's."""

    engine: InTerms

    def __init__(self, scope: Scope, planner: Planner, engine: InTerms) -> None:
        super().__init__(scope, planner, engine, self.held)
        self.home: dict[str, int] = {}
        self.given: dict[str, Any] = {}
        self.held_names: set[str] = set()

    def held(self, name: str) -> Any:
        """The integers that a leaf holds, where an axis, an index or a position is due."""
        if name not in self.given:
            self.given[name] = self.source(name)
        self.held_names.add(name)
        values = [self.engine.terms.value(each) for each in self.given[name].ravel().tolist()]
        if any(each is None or each.denominator != 1 for each in values):
            raise NoOpinion(f"{name} holds no integer")
        whole = np.array([int(each) for each in values if each is not None]).reshape(self.given[name].shape)
        return whole if whole.ndim else int(whole)

    def read(self, name: str) -> Any:
        """The terms of a name: variables for a leaf, named values for a node. Raises NoOpinion."""
        self.engine.statement, self.engine.steps = name, 0
        source = self.scope.sources.get(name)
        if self.scope.is_leaf(name):
            held = source is not None and (not hasattr(source, "value") or source.value is not None)
            found = self.leaf(name, self.source(name) if held else None)
        else:
            found = self.engine.named(name, self.source(name))
        self.values[name] = Item(found, name)
        return found

    def leaf(self, name: str, given: Any) -> Any:
        shape = () if given is None else given.shape
        keys = [label(name, at) for at in np.ndindex(shape)]
        if given is not None:
            self.given[name] = given
            self.home.update(zip(keys, given.ravel().tolist(), strict=True))
        return np.fromiter((self.engine.terms.leaf(key) for key in keys), np.int64, math.prod(shape)).reshape(shape)

    def elementwise(self, part: Apply, given: list[Item]) -> Item:
        values = [each.value for each in given]
        if part.head in SEVERAL or part.head in SEVERAL.values():
            return Item(self.engine.apply(SEVERAL.get(part.head, part.head), values))
        head, trees = complete(part, [Name(str(i)) for i in range(len(values))])
        operands = [values[int(tree.id)] if isinstance(tree, Name) else self.constant_tree(tree) for tree in trees]
        return Item(self.engine.apply(head, operands))

    def fitting(self, head: str, code: str, static: dict[str, Any], operands: Sequence[Any]) -> None:
        """The check that a statement of a program has passed: an answer may hold anything. Raises Misfit."""
        for name, given in static.items():
            each = given if isinstance(given, tuple) and name == "shape" else (given,)
            if name != "k" and not all(isinstance(one, int) for one in each):
                raise Misfit(f"{head} needs a whole number{' or a list of them' * (name == 'shape')} as its {name}")
        # The engine's product says by itself what does not fit, and reads more than programs may have.
        if code not in ("matmul", "dot"):
            try:
                CODE[code].shape(static, *(each.shape for each in operands))
            except Misshapen as error:
                raise Misfit(str(error)) from None

    def room(self, shape: Shape) -> None:
        self.engine.room(shape)

    def constant_tree(self, tree: Expr) -> Any:
        """A default of the table, such as 0.01."""
        return np.array(self.engine.terms.formula(tree, {}))


@cache
def _size(head: str) -> int:
    """How many steps a function of the table is, written out in basic ones."""
    definition = meaning(head)
    return 1 if definition is None else _operations(definition.body)


def _operations(tree: Expr) -> int:
    return sum(isinstance(part, Apply) for part in postorder(tree))


def shape_text(shape: Sequence[int]) -> str:
    """How a shape is said."""
    return f"shape {tuple(shape)}" if shape else "a number"
