"""Terms as straight-line code for residues: what stands inside exp is worked out modulo the next smaller prime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from backprop_cli.equality.primes import DEPTH
from backprop_cli.equality.terms import CONSTANT, LEAF, NAMED, NUMBER, Terms

CIRCULAR = frozenset({"sin", "cos", "tan"})
ROOTS = frozenset({"sqrt", "^q"})
HYPERBOLIC = frozenset({"sinh", "cosh", "tanh"})
_RATIONAL = frozenset({"+", "-", "*", "/", "u-", "^n", NUMBER, LEAF, NAMED})
_MODELLED = _RATIONAL | CIRCULAR | HYPERBOLIC | {"exp", "e"}
_TRUTHS = frozenset({"<", "<=", ">", ">=", "==", "!="})
# Work of an operation: a sum of two numbers of 50 digits is 1. Powers of an element, roots; what is drawn; the rest.
_POWERS = frozenset({"exp", "cbrt"}) | ROOTS | CIRCULAR | HYPERBOLIC
_PLAIN = frozenset({"+", "-", "*", "u-", NUMBER, LEAF, "where"})
_POWER_COST, _PLAIN_COST, _COST = 50, 1, 6
# Levels of exp inside exp that are followed: in computations of up to so many terms, in larger ones.
_SMALL, _FEW = 2_000, 3


@dataclass(frozen=True, slots=True)
class Step:
    """An operation at a level: `does` is a head or a way of ours, operands are slots, `data` a number or a name."""

    does: str
    operands: tuple[int, ...]
    level: int
    data: Fraction | str | None


@dataclass(slots=True, eq=False)
class FieldCode:
    """Steps in order; `depth` levels are used. `rooted` leaves stand under a square root; `roots` are the outputs' slots."""

    steps: list[Step]
    roots: list[int]
    depth: int
    rooted: frozenset[str]
    circular: bool
    cost: int

    @property
    def modelled(self) -> bool:
        """Whether every exp has a level of its own."""
        return all(each.does not in ("?exp", "?^") and each.does[1:] not in CIRCULAR | HYPERBOLIC for each in self.steps)


def kind(terms: Terms, term: int) -> str:
    """The head of a term as residues see it: "^n" for a whole exponent, "^q" for another rational one, "e", "pi"."""
    head = terms.heads[term]
    if head == "^":
        exponent = terms.value(terms.operands[term][1])
        if exponent is not None:
            return "^n" if exponent.denominator == 1 else "^q"
        return "exp" if terms.data[terms.operands[term][0]] == "e" else "^"
    return str(terms.data[term]) if head == CONSTANT else head


def inside(terms: Terms, term: int) -> int:
    """The operand of exp, e^u included."""
    return terms.operands[term][-1]


def same_as(terms: Terms, term: int) -> int | None:
    """The operand that a term equals: u for log(exp(u)) and exp(log(u))."""
    head = kind(terms, term)
    if head in ("log", "exp"):
        below = inside(terms, term)
        if kind(terms, below) == ("exp" if head == "log" else "log"):
            return inside(terms, below)
    return terms.operands[term][0] if head == NAMED else None


def rational(terms: Terms, roots: Sequence[int]) -> bool:
    """Whether terms are rational functions of the leaves."""
    return all(kind(terms, each) in _RATIONAL for each in terms.below(roots))


def modelled(terms: Terms, roots: Sequence[int]) -> bool:
    """Whether all that can be true of terms is true of their residues, as far as anybody knows."""
    return all(kind(terms, each) in _MODELLED for each in terms.below(roots))


def compiled(terms: Terms, roots: Sequence[int], instead: Mapping[int, int]) -> FieldCode:
    """The code of roots; leaves that `instead` names stand for terms without variables."""
    upper = [each for each in terms.below(roots, instead.__contains__) if each not in instead]
    lower = terms.below(instead.values())
    order = list(dict.fromkeys([*lower, *upper]))
    return _Compiler(terms, order, instead, DEPTH if len(order) <= _SMALL else _FEW).code(roots)


class _Compiler:
    def __init__(self, terms: Terms, order: Sequence[int], instead: Mapping[int, int], deepest: int) -> None:
        self.terms, self.order, self.instead, self.deepest = terms, order, instead, deepest
        self.slots: dict[tuple[int, int], int] = {}
        self.steps: list[Step] = []
        self.cost = 0

    def code(self, roots: Sequence[int]) -> FieldCode:
        needed = self._levels(roots)
        for each in self.order:
            levels = needed.get(each, 0)
            level = 0
            while levels >> level:
                if levels >> level & 1:
                    self.slots[each, level] = self._emit(each, level)
                level += 1
        heads = self.terms.heads
        rooted = frozenset(
            str(self.terms.data[below])
            for each in self.order
            if kind(self.terms, each) in ROOTS and heads[below := self.terms.operands[each][0]] == LEAF
        )
        circular = any(heads[each] in CIRCULAR for each in self.order)
        # An element for e is needed where e stands alone.
        alone = any(each.does == "e" for each in self.steps)
        depth = min(max((each.bit_length() for each in needed.values()), default=1) + alone, DEPTH)
        return FieldCode(self.steps, [self._slot(each, 0) for each in roots], depth, rooted, circular, self.cost)

    def _levels(self, roots: Sequence[int]) -> dict[int, int]:
        """The levels at which terms are needed, as bits."""
        needed = {self.instead.get(each, each): 1 for each in roots}
        most = (1 << self.deepest) - 1
        for each in reversed(self.order):
            levels = needed.get(each, 0)
            if not levels:
                continue
            same = same_as(self.terms, each)
            if same is not None:
                self._need(needed, same, levels)
                continue
            head = kind(self.terms, each)
            if head in ("exp", "^") or head in CIRCULAR or head in HYPERBOLIC:
                last = levels >> (self.deepest - 1) & 1
                levels = (levels << 1 & most) | last << (self.deepest - 1)
            operands = self.terms.operands[each]
            for below in operands[:1] if head in ("^n", "^q") else operands[-1:] if head == "exp" else operands:
                self._need(needed, below, levels)
                if head == "^" and kind(self.terms, below) == "exp":
                    self._need(needed, inside(self.terms, below), levels)
        return needed

    def _need(self, needed: dict[int, int], term: int, levels: int) -> None:
        term = self.instead.get(term, term)
        needed[term] = needed.get(term, 0) | levels

    def _slot(self, term: int, level: int) -> int:
        return self.slots[self.instead.get(term, term), level]

    def _step(self, does: str, operands: tuple[int, ...], level: int, data: Fraction | str | None = None) -> int:
        self.cost += _PLAIN_COST if does in _PLAIN else _POWER_COST if does in _POWERS else _COST
        self.steps.append(Step(does, operands, level, data))
        return len(self.steps) - 1

    def _emit(self, term: int, level: int) -> int:
        terms = self.terms
        same = same_as(terms, term)
        if same is not None:
            return self._slot(same, level)
        head = kind(terms, term)
        operands = terms.operands[term]
        if head in ("^n", "^q"):
            return self._step(head, (self._slot(operands[0], level),), level, terms.value(operands[1]))
        if head in ("exp", "^") or head in CIRCULAR or head in HYPERBOLIC:
            return self._raised(head, operands, level)
        if head == "log":
            return self._log(operands[0], level)
        data = "truth" if head == "where" and terms.heads[operands[0]] in _TRUTHS else terms.data[term]
        return self._step(head, tuple([self._slot(each, level) for each in operands]), level, data)

    def _raised(self, head: str, operands: tuple[int, ...], level: int) -> int:
        """What is a power of the generator."""
        if level == self.deepest - 1:
            below = operands[-1:] if head == "exp" else operands
            return self._step("?" + head, tuple([self._slot(each, level) for each in below]), level)
        if head == "^":
            exponent = self._step("*", (self._log(operands[0], level + 1), self._slot(operands[1], level + 1)), level + 1)
            return self._step("exp", (exponent,), level)
        return self._step(head, (self._slot(operands[-1], level + 1),), level)

    def _log(self, term: int, level: int) -> int:
        value = self.terms.value(self.instead.get(term, term))
        if value is not None and value > 0:
            return self._step("log of", (), level, value)
        if kind(self.terms, term) == "exp":
            known = self.slots.get((inside(self.terms, term), level))
            if known is not None:
                return known
        return self._step("?log", (self._slot(term, level),), level)
