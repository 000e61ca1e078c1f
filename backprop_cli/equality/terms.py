"""Computations as shared terms: every different scalar operation is kept once, and equal ones have the same number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

from backprop_cli.lang.syntax import Apply, Expr, Name, Number, Part, fold
from backprop_cli.limits import SUBMISSION
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.textbook import BASIC, FIXED, meaning

# What a term may be besides a function of the table: a rational, pi or e, a variable, and a value that bears a name.
NUMBER, CONSTANT, LEAF, NAMED = "number", "constant", "leaf", "named"
_COMMUTES = frozenset({"+", "*", "maximum", "minimum", "==", "!="})
# Literal exponents up to this are worked out on rationals.
_EXPONENT = 64
# Terms that one store may hold.
MOST = 400_000


class TooLarge(NoOpinion):
    """A computation has more terms than may be kept."""


class Terms:
    """A store of terms. A term is a number; operands have smaller numbers than their users.

    `heads[i]` is a head of the derivative table, or one of NUMBER, CONSTANT, LEAF, NAMED; `operands[i]` are terms;
    `data[i]` is the rational, the constant's name ("pi", "e") or the name of a variable or of a named value;
    `moved[i]` tells whether a variable stands below. A NAMED term has the value of its one operand, but is never merged
    with it: derivatives can be taken by it. Rationals are worked out as long as they have at most `bits` bits.
    """

    def __init__(self, most: int = MOST) -> None:
        self.heads: list[str] = []
        self.operands: list[tuple[int, ...]] = []
        self.data: list[Fraction | str | None] = []
        self.moved: list[bool] = []
        self.most = most
        self.bits = SUBMISSION.exact_bits
        self._known: dict[tuple[str, tuple[int, ...], Fraction | str | None], int] = {}
        self._basics: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.heads)

    # ---- making terms ----

    def number(self, value: Fraction | int) -> int:
        """A rational."""
        return self._term(NUMBER, (), Fraction(value))

    def constant(self, which: str) -> int:
        """`pi` or `e`."""
        return self._term(CONSTANT, (), which)

    def leaf(self, key: str) -> int:
        """A variable, called as in `W[0, 1]`."""
        return self._term(LEAF, (), key)

    def named(self, key: str, inner: int) -> int:
        """A value that bears a name; the same name always means the first value."""
        known = self._known.get((NAMED, (), key))
        if known is None:
            known = self._known[NAMED, (), key] = self._new(NAMED, (inner,), key)
        return known

    def apply(self, head: str, *operands: int) -> int:
        """A function of the table, `+` or `u-` among them. What is trivial is simplified: numbers, `x + 0`, `1*x`, `--x`."""
        simple = self._trivial(head, operands)
        if simple is not None:
            return simple
        if head in _COMMUTES:
            operands = tuple(sorted(operands))
        return self._term(head, operands, None)

    def total(self, terms: Iterable[int]) -> int:
        """The sum of terms; 0 where there are none."""
        found: int | None = None
        for each in terms:
            found = each if found is None else self.apply("+", found, each)
        return self.number(0) if found is None else found

    def formula(self, tree: Expr, names: Mapping[str, int]) -> int:
        """The term of a scalar formula whose names stand for terms; `0pi` and `0e` are the constants."""

        def combine(part: Part, below: list[int]) -> int:
            match part:
                case Number():
                    return self.number(part.exact)
                case Name(id=name):
                    if name in names:
                        return names[name]
                    return self.constant({fixed: which for which, fixed in FIXED.items()}.get(name, name))
                case Apply(head=head):
                    return self.apply(head, *below)
                case _:
                    raise NoOpinion("a formula for numbers holds an array")

        return fold(tree, combine)

    # ---- asking ----

    def value(self, term: int) -> Fraction | None:
        """The rational that a term is; None for any other term."""
        found = self.data[term]
        return found if self.heads[term] == NUMBER and isinstance(found, Fraction) else None

    def below(self, roots: Iterable[int], stop: Callable[[int], bool] = lambda term: False) -> list[int]:
        """The terms that roots are made of, roots included, operands first; what stands below a stop is left out."""
        seen = set(roots)
        pending = [each for each in seen if not stop(each)]
        while pending:
            for each in self.operands[pending.pop()]:
                if each not in seen:
                    seen.add(each)
                    if not stop(each):
                        pending.append(each)
        return sorted(seen)

    def leaves(self, roots: Iterable[int]) -> list[str]:
        """The names of the variables below roots, in the order in which they were made."""
        return [str(self.data[each]) for each in self.below(roots) if self.heads[each] == LEAF]

    # ---- rewriting ----

    def rewritten(self, roots: Sequence[int], instead: Mapping[int, int]) -> list[int]:
        """The roots with other terms in the place of some; named values above a replaced one lose their names."""
        new: dict[int, int] = {}
        for each in self.below(roots, instead.__contains__):
            if each in instead:
                new[each] = instead[each]
                continue
            operands = tuple(new[below] for below in self.operands[each])
            if operands == self.operands[each]:
                new[each] = each
            elif self.heads[each] == NAMED:
                new[each] = operands[0]
            else:
                new[each] = self.apply(self.heads[each], *operands)
        return [new[each] for each in roots]

    def basic(self, roots: Sequence[int]) -> list[int]:
        """The roots in terms of the basic heads of `oracles.textbook`, without named values: what equality compares."""
        done = self._basics
        for each in self.below(roots, done.__contains__):
            if each in done:
                continue
            operands = tuple(done[below] for below in self.operands[each])
            head = self.heads[each]
            if head in (NUMBER, CONSTANT, LEAF):
                done[each] = each
            elif head == NAMED:
                done[each] = operands[0]
            elif head in BASIC:
                done[each] = self._in_pairs(head, operands)
            else:
                definition = meaning(head)
                assert definition is not None
                done[each] = self.formula(definition.body, dict(zip(definition.operands, operands, strict=True)))
            done[done[each]] = done[each]
        return [done[each] for each in roots]

    def _in_pairs(self, head: str, operands: tuple[int, ...]) -> int:
        if head not in ("maximum", "minimum"):
            return self.apply(head, *operands)
        found = operands[0]
        for each in operands[1:]:
            found = self.apply(head, found, each)
        return found

    def forget(self, count: int) -> None:
        """Lets go of all terms but the first so many; nobody may hold the others any more."""
        for head, operands, data in zip(self.heads[count:], self.operands[count:], self.data[count:], strict=True):
            del self._known[head, () if head == NAMED else operands, data]
        for kept in (self.heads, self.operands, self.data, self.moved):
            del kept[count:]
        self._basics = {each: basic for each, basic in self._basics.items() if max(each, basic) < count}

    # ---- inside ----

    def _term(self, head: str, operands: tuple[int, ...], data: Fraction | str | None) -> int:
        key = (head, operands, data)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._new(head, operands, data)
        return known

    def _new(self, head: str, operands: tuple[int, ...], data: Fraction | str | None) -> int:
        if len(self.heads) >= self.most:
            raise TooLarge(f"the program and all answers together take more than {self.most:,} different steps")
        self.heads.append(head)
        self.operands.append(operands)
        self.data.append(data)
        self.moved.append(head == LEAF or any(self.moved[each] for each in operands))
        return len(self.heads) - 1

    def _trivial(self, head: str, operands: tuple[int, ...]) -> int | None:
        if head == "=":
            return operands[0]
        if head == "u-" and self.heads[operands[0]] == "u-":
            return self.operands[operands[0]][0]
        if head not in ("+", "-", "*", "/", "^", "u-"):
            return None
        values = [self.value(each) for each in operands]
        if None not in values:
            folded = _folded(head, [each for each in values if each is not None], self.bits)
            return None if folded is None else self.number(folded)
        if head in ("+", "*") and values[0] == (head == "*"):
            return operands[1]
        if len(values) == 2 and values[1] == (head in ("*", "/", "^")):
            return operands[0]
        return None


def _folded(head: str, values: list[Fraction], bits: int) -> Fraction | None:
    """An operation on rationals; None where it has no value or would grow."""
    if sum(each.numerator.bit_length() + each.denominator.bit_length() for each in values) > bits:
        return None
    match head, values:
        case "u-", [a]:
            return -a
        case "+", [a, b]:
            return a + b
        case "-", [a, b]:
            return a - b
        case "*", [a, b]:
            return a * b
        case "/", [a, b]:
            return a / b if b else None
        case "^", [a, b] if b.denominator == 1 and abs(b) <= _EXPONENT and (a or b >= 0):
            size = max(a.numerator.bit_length(), a.denominator.bit_length())
            return Fraction(a ** int(b)) if size * abs(b) <= bits else None
        case _:
            return None
