"""Right sides cut into pieces of bounded size and depth, each of which SymPy differentiates once for all statements like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from backprop_cli.calculus.table import row
from backprop_cli.lang.program import Assign, Shape
from backprop_cli.lang.syntax import INFIX, NEGATE, Apply, Expr, Name, Number, Part, fold, names_in, postorder, substitute
from backprop_cli.oracles.opinion import HoldsArrays, NoOpinion
from backprop_cli.oracles.scope import CONSTANTS, Scope
from backprop_cli.oracles.textbook import BASIC, FIXED, in_basics

# A piece holds at most so many parts and levels; with as many different pieces as this, each operation becomes its own.
SIZE, DEPTH, DIFFERENT = 24, 8, 150
# A power larger than this is a piece by itself, so that no number is ever raised to it.
POWER = 8
_ALONE = 64  # numerator or denominator of an exponent beyond which a power is a piece by itself
_MOST_STEPS = 500_000
COMPARISONS = frozenset(INFIX[:6])


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A formula of basic heads in the names v0, v1, ..., with nothing of a single statement in it."""

    number: int
    tree: Expr
    count: int
    face: tuple[object, ...]  # equal for pieces with equal trees


# Where an operand comes from. The kind is "h" (a hole of the statement), "s" (an earlier step), "p" (a parameter), "g" (a name)
# or "n" (a number).
Ref = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One piece, or a whole plan, applied; `shown` is what the user wrote there."""

    does: Piece | Plan
    refs: tuple[Ref, ...]
    shown: Expr | None = None


@dataclass(slots=True)
class Plan:
    """The steps that compute a right side or the body of a function; `result` is where its value is, `pieces` how many it applies."""

    steps: list[Step] = field(default_factory=list)
    result: Ref = ("s", -1)
    pieces: int = 0


@dataclass(slots=True)
class _Term:
    """A part under way: a tree of basic heads whose names are references, with its size and depth."""

    tree: Expr
    size: int = 1
    depth: int = 1
    shown: Expr | None = None


class Planner:
    """Makes plans, and keeps those that statements share. `fine` cuts at every operation of the user's; `tick` ends what takes too long."""

    def __init__(self, scope: Scope, fine: bool = False, tick: Callable[[], None] = lambda: None) -> None:
        self.scope = scope
        self.fine = fine
        self.tick = tick
        self.parts = 0
        self.pieces: dict[tuple[object, ...], Piece] = {}
        self._plans: dict[object, Plan] = {}
        self._bodies: dict[int, Plan] = {}
        self._traits: dict[object, tuple[tuple[int, ...], tuple[str, ...]]] = {}

    def assigned(self, source: Assign, place: int) -> Plan:
        """The plan of an assignment, shared by all that have its shape, its exponents and its functions."""
        shape = source.shape
        traits = self._traits.get(shape)
        if traits is None:
            traits = self._traits[shape] = _exponents(shape), self.scope.own_heads(shape.tree)
        exponents, heads = traits
        key: object = shape
        if exponents or heads:
            functions = tuple(found and found[0] for found in (self.scope.function(head, place) for head in heads))
            key = (shape, tuple(source.holes[i] for i in exponents), functions)
        plan = self._plans.get(key)
        if plan is None:
            self._bodies_before(heads, place)

            def word(part: Name | Number) -> tuple[str, Ref]:
                hole = shape.hole_at.get(part.span.start)
                if hole is not None:
                    return source.holes[hole], ("h", hole)
                return (part.text, ("n", part.text)) if isinstance(part, Number) else (part.id, ("g", part.id))

            plan = self._plans[key] = self._plan(shape.tree, word, place)
        return plan

    def expression(self, tree: Expr, place: int, constant: bool = False) -> Plan:
        """The plan of an expression by itself; with `constant`, `pi` and `e` are the constants whatever the program says."""
        self._bodies_before(self.scope.own_heads(tree), place)

        def word(part: Name | Number) -> tuple[str, Ref]:
            if isinstance(part, Number):
                return part.text, ("n", part.text)
            return part.id, ("n", FIXED[part.id]) if constant and part.id in CONSTANTS else ("g", part.id)

        return self._plan(tree, word, place)

    def identity(self) -> Piece:
        """The piece whose value is its operand."""
        return self.piece(Name("0"), ["0"])

    def _bodies_before(self, heads: Sequence[str], place: int) -> None:
        """Plan the functions that an expression uses, those used by others first."""
        for number, define in self.scope.functions_for(heads, place):
            if number in self._bodies:
                continue
            places = {name: i for i, name in enumerate(define.parameters)}

            def word(part: Name | Number, places: dict[str, int] = places) -> tuple[str, Ref]:
                if isinstance(part, Number):
                    return part.text, ("n", part.text)
                return part.id, ("p", places[part.id]) if part.id in places else ("g", part.id)

            self._bodies[number] = self._plan(define.body, word, number)

    def _plan(self, tree: Expr, word: Callable[[Name | Number], tuple[str, Ref]], place: int) -> Plan:
        made = Plan()
        refs: list[Ref] = []
        known: dict[Ref, str] = {}

        def leaf(ref: Ref) -> Expr:
            if ref not in known:
                known[ref] = str(len(refs))
                refs.append(ref)
            return Name(known[ref])

        def append(step: Step, pieces: int) -> None:
            made.steps.append(step)
            made.pieces += pieces
            if made.pieces > _MOST_STEPS:
                raise NoOpinion("the functions of the file's own expand without bound")

        def cut(term: _Term) -> _Term:
            if isinstance(term.tree, Name):
                return term
            names = list(names_in(term.tree))
            piece = self.piece(term.tree, names)
            append(Step(piece, tuple(refs[int(name)] for name in names), term.shown), 1)
            return _Term(leaf(("s", len(made.steps) - 1)))

        def called(body: Plan, given: list[_Term]) -> _Term:
            arguments = tuple([refs[int(_name(cut(each).tree))] for each in given])
            append(Step(body, arguments), body.pieces)
            return _Term(leaf(("s", len(made.steps) - 1)))

        def combine(part: Part, below: list[_Term]) -> _Term:
            self.parts += 1
            if not self.parts & 1023:
                self.tick()
            if isinstance(part, Name | Number):
                return _Term(leaf(word(part)[1]))
            if not isinstance(part, Apply):
                raise HoldsArrays
            function = self.scope.function(part.head, place) if self.scope.functions else None
            if function is not None:
                return called(self._bodies[function[0]], below)
            basic, count = _basic(part.head)
            if count == len(below) == 1 and not (part.keywords or self.fine or len(self.pieces) > DIFFERENT):  # the quick way
                only = below[0] if below[0].size < SIZE and below[0].depth < DEPTH else cut(below[0])
                return _Term(Apply(basic, (only.tree,), (), part.span), 1 + only.size, 1 + only.depth, part)
            return self._applied(part, below, cut, word)

        whole = fold(tree, combine)
        if isinstance(whole.tree, Name):
            made.result = refs[int(whole.tree.id)]
        else:
            cut(whole)
            made.result = ("s", len(made.steps) - 1)
        return made

    def _applied(
        self, part: Apply, below: list[_Term], cut: Callable[[_Term], _Term], word: Callable[[Name | Number], tuple[str, Ref]]
    ) -> _Term:
        fine = self.fine or len(self.pieces) > DIFFERENT
        power = literal(part.operands[1], lambda number: word(number)[0]) if part.head in ("^", "pow") and len(below) == 2 else None
        if power is not None:
            alone = max(abs(power.numerator), power.denominator) > _ALONE
            below = [cut(below[0]) if fine or alone or abs(power) > POWER else below[0], _Term(rational(power))]
            if alone:  # around x^0.333333333333333 SymPy may make polynomials of that many terms
                return cut(_joined(part, below))
        elif fine or part.head in COMPARISONS:
            # A condition stays with its `where`: cut off, it would be a number like any other.
            below = [each if part.head == "where" and _compares(each.tree) else cut(each) for each in below]
        while True:
            whole = _joined(part, below)
            if whole.size <= SIZE and whole.depth <= DEPTH:
                return whole
            largest = max(range(len(below)), key=lambda i: below[i].size)
            if below[largest].size == 1:
                return whole
            below[largest] = cut(below[largest])

    def piece(self, tree: Expr, names: Sequence[str]) -> Piece:
        """The piece for a tree of basic heads whose operands are `names`, in that order."""
        words = {name: f"v{i}" for i, name in enumerate(names)}
        key = tuple([_face(part, words) for part in postorder(tree)])
        piece = self.pieces.get(key)
        if piece is None:
            general = substitute(tree, {name: Name(word) for name, word in words.items()})
            piece = self.pieces[key] = Piece(len(self.pieces), general, len(names), key)
        return piece


def _joined(part: Apply, below: list[_Term]) -> _Term:
    """A function applied to terms. The parts of a basic one need not be counted again."""
    basic, count = _basic(part.head)
    if count == len(below) and not part.keywords:
        tree: Expr = Apply(basic, tuple([each.tree for each in below]), (), part.span)
        return _Term(tree, 1 + sum([each.size for each in below]), 1 + max([each.depth for each in below]), part)
    tree = in_basics(part, [each.tree for each in below])
    deep = fold(tree, lambda _, levels: 1 + max(levels, default=0))
    return _Term(tree, sum(1 for _ in postorder(tree)), deep, part)


@lru_cache(512)
def _basic(head: str) -> tuple[str, int]:
    """The basic head that a head is another name of, and how many operands it takes; 0 where there is none."""
    known = row(head)
    return (known.head, len(known.operands)) if known is not None and known.head in BASIC else (head, 0)


def _compares(tree: Expr) -> bool:
    return isinstance(tree, Apply) and tree.head in COMPARISONS


def _name(tree: Expr) -> str:
    assert isinstance(tree, Name)
    return tree.id


def _face(part: Part, words: dict[str, str]) -> object:
    match part:
        case Name(id=name):
            return words.get(name, name)
        case Number(text=text):
            return text
        case Apply(head=head, operands=operands):
            return (head, len(operands))
        case _:
            raise HoldsArrays


def rational(value: Fraction) -> Expr:
    """The tree that spells a number."""
    tree: Expr = Number(str(abs(value.numerator)))
    if value.denominator != 1:
        tree = Apply("/", (tree, Number(str(value.denominator))))
    return Apply(NEGATE, (tree,)) if value < 0 else tree


def literal(tree: Expr, text: Callable[[Number], str]) -> Fraction | None:
    """The number that an exponent spells: `2`, `-2`, `1/3`, `-1/3`."""
    match tree:
        case Number():
            return Fraction(text(tree))
        case Apply(head=head, operands=(inner,)) if head == NEGATE:
            found = literal(inner, text) if not isinstance(inner, Apply) or inner.head == "/" else None
            return None if found is None else -found
        case Apply(head="/", operands=(Number() | Apply(head="u-", operands=(Number(),)) as top, Number() as bottom)):
            above, below = literal(top, text), Fraction(text(bottom))
            return None if above is None or below == 0 else above / below
        case _:
            return None


def _exponents(shape: Shape) -> tuple[int, ...]:
    """The holes whose numbers are literal exponents."""
    found: list[int] = []
    if not any(sign in shape.text for sign in ("^", "**", "pow")):
        return ()
    for part in postorder(shape.tree):
        if not (isinstance(part, Apply) and part.head in ("^", "pow") and len(part.operands) == 2):
            continue
        if literal(part.operands[1], lambda number: number.text) is not None:  # then it is a small tree
            numbers = [each for each in postorder(part.operands[1]) if isinstance(each, Number)]
            found.extend(shape.hole_at[each.span.start] for each in numbers if each.span.start in shape.hole_at)
    return tuple(found)
