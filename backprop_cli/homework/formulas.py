"""A student's formula as terms: names, derivatives as symbols, derivatives of functions, factors side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.calculus.table import row
from backprop_cli.equality.slopes import pulled
from backprop_cli.homework.board import Board
from backprop_cli.homework.lowering import Misfit, TermWalk
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.answers_syntax import BESIDE, DERIVATIVE, PARTIAL, PRIME, written
from backprop_cli.lang.program import Define
from backprop_cli.lang.syntax import TRANSPOSE, Apply, Brackets, Expr, Index, Name, Number, Part, Slice, children, fold, postorder, rebuilt
from backprop_cli.oracles.calls import plain
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.scope import CONSTANTS
from backprop_cli.oracles.walk import Item, Shape

# The numbers of an array literal, row by row, and its shape.
Numbers = tuple[tuple[Fraction, ...], tuple[int, ...]]
_SYMBOLS = frozenset({DERIVATIVE, PARTIAL})
_LAST = 10**9
_TRANSPOSES = frozenset({".T", "transpose"})
_PRODUCTS = frozenset({BESIDE, "@", "*"})
# The variable that stands for the argument of a function that is differentiated; no name is spelled like it.
_ARGUMENT = "(argument)"


class Formulas(TermWalk):
    """Reads answers over a board, in a world: the truth, or what the student takes for it.

    `literals` gives terms for literals that stand for any number that rounds to them; `direct` reads `∂` along the direct
    edge where there is one. `extra` are variables that only answers have, such as the rate of descent.

    `arrays` gives terms for array literals, by their numbers and shape, that stand for something.
    `columns` reads vectors as columns where they meet a transposed one, as on paper: `u v^T` is then their outer product.
    `transposed` tells afterwards whether a vector was transposed at all.
    """

    def __init__(
        self,
        board: Board,
        world: World = TRUTH,
        literals: Mapping[str, int] | None = None,
        *,
        direct: bool = False,
        extra: Sequence[str] = (),
        columns: bool = False,
        arrays: Mapping[Numbers, Ids] | None = None,
    ) -> None:
        super().__init__(board.scope, board.walk.planner, board.walk.engine)
        self.columns, self.transposed, self.arrays = columns, False, arrays or {}
        self.board, self.world, self.literals, self.direct = board, world, literals or {}, direct
        self.given, self.home, self.held_names = board.walk.given, board.walk.home, board.walk.held_names
        self.extra = frozenset(extra)

    def terms_of(self, tree: Expr) -> Ids:
        """The terms of a formula, in its shape. Raises NoOpinion, or Misfit where shapes do not go together."""
        self.operations, self.engine.steps = 0, 0
        self.engine.statement = ""
        try:
            return self.evaluate(tree, _LAST).value
        except (ValueError, IndexError) as error:
            raise Misfit(str(error).splitlines()[0] if str(error) else "the shapes do not fit together") from None

    def part(self, part: Part, frame: Any) -> Item:
        whole = self._whole(part) if self.arrays and isinstance(part, Brackets) else None
        if whole is not None:
            self.count()
            return Item(whole)
        quotient = quotient_of(part)
        if quotient in self.literals:
            self.count()
            return Item(np.array(self.literals[quotient]), quotient)
        return super().part(part, frame)

    def _whole(self, part: Brackets) -> Ids | None:
        """What a whole array literal stands for."""
        key = numbers_of(part)
        return None if key is None else self.arrays.get(key)

    def numbers(self, part: Brackets) -> tuple[list[Fraction | str | float], Shape] | None:
        if self.arrays and self._whole(part) is not None:
            return super().numbers(part)
        rounded = any(isinstance(each, Number) and each.text in self.literals for each in postorder(part)) if self.literals else False
        return None if rounded else super().numbers(part)

    def constant(self, text: str) -> Item:
        if text in self.literals:
            return Item(np.array(self.literals[text]), text)
        return super().constant(text)

    def name(self, name: str, frame: Any) -> Item:
        if name in self.board.broken:
            raise NoOpinion(f"{name} has no value: {self.board.broken[name]}")
        if name not in self.values and (name in self.board.values or name in self.extra):
            self.values[name] = Item(self.believed(name), name)
        return super().name(name, frame)

    def believed(self, name: str) -> Ids:
        """What a name is worth in this world."""
        if name not in self.board.values:
            return np.array(self.board.terms.leaf(name))
        claimed = self.world.values.get(name)
        if claimed is not None:
            return claimed
        return self.board.value(name, self.world) if self.world.by_value else self.board.values[name]

    def below(self, part: Part) -> Sequence[Expr]:
        if (isinstance(part, Apply) and part.head in _SYMBOLS) or quotient_of(part) in self.literals:
            return ()
        if isinstance(part, Apply) and part.head == PRIME:
            return part.operands[1:]
        return super().below(part)

    def applied(self, part: Apply, frame: Any) -> Item:
        if part.head in _SYMBOLS:
            of, by = part.operands
            assert isinstance(of, Name)
            assert isinstance(by, Name)
            return Item(self.symbol(of.id, by.id, part.head == PARTIAL))
        if part.head == PRIME:
            function = part.operands[0]
            assert isinstance(function, Name)
            (argument,) = self.taken(frame, 1)
            return Item(self.prime(function.id, argument.value))
        if part.head in _TRANSPOSES:
            (inner,) = self.taken(frame, 1)
            if inner.value.ndim == 1:
                self.transposed = True
                return Item(inner.value.reshape(1, -1)) if self.columns else inner
            frame.results.append(inner)
        if self.columns and part.head in _PRODUCTS:
            frame.results.extend(_upright(self.taken(frame, 2)))
        if part.head == BESIDE:
            left, right = self.taken(frame, 2)
            both = left.value.ndim and right.value.ndim
            made = self.engine.product(left.value, right.value, part) if both else self.engine.apply("*", [left.value, right.value])
            return Item(made)
        return super().applied(part, frame)

    def symbol(self, of: str, by: str, partial: bool) -> Ids:
        """A derivative that stands in a formula as a symbol."""
        for name in (of, by):
            if name in self.board.broken:
                raise NoOpinion(f"{name} has no value: {self.board.broken[name]}")
        direct = self.board.partial(of, by, self.world) if partial and self.direct else None
        return self.board.derivative(of, by, self.world) if direct is None else direct

    def prime(self, function: str, argument: Ids) -> Ids:
        """The derivative of a function of one operand, at each entry of its argument."""
        terms = self.engine.terms
        inner = terms.leaf(_ARGUMENT)
        own = self.scope.function(function, _LAST)
        value = self.of_own(own[1], own[0], inner) if own is not None else self.built_in(function, inner)
        slope = pulled(terms, {value: terms.number(1)}, inner.__eq__).get(inner, terms.number(0))
        self.engine.spend(argument.size * len(terms.below([slope])))
        flat = [terms.rewritten([slope], {inner: each})[0] for each in argument.ravel().tolist()]
        return np.array(flat, dtype=np.int64).reshape(argument.shape)

    def built_in(self, function: str, inner: int) -> int:
        known = row(function)
        if known is None or known.code is not None or known.fewest != 1:
            raise NoOpinion(f"{function}' is not the derivative of a function of one number")
        defaults = [int(self.constant_tree(Number(text))) for text in known.defaults.values()]
        return self.engine.terms.apply(known.head, inner, *defaults)

    def of_own(self, define: Define, place: int, inner: int) -> int:
        if len(define.parameters) != 1:
            raise NoOpinion(f"{define.name}' needs a function of one operand")
        value = self.evaluate(define.body, place, {define.parameters[0]: Item(np.array(inner))}).value
        if value.ndim:
            raise NoOpinion(f"{define.name} gives an array")
        return int(value)


def _upright(given: list[Item]) -> list[Item]:
    """The operands of a product; a vector to the left of a row is a column."""
    left, right = given
    row = right.value.ndim == 2 and right.value.shape[0] == 1
    return [Item(left.value.reshape(-1, 1)), right] if row and left.value.ndim == 1 else given


def numbers_of(part: Brackets) -> Numbers | None:
    """The numbers of an array literal, None where it holds anything else."""
    found = plain(part)
    return None if found is None else (tuple(Fraction(each) for each in found[0]), found[1])


def quotient_of(part: Part) -> str:
    """The fraction that a part spells, such as `9/8`; empty where it is none."""
    match part:
        case Apply(head="/", operands=(Number(text=above), Number(text=below))):
            return f"{above}/{below}"
        case _:
            return ""


def uses(tree: Expr) -> list[tuple[str, str | None]]:
    """What a formula is made of: derivatives that stand in it as symbols, as (of, by), and names, as (name, None)."""
    found: dict[tuple[str, str | None], None] = {}
    pending: list[Part] = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, Apply) and part.head in _SYMBOLS:
            of, by = part.operands
            assert isinstance(of, Name)
            assert isinstance(by, Name)
            found[of.id, by.id] = None
        elif isinstance(part, Name):
            found[part.id, None] = None
        else:
            below = children(part)
            pending.extend(reversed(below[1:] if isinstance(part, Apply) and part.head == PRIME else below))
    return list(found)


def moving(tree: Expr) -> bool:
    """Whether names or derivatives stand in a formula, besides the constants."""
    return any(name not in CONSTANTS or by is not None for name, by in uses(tree))


def _apart(base: Expr, items: Sequence[Expr | Slice]) -> bool:
    """Whether a bracket may stand beside what is before it: a literal is never indexed, nor is anything that room is left behind."""
    if any(isinstance(each, Slice) for each in items):
        return False
    room = items[0].span.start > base.span.end + 1
    return isinstance(base, Brackets) or (len(items) > 1 and (room or (isinstance(base, Apply) and base.head == TRANSPOSE)))


def read_as_products(tree: Expr) -> Expr | None:
    """The tree where what looks like an index with room before its bracket, as in `W^T [0, 5]`, is a product; None where nothing does."""

    def combine(part: Part, below: list[Any]) -> Part:
        match part:
            case Index(base=base, items=items) if _apart(base, items):
                factor, *entries = below
                return Apply(BESIDE, (factor, Brackets(tuple(entries), part.span)), (), part.span)
            case Apply(head=head, operands=(Index(base=base, items=items),)) if head == TRANSPOSE and _apart(base, items):
                factor, bracket = below[0].operands  # the sign belongs to the bracket alone
                return Apply(BESIDE, (factor, Apply(TRANSPOSE, (bracket,), (), part.span)), (), part.span)
            case _:
                return rebuilt(part, below) if below else part

    if not any(isinstance(part, Index) for part in postorder(tree)):
        return None
    found: Any = fold(tree, combine)
    return None if written(found) == written(tree) else found


def symbols(tree: Expr) -> list[tuple[str, str]]:
    """The derivatives that stand in a formula as symbols, as (of, by)."""
    return [(of, by) for of, by in uses(tree) if by is not None]


def symbolic(tree: Expr) -> bool:
    """Whether derivatives stand in a formula, as symbols or primed."""
    return any(isinstance(part, Apply) and part.head in (*_SYMBOLS, PRIME) for part in postorder(tree))


def rounded_literals(tree: Expr) -> dict[str, tuple[Fraction, Fraction]]:
    """The decimals of three digits or more in a formula, each with its value and how far what it stands for may lie from it."""
    found = {}
    for part in postorder(tree):
        if isinstance(part, Number) and significant(part.text) >= 3 and not part.text.isdecimal():
            found[part.text] = part.exact, half_unit(part.text)
    return found


def significant(text: str) -> int:
    """How many digits of a literal count: leading zeros do not."""
    digits = text.lower().partition("e")[0].replace(".", "").lstrip("0")
    return len(digits)


def half_unit(text: str) -> Fraction:
    """Half a unit in the last place of a literal; for one with 15 digits or more, what float64 work may lose."""
    mantissa, _, exponent = text.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    half = Fraction(1, 2) * Fraction(10) ** (int(exponent or "0") - places)
    return max(half, abs(Fraction(text)) * Fraction(1, 10**13)) if significant(text) >= 15 else half
