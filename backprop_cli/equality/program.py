"""Terms as straight-line code for numbers with error bounds: where a point has no value, which branches it takes, what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from backprop_cli.equality.balls import ONE, ZERO, Ball, excludes_zero
from backprop_cli.equality.exact import exactly
from backprop_cli.equality.functions import Functions, functions
from backprop_cli.equality.missing import Missing, NoNumber, vague
from backprop_cli.equality.terms import CONSTANT, LEAF, NAMED, NUMBER, Terms

Value = Ball | Missing
# Heads whose value or slope jumps: what they decide tells one piece of a function from another.
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
DECIDING = COMPARISONS | {"abs", "sign", "maximum", "minimum", "floor", "ceil", "round"}
_RING = frozenset({"+", "-", "*", "u-", "where"}) | DECIDING
# Work of the other operations, a sum being 1.
_COSTS, _COSTLY = {"/": 4, "^n": 4, "sqrt": 3}, 30
_RAW = frozenset({"where"})
# A head, its own term, and its operands; the term itself where there is no second one.
Decider = tuple[str, int, int, int]
Operation = tuple[str, int, int, int, Fraction | None]


class Program:
    """The code of terms.

    `leaves` are the names of the variables in alphabetical order, the order in which `run` takes their values. Those that
    `instead` names (by term) stand for other terms, which hold no variables. What is rational is worked out exactly.
    `literals` are the numbers as written, `marks` all rationals that are used; `outputs` are the places of the roots;
    `cost` counts the work of one run, a sum being 1.
    """

    def __init__(self, terms: Terms, roots: Sequence[int], instead: Mapping[int, int]) -> None:
        upper = [each for each in terms.below(roots, instead.__contains__) if each not in instead]
        lower = terms.below(instead.values())
        order = list(dict.fromkeys([*lower, *upper]))
        heads = terms.heads
        free = sorted((str(terms.data[each]), each) for each in order if heads[each] == LEAF)
        self.leaves = [key for key, _ in free]
        self.literals: list[Fraction] = []
        self._constants: list[Fraction | str] = []
        self._code: list[Operation] = []
        self._bound: dict[tuple[int, bool], tuple[list[Ball], list[tuple[Callable[..., Any], int, int, int]]]] = {}
        known = exactly(terms, order, instead)
        place = {each: i for i, (_, each) in enumerate(free)}
        plain = [each for each in order if each in known or heads[each] in (NUMBER, CONSTANT)]
        for each in plain:
            place[each] = len(place)
            value = known.get(each, terms.data[each])
            assert value is not None
            self._constants.append(value)
            if heads[each] == NUMBER and isinstance(value, Fraction):
                self.literals.append(value)
        self.marks = [each for each in self._constants if isinstance(each, Fraction)]
        self._lay(terms, order, place, instead)
        self.place = {**place, **{each: place[other] for each, other in instead.items()}}
        self.outputs = [self.place[each] for each in roots]
        self.deciders: list[Decider] = [
            (terms.heads[each], each, terms.operands[each][0], (*terms.operands[each], each)[1])
            for each in order
            if terms.heads[each] in DECIDING and terms.moved[each] and len(set(terms.operands[each])) == len(terms.operands[each])
        ]
        self.cost = sum(1 if each[0] in _RING else _COSTS.get(each[0], _COSTLY) for each in self._code)

    def _lay(self, terms: Terms, order: Sequence[int], place: dict[int, int], instead: Mapping[int, int]) -> None:
        for each in order:
            if each in place:
                continue
            operands = [place[instead.get(below, below)] for below in terms.operands[each]]
            head, extra = terms.heads[each], None
            if head == NAMED:
                place[each] = operands[0]
                continue
            if head == "^":
                base, exponent = terms.operands[each]
                extra = terms.value(instead.get(exponent, exponent))
                if extra is not None:
                    head, operands = "^n", operands[:1]
                elif terms.data[base] == "e" and terms.heads[base] == CONSTANT:
                    head, operands = "exp", operands[1:]
            i, j, k = (*operands, -1, -1)[:3]
            place[each] = len(self.leaves) + len(self._constants) + len(self._code)
            self._code.append((head, i, j, k, extra))

    def bind(self, bits: int, watch: bool) -> tuple[list[Ball], list[tuple[Callable[..., Any], int, int, int]]]:
        """The constants and the operations at so many bits."""
        found = self._bound.get((bits, watch))
        if found is None:
            able = functions(bits, watch)
            constants = [able.ring.number(each) if isinstance(each, Fraction) else able.constant(each) for each in self._constants]
            does = _does(able)
            code = [(does[head] if extra is None else partial(_power, able, extra), i, j, k) for head, i, j, k, extra in self._code]
            found = self._bound[bits, watch] = constants, code
        return found

    def run(self, point: Sequence[Ball], bits: int, watch: bool = True) -> list[Value]:
        """Every value at a point: those of the variables, of the constants, of the operations."""
        constants, code = self.bind(bits, watch)
        values: list[Value] = [*point, *constants]
        keep = values.append
        for function, i, j, k in code:
            try:
                if j < 0:
                    keep(function(values[i]))
                elif k < 0:
                    keep(function(values[i], values[j]))
                else:
                    keep(function(values[i], values[j], values[k]))
            except NoNumber as fault:
                keep(fault.missing)
            except TypeError:
                keep(_missing([values[each] for each in (i, j, k) if each >= 0]))
        return values

    def signature(self, values: Sequence[Value]) -> tuple[int, ...]:
        """What is decided at a point, in order: each comparison's outcome, each sign, which of two is the larger."""
        place = self.place
        return tuple([_decided(head, values[place[own]], values[place[i]], values[place[j]]) for head, own, i, j in self.deciders])

    def gap(self, values: Sequence[Value], number: int) -> float | None:
        """How far the two sides of a decider are from each other, as a power of two; None where there is none."""
        found = self.difference(values, number)
        if found is None:
            return None
        m, e, _ = found
        return abs(m).bit_length() + e + abs(m) / (1 << abs(m).bit_length())

    def difference(self, values: Sequence[Value], number: int) -> Ball | None:
        """What the two sides of a decider differ by; None where there is no such number."""
        head, _, i, j = self.deciders[number]
        first, second = values[self.place[i]], ZERO if head in _OF_ONE else values[self.place[j]]
        if head in _WHOLE or isinstance(first, Missing) or isinstance(second, Missing):
            return None
        try:
            return functions(64, False).ring.subtract(first, second)
        except NoNumber:
            return None

    def undecided(self, values: Sequence[Value], deciders: Sequence[Decider]) -> set[int]:
        """Which deciders of another program stand on a boundary, or have no value, at a point of this one."""
        place = self.place
        order = functions(64, False).ring.order
        found: set[int] = set()
        for number, (head, own, i, j) in enumerate(deciders):
            value, first, second = values[place[own]], values[place[i]], values[place[j]]
            if isinstance(value, Missing) or isinstance(first, Missing) or isinstance(second, Missing):
                found.add(number)
            elif head in _WHOLE:
                if order(first, value) == 0:
                    found.add(number)
            elif not order(first, ZERO if head in _OF_ONE else second):
                found.add(number)
        return found


UNKNOWN, TIE = 97, 98
_WHOLE = frozenset({"floor", "ceil", "round"})
_OF_ONE = frozenset({"abs", "sign"})


def _decided(head: str, value: Value, first: Value, second: Value) -> int:
    if isinstance(value, Missing) or isinstance(first, Missing) or isinstance(second, Missing):
        return UNKNOWN
    if head in ("maximum", "minimum"):
        found = functions(64, False).ring.order(first, second)
        return TIE if found is None else found
    if head == "abs":
        return 0 if not excludes_zero(first) else 1 if first[0] > 0 else -1
    # What is left are whole numbers.
    m, e, _ = value
    return m >> -e if e < 0 else m << e if e < 64 else m


def _missing(values: list[Value]) -> Missing:
    """What is missing where an operand is; a value that surely does not exist counts for more than one that may not."""
    found = [each for each in values if isinstance(each, Missing)]
    return next((each for each in found if each.sure), found[0])


def _power(able: Functions, exponent: Fraction, base: Ball) -> Ball:
    return able.rational_power(base, exponent)


def _does(able: Functions) -> dict[str, Callable[..., Any]]:
    """What each head does to balls."""
    ring = able.ring

    def truth(holds: Callable[[int], bool]) -> Callable[[Ball, Ball], Ball]:
        def compare(a: Ball, b: Ball) -> Ball:
            found = ring.order(a, b)
            if found is None:
                raise vague("the point lies too near a branch to tell")
            return ONE if holds(found) else ZERO

        return compare

    def choose(condition: Value, taken: Value, other: Value) -> Value:
        if isinstance(condition, Missing):
            return condition
        return taken if ring.sign(condition) else other

    found: dict[str, Callable[..., Any]] = {
        "+": ring.add, "-": ring.subtract, "*": ring.multiply, "/": ring.divide, "u-": ring.negate, "sqrt": ring.sqrt,
        "^": able.power, "where": choose, "abs": ring.absolute, "maximum": ring.larger, "minimum": ring.smaller,
        "sign": lambda a: (ring.sign(a), 0, 0),
        "<": truth(lambda order: order < 0), "<=": truth(lambda order: order <= 0), ">": truth(lambda order: order > 0),
        ">=": truth(lambda order: order >= 0), "==": truth(lambda order: order == 0), "!=": truth(lambda order: order != 0),
    }  # fmt: skip
    for name in ("floor", "ceil", "round"):
        found[name] = partial(_whole, ring, name)
    for name in ("exp", "log", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"):
        found[name] = getattr(able, name)
    for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"):
        found[name] = getattr(able, name)
    return found


def _whole(ring: Any, how: str, a: Ball) -> Any:
    return ring.whole(a, how)
