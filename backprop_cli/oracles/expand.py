"""Programs written out: functions of one's own and textbook definitions put in, sizes counted before anything grows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from backprop_cli.calculus.algebra import Untranslatable, to_sympy
from backprop_cli.lang.program import Assign
from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Name, Number, Part, children, fold, postorder, substitute
from backprop_cli.oracles.derived import constants
from backprop_cli.oracles.opinion import HoldsArrays, NoOpinion
from backprop_cli.oracles.scope import CONSTANTS, Scope
from backprop_cli.oracles.textbook import in_basics

# SymPy recurses as deep as an expression is, a dozen calls for each level.
DEEPEST = 48
# No power of numbers may have more bits than this, nor an exponent be larger than this.
_BITS, _EXPONENT, _CAPPED = 4_096, 64, 20


class TooLarge(NoOpinion):
    """The program is too large to be written out; the text says in what way."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How large an expression is when it is written out. `bits` bounds the numbers that SymPy may multiply out."""

    size: int = 1
    depth: int = 1
    bits: int = 0
    largest: int = 1


def written(scope: Scope, tree: Expr, place: int, most: int) -> Expr:
    """A right side in basic heads. Raises TooLarge where it would hold more than `most` parts."""
    bodies: dict[int, Expr] = {}

    def combine(part: Part, below: list[Expr], at: int) -> Expr:
        if isinstance(part, Name | Number):
            return part
        if not isinstance(part, Apply):
            raise HoldsArrays
        sizes = [sum(1 for _ in postorder(each)) for each in below]
        function = scope.function(part.head, at)
        if function is None:
            if sum(sizes) > most:
                raise TooLarge(f"more than {most:,} parts")
            return in_basics(part, below)
        number, define = function
        values = {f"{number}:{name}": tree for name, tree in zip(define.parameters, below, strict=True)}
        lengths = dict(zip(values, sizes, strict=True))
        if sum((lengths.get(each.id, 1) if isinstance(each, Name) else 1) for each in postorder(bodies[number])) > most:
            raise TooLarge(f"more than {most:,} parts")
        return substitute(bodies[number], values)

    _require_small(tree, most)
    for number, define in scope.functions_for(scope.own_heads(tree), place):
        # A parameter's name must not catch a variable of the same name in a function that this one calls.
        renamed = substitute(define.body, {name: Name(f"{number}:{name}") for name in define.parameters})
        bodies[number] = fold(renamed, lambda part, below, at=number: combine(part, below, at))  # type: ignore[misc]
    return fold(tree, lambda part, below: combine(part, below, place))


def _require_small(tree: Expr, most: int) -> None:
    pending: list[Part] = [tree]
    count = 0
    while pending:
        count += 1
        if count > most:
            raise TooLarge(f"more than {most:,} parts")
        pending.extend(children(pending.pop()))


def extent(tree: Expr, names: Mapping[str, Extent]) -> Extent:
    """How large a tree of basic heads becomes when its names are written out."""

    def combine(part: Part, below: list[Extent]) -> Extent:
        if isinstance(part, Name):
            return names.get(part.id, Extent())
        if isinstance(part, Number):
            bits = max(part.exact.numerator, part.exact.denominator).bit_length()
            return Extent(1, 1, bits, 1 << min(bits, _CAPPED))
        assert isinstance(part, Apply)
        bits, largest = sum(each.bits for each in below), 1
        if part.head in ("+", "-"):
            largest = sum(each.largest for each in below if each.bits) or 1
        elif part.head in ("*", "/", NEGATE):
            largest = prod(each.largest for each in below)
        elif part.head in ("^", "exp"):
            # exp(3*log(2*x)) is a power of 2*x for SymPy.
            power = below[-1].largest
            if power > 2 * _EXPONENT:
                raise TooLarge("an exponent is too large to be written out")
            bits = below[0].bits * power + below[-1].bits
            largest = min(below[0].largest, 1 << _CAPPED) ** power if part.head == "^" else 1
        largest = min(largest, 1 << _CAPPED)
        if bits > _BITS:
            raise TooLarge("its numbers are too large to be written out")
        return Extent(1 + sum(each.size for each in below), 1 + max(each.depth for each in below), bits, largest)

    return fold(tree, combine)


class Written:
    """The nodes an output depends on as SymPy objects in the leaves; `cut` names stand for themselves."""

    def __init__(self, scope: Scope, output: str, most: int, strict: bool = True) -> None:
        self.scope = scope
        self.output = output
        self.names = scope.needed(output)
        self.trees: dict[str, Expr] = {}
        self.leaves: list[str] = []
        for name in self.names:
            source = scope.sources.get(name)
            if isinstance(source, Assign) and not scope.is_leaf(name):
                if len(self.trees) > most:
                    raise TooLarge(f"more than {most:,} statements")
                _require_small(source.shape.tree, most)  # before a tree of its own is made
                self.trees[name] = written(scope, source.expr, scope.place[name], most)
            elif source is not None:
                self.leaves.append(name)
            else:
                # A free leaf, or the constants pi and e.
                self.leaves.extend([name] if name not in CONSTANTS else [])
        self.symbols: dict[str, Any] = {}
        self._called: dict[Any, str] = {}
        self._too_large: TooLarge | None = None
        self.extent = self._extent(most)
        if strict:
            self.refuse(most)

    def _extent(self, most: int) -> Extent:
        extents: dict[str, Extent] = {}
        for name, tree in self.trees.items():
            extent(tree, {})
            try:
                found = extent(tree, extents)
            except TooLarge as error:
                self._too_large = error
                return Extent()
            # Past the limits it is enough to know that.
            extents[name] = Extent(min(found.size, most + 1), min(found.depth, DEEPEST + 1), found.bits, found.largest)
        return extents.get(self.output, Extent())

    def refuse(self, most: int) -> None:
        """Raises TooLarge where the output written out would be too large for SymPy."""
        if self._too_large is not None:
            raise self._too_large
        if self.extent.size > most:
            raise TooLarge(f"written out, {self.output} would have more than {most:,} parts")
        if self.extent.depth > DEEPEST:
            raise TooLarge(f"written out, {self.output} would nest more than {DEEPEST} levels")

    def symbol(self, name: str) -> Any:
        """The SymPy symbol that stands for a name."""
        if name not in self.symbols:
            from sympy import Symbol

            self.symbols[name] = Symbol(f"v{len(self.symbols)}", real=True)
            self._called[self.symbols[name]] = name
        return self.symbols[name]

    def name(self, symbol: Any) -> str:
        """The name that a symbol stands for."""
        return self._called[symbol]

    def local(self, name: str) -> Any:
        """The right side of a node in the names it reads."""
        tree = self.trees[name]
        return self._sympy(
            tree, {part.id: self.symbol(part.id) for part in postorder(tree) if isinstance(part, Name) and self._known(part.id)}
        )

    def expanded(self, output: str, cut: Collection[str] = ()) -> Any:
        """A node in the leaves and in the names of `cut`."""
        made: dict[str, Any] = {}
        for name in self.names:
            if name in cut or name not in self.trees:
                if self._known(name):
                    made[name] = self.symbol(name)
            else:
                made[name] = self._sympy(self.trees[name], made)
            if name == output:
                break
        return made[output]

    def _known(self, name: str) -> bool:
        return name not in CONSTANTS or name in self.scope.sources

    def _sympy(self, tree: Expr, names: Mapping[str, Any]) -> Any:
        try:
            return to_sympy(tree, {**names, **constants()})
        except (Untranslatable, TypeError) as error:
            raise NoOpinion(str(error)) from None
