"""A program laid out as steps in order, each a piece with operands: the ground of the statement-by-statement opinion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from backprop_cli.lang.program import Assign, Declare
from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles import cancelling
from backprop_cli.oracles.derived import Differentiated
from backprop_cli.oracles.opinion import HoldsArrays, NoOpinion
from backprop_cli.oracles.pieces import Piece, Plan, Planner, Ref, Step
from backprop_cli.oracles.scope import CONSTANTS, Scope, Source
from backprop_cli.oracles.textbook import FIXED


@dataclass(frozen=True, slots=True)
class Laid:
    """A step in its place: values are read from `operands` and written to `own`."""

    piece: Piece
    operands: tuple[int, ...]
    own: int
    statement: str
    shown: Expr | None


@dataclass(slots=True)
class Tape:
    """Steps in order. `moved` marks the slots that some name of interest moves; `steps` counts as the work done."""

    slots: dict[str, int] = field(default_factory=dict)
    constants: list[tuple[int, Fraction | str]] = field(default_factory=list)
    steps: list[Laid] = field(default_factory=list)
    moved: bytearray = field(default_factory=bytearray)
    output: int = 0

    def values(self, differentiated: Differentiated, tick: Callable[[], None]) -> list[Any]:
        """Every slot's value at mpmath's present precision: an mpf or Bad."""
        cancelling.begin()
        values: list[Any] = [None] * len(self.moved)
        for slot, value in self.constants:
            values[slot] = number(value)
        for count, step in enumerate(self.steps):
            if not count & 255:
                tick()
            values[step.own] = differentiated.value(step.piece).run([values[i] for i in step.operands])[0]
        return values


@dataclass(frozen=True, slots=True)
class Ground:
    """What an opinion stands on: `lay` gives the tape on which some names are of interest; `fine` ones hold single operations."""

    scope: Scope
    output: str
    lay: Callable[[Sequence[str], bool], Tape]


def ground(scope: Scope, output: str, tick: Callable[[], None] = lambda: None) -> Ground:
    """The ground of a program of scalars, laid once for the same names; `tick` is called between its parts as it is laid."""
    laid: dict[tuple[tuple[str, ...], bool], Tape] = {}

    def once(wrt: Sequence[str], fine: bool) -> Tape:
        key = (tuple(wrt), fine)
        if key not in laid:
            laid[key] = lay(scope, Planner(scope, fine, tick), output, wrt)
        return laid[key]

    return Ground(scope, output, once)


def number(value: Fraction | str) -> Any:
    """An exact number, or the constant of that name, at mpmath's present precision."""
    from mpmath import mp

    if isinstance(value, Fraction):
        return cancelling.quotient(value.numerator, value.denominator)
    return +mp.pi if value.endswith("pi") else +mp.e


def lay(scope: Scope, planner: Planner, output: str, wrt: Iterable[str]) -> Tape:
    """The tape of what an output depends on. Raises NoOpinion where it holds what is not checked."""
    return _Layer(scope, planner, set(wrt)).lay(output)


class _Layer:
    def __init__(self, scope: Scope, planner: Planner, wanted: set[str]) -> None:
        self.scope, self.planner, self.wanted = scope, planner, wanted
        self.tape = Tape()
        self.identity = planner.identity()

    def lay(self, output: str) -> Tape:
        for name in self.scope.needed(output):
            source = self.scope.sources.get(name)
            if source is None:
                if name not in CONSTANTS:
                    raise NoOpinion(f"{name} has no value")
                continue
            slot = self.given(name, source)
            self.tape.slots[name] = slot
            if name in self.wanted:
                self.tape.moved[slot] = True
        self.tape.output = self.slot_of(output)
        return self.tape

    def given(self, name: str, source: Source) -> int:
        """The slot of a name, which no other name shares: adjoints of `y` and `x` in `y = x` stay apart."""
        if isinstance(source, Assign):
            plan = self.planner.assigned(source, self.scope.place[name])
            slot = self.run(name, plan, source.holes)
            fresh = plan.result == ("s", len(plan.steps) - 1) and isinstance(plan.steps[-1].does, Piece)
            return slot if fresh else self.copied(name, slot)
        if isinstance(source, Declare):
            if source.value is None:
                raise NoOpinion(f"{name} has no value")
            return self.copied(name, self.run(name, self.planner.expression(source.value, self.scope.place[name]), ()))
        if isinstance(source.value, Fraction):
            slot = self.fresh(False)
            self.tape.constants.append((slot, source.value))
            return slot
        if hasattr(source.value, "shape"):
            raise HoldsArrays
        place = self.scope.place.get(name, 0)
        return self.copied(name, self.run(name, self.planner.expression(source.value, place, constant=True), ()))

    def fresh(self, moved: bool) -> int:
        self.tape.moved.append(moved)
        return len(self.tape.moved) - 1

    def slot_of(self, text: str) -> int:
        """The slot of a name or a literal."""
        slot = self.tape.slots.get(text)
        if slot is None:
            literal = text[0] in "0123456789."
            if not literal and text not in CONSTANTS:
                raise NoOpinion(f"{text} has no value")
            slot = self.tape.slots[text] = self.fresh(False)
            self.tape.constants.append((slot, Fraction(text) if literal and text not in FIXED.values() else text))
        return slot

    def run(self, name: str, plan: Plan, holes: tuple[str, ...]) -> int:
        """Append the steps of a plan, those of the plans that it applies in their place; the slot of its result."""
        moved, steps, slot_of = self.tape.moved, self.tape.steps, self.slot_of
        frames: list[tuple[Plan, Iterator[Step], list[int], tuple[int, ...]]] = [(plan, iter(plan.steps), [], ())]
        while True:
            at, rest, made, given = frames[-1]

            def place(ref: Ref, made: list[int] = made, given: tuple[int, ...] = given) -> int:
                kind, which = ref
                if kind == "s":
                    return made[which]
                return given[which] if kind == "p" else slot_of(holes[which] if kind == "h" else which)

            for step in rest:
                operands = tuple([place(ref) for ref in step.refs])
                if isinstance(step.does, Plan):
                    frames.append((step.does, iter(step.does.steps), [], operands))
                    break
                own = len(moved)
                moved.append(any(map(moved.__getitem__, operands)))
                made.append(own)
                steps.append(Laid(step.does, operands, own, name, step.shown))
            else:
                frames.pop()
                if not frames:
                    return place(at.result)
                frames[-1][2].append(place(at.result))

    def copied(self, name: str, slot: int) -> int:
        own = self.fresh(bool(self.tape.moved[slot]))
        self.tape.steps.append(Laid(self.identity, (slot,), own, name, None))
        return own
