"""A program laid out as steps in order, each a piece with operands: the ground of the statement-by-statement opinion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from backprop_cli.calculus.algebra import Untranslatable, to_sympy
from backprop_cli.lang.program import Assign, Declare
from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import Piece, Plan, Planner, Ref
from backprop_cli.oracles.scope import CONSTANTS, Scope
from backprop_cli.oracles.stream import Bad, Stream
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
        values: list[Any] = [None] * len(self.moved)
        for slot, value in self.constants:
            values[slot] = number(value)
        for count, step in enumerate(self.steps):
            if not count & 255:
                tick()
            values[step.own] = differentiated.value(step.piece).run([values[i] for i in step.operands])[0]
        return values


def number(value: Fraction | str) -> Any:
    """An exact number, or the constant of that name, at mpmath's present precision."""
    from mpmath import mp, mpf

    if isinstance(value, Fraction):
        return mpf(value.numerator) / value.denominator
    return +mp.pi if value.endswith("pi") else +mp.e


def lay(scope: Scope, planner: Planner, output: str, wrt: Iterable[str]) -> Tape:
    """The tape of what an output depends on."""
    tape = Tape()
    wanted = set(wrt)

    def fresh(moved: bool) -> int:
        tape.moved.append(moved)
        return len(tape.moved) - 1

    def constant(key: str, value: Fraction | str) -> int:
        slot = tape.slots.get(key)
        if slot is None:
            slot = tape.slots[key] = fresh(False)
            tape.constants.append((slot, value))
        return slot

    def slot_of(text: str) -> int:
        slot = tape.slots.get(text)
        if slot is not None:
            return slot
        if text[0] in "0123456789.":
            return constant(text, text if text in FIXED.values() else Fraction(text))
        if text in CONSTANTS:
            return constant(text, text)
        raise NoOpinion(f"{text} has no value")

    def run(name: str, plan: Plan, holes: tuple[str, ...]) -> int:
        base: list[int] = []

        def place(ref: Ref) -> int:
            kind, which = ref
            return base[which] if kind == "s" else slot_of(holes[which]) if kind == "h" else slot_of(which)

        for step in plan.steps:
            operands = tuple([place(ref) for ref in step.refs])
            own = fresh(any(tape.moved[i] for i in operands))
            base.append(own)
            tape.steps.append(Laid(step.piece, operands, own, name, step.shown))
        return place(plan.result)

    def copied(name: str, slot: int) -> None:
        # A slot of its own for every name, so that the adjoints of `y` and `x` in `y = x` stay apart.
        own = fresh(bool(tape.moved[slot]) or name in wanted)
        tape.steps.append(Laid(identity, (slot,), own, name, None))
        tape.slots[name] = own

    identity = planner.identity()
    for name in scope.needed(output):
        source = scope.sources.get(name)
        if source is None:
            if name not in CONSTANTS:
                raise NoOpinion(f"{name} has no value")
        elif isinstance(source, Assign):
            plan = planner.assigned(source, scope.place[name])
            slot = run(name, plan, source.holes)
            if plan.result[0] == "s" and plan.result[1] == len(plan.steps) - 1:
                tape.slots[name] = slot
                tape.moved[slot] = tape.moved[slot] or name in wanted
            else:
                copied(name, slot)
        elif isinstance(source, Declare):
            if source.value is None:
                raise NoOpinion(f"{name} has no value")
            copied(name, run(name, planner.expression(source.value, scope.place[name]), ()))
        elif isinstance(source.value, Fraction):
            slot = tape.slots[name] = fresh(name in wanted)
            tape.constants.append((slot, source.value))
        else:
            copied(name, run(name, planner.expression(source.value, scope.place.get(name, 0), constant=True), ()))
    tape.output = tape.slots[output]
    return tape


class Derived:
    """What SymPy makes of one piece."""

    def __init__(self, piece: Piece, symbols: list[Any]) -> None:
        self.symbols = symbols
        try:
            self.expr = to_sympy(piece.tree, {f"v{i}": symbol for i, symbol in enumerate(symbols)} | constants())
        except (Untranslatable, TypeError) as error:
            raise NoOpinion(str(error)) from None
        self._slopes: dict[tuple[int, ...], Stream] = {}
        self._curves: dict[tuple[int, ...], Stream] = {}

    @cached_property
    def value(self) -> Stream:
        return Stream([self.expr], self.symbols)

    def slope(self, operand: int) -> Any:
        """SymPy's derivative by an operand."""
        import sympy

        slope = self.expr.diff(self.symbols[operand])
        # x^n/x is x^(n - 1) at 0 too.
        return sympy.powsimp(slope, combine="exp") if any(not power.exp.is_number for power in self.expr.atoms(sympy.Pow)) else slope

    def slopes(self, operands: tuple[int, ...]) -> Stream:
        """The derivatives by some operands, then the corners' distances (corner_gaps)."""
        found = self._slopes.get(operands)
        if found is None:
            moved = {self.symbols[i] for i in operands}
            found = self._slopes[operands] = Stream([*map(self.slope, operands), *corner_gaps(self.expr, moved)], self.symbols)
        return found

    def curves(self, operands: tuple[int, ...]) -> Stream:
        """The derivatives by every operand of the slopes by some operands, slope after slope; then of the corners' distances."""
        found = self._curves.get(operands)
        if found is None:
            moved = {self.symbols[i] for i in operands}
            firsts = [*map(self.slope, operands), *corner_gaps(self.expr, moved)]
            found = self._curves[operands] = Stream([first.diff(symbol) for first in firsts for symbol in self.symbols], self.symbols)
        return found


class Differentiated:
    """Pieces with their derivatives, worked out once each."""

    def __init__(self) -> None:
        self._known: dict[Piece, Derived] = {}
        self._symbols: list[Any] = []

    def of(self, piece: Piece) -> Derived:
        found = self._known.get(piece)
        if found is None:
            from sympy import Symbol

            while len(self._symbols) < piece.count:
                self._symbols.append(Symbol(f"v{len(self._symbols)}", real=True))
            found = self._known[piece] = Derived(piece, self._symbols[: piece.count])
        return found

    def value(self, piece: Piece) -> Stream:
        return self.of(piece).value


def constants() -> dict[str, Any]:
    """The constants under the names that no variable can take."""
    import sympy

    return {FIXED["pi"]: sympy.pi, FIXED["e"]: sympy.E}


def corner_gaps(expr: Any, moved: set[Any]) -> list[Any]:
    """How far the point is from each corner of a definition that `moved` symbols can reach, as SymPy objects: 0 is a corner."""
    import sympy

    gaps: list[Any] = []
    for each in sympy.preorder_traversal(expr):
        head = getattr(each, "head", "")
        if not (head or isinstance(each, sympy.Abs)) or not each.free_symbols & moved:
            continue
        first = each.args[0]
        if head in ("abs", "sign") or not head:
            gaps.append(first)
        elif head in ("maximum", "minimum", "<", "<=", ">", ">=", "==", "!="):
            gaps.append(first - each.args[1])
        elif head in ("floor", "ceil", "round"):
            from backprop_cli.calculus.corners import corners

            off = sympy.S.Half if head == "round" else 0
            gaps.append(first - off - corners()["round"](first - off))
    return gaps


def on_corner(gap: Any) -> bool:
    """Whether a distance from corner_gaps says that the point is on the corner."""
    return not isinstance(gap, Bad) and bool(gap == 0)
