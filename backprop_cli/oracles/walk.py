"""A program with arrays read statement by statement: every operation handed to an engine that knows what its values are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from backprop_cli.calculus.table import SEVERAL, row
from backprop_cli.lang.program import Assign, Declare, Define
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Index, Name, Number, Part, Slice
from backprop_cli.oracles.calls import Shape, arguments, plain
from backprop_cli.oracles.opinion import MOST_ENTRIES, NoOpinion, require_room
from backprop_cli.oracles.pieces import COMPARISONS, POWER, Piece, Planner, literal, rational
from backprop_cli.oracles.scope import CONSTANTS, Scope
from backprop_cli.oracles.textbook import FIXED, in_basics

__all__ = ["Engine", "Item", "Shape", "Walk"]

# Operations on arrays that a reading may take: functions of one's own are read anew at each call.
MOST_OPERATIONS = 100_000


class Engine(Protocol):
    """What becomes of arrays: slots of a tape, shapes alone, or numbers with directional derivatives.

    `literal` makes an array of numbers spelled or given; `map` applies a piece entry by entry, broadcasting; `move` only
    rearranges entries; `total` sums over axes; `level` is a constant to subtract before exponentials, if that is wanted;
    `named` is told the value of every name.
    """

    statement: str

    def literal(self, numbers: Sequence[Fraction | str | float], shape: Shape) -> Any: ...
    def shape(self, a: Any) -> Shape: ...
    def map(self, piece: Piece, operands: Sequence[Any], shown: Expr | None) -> Any: ...
    def move(self, function: Callable[..., Any], *operands: Any) -> Any: ...
    def total(self, a: Any, axes: Shape, shown: Expr | None) -> Any: ...
    def product(self, a: Any, b: Any, shown: Expr | None) -> Any: ...
    def extreme(self, head: str, a: Any, axes: Shape, shown: Expr | None) -> Any: ...
    def level(self, a: Any, axes: Shape) -> Any | None: ...
    def determinant(self, a: Any, shown: Expr | None) -> Any: ...
    def inverse(self, a: Any, shown: Expr | None) -> Any: ...
    def named(self, name: str, value: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Item:
    """A value under way. `word` is the name or the digits it was read from, `compared` the comparison that made it."""

    value: Any
    word: str = ""
    compared: tuple[str, Any, Any] | None = None


@dataclass(slots=True)
class _Frame:
    """A tree being read: a right side, or the body of a function with its parameters."""

    parts: Iterator[Part]
    place: int
    known: dict[str, Item]
    results: list[Item]


class Walk:
    """Reads programs for one engine. `integers` gives what a leaf holds where an integer is due."""

    def __init__(self, scope: Scope, planner: Planner, engine: Engine, integers: Callable[[str], Any]) -> None:
        self.scope, self.planner, self.engine, self.integers = scope, planner, engine, integers
        self.values: dict[str, Item] = {}
        self.constants: dict[str, Item] = {}
        self.operations = 0

    def run(self, names: Sequence[str], tick: Callable[[], None]) -> dict[str, Item]:
        """The values of names, each of which stands after those it reads; a value is dropped after its last use."""
        last = {read: name for name in names for read in self.scope.reads(name)}
        over: dict[str, list[str]] = {}
        for read, name in last.items():
            over.setdefault(name, []).append(read)
        for name in names:
            tick()
            source = self.scope.sources.get(name)
            if source is None:
                if name not in CONSTANTS:
                    raise NoOpinion(f"{name} has no value")
                continue
            self.engine.statement = name
            self.values[name] = Item(self.engine.named(name, self.source(name)), name)
            for read in over.get(name, ()):
                self.values.pop(read, None)
        return self.values

    def source(self, name: str) -> Any:
        """The value of a name by its own definition."""
        source = self.scope.sources[name]
        place = self.scope.place.get(name, 0)
        if isinstance(source, Assign):
            return self.evaluate(source.expr, place).value
        if source.value is None:
            raise NoOpinion(f"{name} has no value")
        if isinstance(source, Declare):
            return self.evaluate(source.value, place).value
        if isinstance(source.value, Fraction):
            return self.engine.literal([source.value], ())
        if isinstance(source.value, Number | Name | Apply | Brackets | Index):
            return self.evaluate(source.value, place, {each: self.constant(FIXED[each]) for each in CONSTANTS}).value
        return self.engine.literal(source.value.ravel(), source.value.shape)

    def evaluate(self, tree: Expr, place: int, known: dict[str, Item] | None = None) -> Item:
        """The value of a tree; functions of one's own are entered on a stack of frames."""
        stack = [_Frame(self.order(tree), place, known or {}, [])]
        while True:
            frame = stack[-1]
            for part in frame.parts:
                called = self.scope.function(part.head, frame.place) if isinstance(part, Apply) else None
                if called is not None and isinstance(part, Apply):
                    stack.append(self.entered(called, part, frame))
                    break
                frame.results.append(self.part(part, frame))
            else:
                stack.pop()
                if not stack:
                    return frame.results[-1]
                stack[-1].results.append(frame.results[-1])

    def entered(self, called: tuple[int, Define], part: Apply, frame: _Frame) -> _Frame:
        number, define = called
        self.count()
        given = self.taken(frame, len(part.operands))
        return _Frame(self.order(define.body), number, dict(zip(define.parameters, given, strict=True)), [])

    def order(self, tree: Expr) -> Iterator[Part]:
        """The parts that have values, operands first; literal arrays of numbers are one part."""
        pending: list[tuple[Part, bool]] = [(tree, False)]
        while pending:
            part, opened = pending.pop()
            below = () if opened else self.below(part)
            if not below:
                yield part
            else:
                pending.append((part, True))
                pending.extend((each, False) for each in reversed(below))

    def below(self, part: Part) -> Sequence[Expr]:
        match part:
            case Apply():
                return part.operands if part.head in self.scope.functions else arguments(part)[0]
            case Brackets(items=items):
                return () if self.numbers(part) is not None else items
            case Index(base=base):
                return (base,)
            case _:
                return ()

    def count(self) -> None:
        self.operations += 1
        if self.operations > MOST_OPERATIONS:
            raise NoOpinion(f"this takes more than {MOST_OPERATIONS:,} operations")

    def room(self, shape: Shape) -> None:
        """Complains of an array of ours that would be too large, before it is made."""
        require_room(shape, MOST_ENTRIES)

    def taken(self, frame: _Frame, count: int) -> list[Item]:
        given = frame.results[len(frame.results) - count :]
        del frame.results[len(frame.results) - count :]
        return given

    def part(self, part: Part, frame: _Frame) -> Item:
        self.count()
        match part:
            case Number(text=text):
                return self.constant(text)
            case Name(id=name):
                return self.name(name, frame)
            case Brackets():
                numbers = self.numbers(part)
                if numbers is not None:
                    return Item(self.engine.literal(*numbers))
                return Item(self.engine.move(_piled, *(each.value for each in self.taken(frame, len(part.items)))))
            case Index(items=items):
                (base,) = self.taken(frame, 1)
                where = tuple(self.integer(each, frame) for each in items)
                return Item(self.engine.move(lambda a: a[where], base.value))
            case Apply():
                return self.applied(part, frame)
            case _:
                raise NoOpinion("a slice stands outside an index")

    def name(self, name: str, frame: _Frame) -> Item:
        found = frame.known.get(name) or self.values.get(name)
        if found is not None:
            return found
        if name not in CONSTANTS or name in self.scope.sources:
            raise NoOpinion(f"{name} has no value")
        return self.constant(FIXED[name])

    def numbers(self, part: Brackets) -> tuple[list[Fraction | str | float], Shape] | None:
        """The entries of an array of plain numbers and its shape; None for any other, which is read entry by entry."""
        return plain(part)

    def constant(self, text: str) -> Item:
        found = self.constants.get(text)
        if found is None:
            found = self.constants[text] = Item(self.engine.literal([text if text in FIXED.values() else Fraction(text)], ()), text)
        return found

    def applied(self, part: Apply, frame: _Frame) -> Item:
        from backprop_cli.oracles.definitions import DEFINITIONS

        operands, static = arguments(part)
        given = self.taken(frame, len(operands))
        known = row(part.head)
        if known is None or known.code is None or (part.head in SEVERAL and len(operands) > 1 and not static):
            return self.elementwise(part, given)
        definition = DEFINITIONS.get(known.head)
        if definition is None:
            raise NoOpinion(f"{part.head} has no textbook definition here")
        fixed = {name: self.integer(tree, frame) for name, tree in static.items()}
        self.fitting(part.head, known.code, fixed, [each.value for each in given])
        return Item(definition(self, part, fixed, *(each.value for each in given)))

    def fitting(self, head: str, code: str, static: dict[str, Any], operands: Sequence[Any]) -> None:
        """Complains where operands do not fit a function of whole arrays; those of a program do, or it would have no graph."""

    def elementwise(self, part: Apply, given: list[Item]) -> Item:
        """A function that works on each entry by itself; a condition stays with its `where`, a literal exponent with its power."""
        values = [each.value for each in given]
        if part.head in SEVERAL or (part.head in SEVERAL.values() and len(values) > 2):
            total = values[0]
            for each in values[1:]:
                total = self.formula(f"{SEVERAL.get(part.head, part.head)}(a, b)", part, a=total, b=each)
            return Item(total)
        trees: list[Expr] = [Name(str(i)) for i in range(len(values))]
        if part.head == "where" and given[0].compared is not None:
            head, left, right = given[0].compared
            trees[0] = Apply(head, (Name("c"), Name("d")))
            piece = self.planner.piece(in_basics(part, trees), ["c", "d", "1", "2"])
            return Item(self.engine.map(piece, [left, right, *values[1:]], part))
        power = literal(part.operands[1], lambda number: number.text) if part.head in ("^", "pow") and len(values) == 2 else None
        if power is not None and abs(power) <= POWER:
            trees, values = [trees[0], rational(power)], values[:1]
        names = [str(i) for i in range(len(values))]
        made = self.engine.map(self.planner.piece(in_basics(part, trees), names), values, part)
        return Item(made, "", (part.head, *values) if part.head in COMPARISONS else None)

    def formula(self, text: str, shown: Expr | None, **operands: Any) -> Any:
        """A formula of ours entry by entry, its operands by name."""
        from backprop_cli.oracles.textbook import formula

        return self.engine.map(self.planner.piece(formula(text), list(operands)), list(operands.values()), shown)

    def integer(self, part: Part | None, frame: _Frame) -> Any:
        """What stands where an integer is due: an integer, a slice, a tuple, or an array that a leaf holds."""
        match part:
            case None:
                return None
            case Number(text=text):
                return _whole(text)
            case Name(id=name):
                word = frame.known[name].word if name in frame.known else name
                return self.integers(word) if word in self.scope.sources else _whole(word)
            case Apply(head=head, operands=(Number() | Name() | Apply() as inner,)) if head == NEGATE:
                return -self.integer(inner, frame)
            case Slice(start=start, stop=stop, step=step):
                ends = [self.integer(each, frame) for each in (start, stop, step)]
                if not all(each is None or isinstance(each, int) for each in ends):
                    raise NoOpinion("an integer is due where there is none")
                return slice(*ends)
            case Brackets(items=items):
                return tuple(self.integer(each, frame) for each in items)
            case _:
                raise NoOpinion("an integer is due where there is none")


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise NoOpinion(f"an integer is due where {text} stands")
    return int(text)


def _piled(*items: Any) -> Any:
    import numpy as np

    return np.stack(items)
