"""Small programs with arrays as one SymPy object in the entries of their leaves, differentiated as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backprop_cli.calculus.algebra import Untranslatable, from_sympy, to_sympy
from backprop_cli.lang.program import Assign
from backprop_cli.lang.syntax import Brackets, Expr, Index, Name, Number
from backprop_cli.oracles.derived import ASKED_FOR, Allowed, Differentiated, constants, corner_gaps, derivative, on_corner
from backprop_cli.oracles.expand import DEEPEST, Extent, TooLarge, extent
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.statements import DIGITS, KINK, Found
from backprop_cli.oracles.stream import Bad, Stream
from backprop_cli.oracles.symbolic import WORK
from backprop_cli.oracles.tape import Tape

if TYPE_CHECKING:
    from backprop_cli.oracles.walk import Shape

_MOST_STEPS = 1_000


def is_leaf(scope: Scope, name: str) -> bool:
    """Whether a name is no computed one."""
    return not isinstance(scope.sources.get(name), Assign) or scope.is_leaf(name)


class WrittenOut:
    """An output's slot in the symbols of some slots. Raises TooLarge before anything grows."""

    def __init__(self, tape: Tape, chosen: Sequence[int], most: int) -> None:
        from sympy import Symbol

        if len(tape.steps) > _MOST_STEPS:
            raise TooLarge(f"more than {_MOST_STEPS:,} steps")
        self.tape = tape
        self.symbols = {slot: Symbol(f"v{i}", real=True) for i, slot in enumerate(chosen)}
        self._bound(most)
        with Allowed():
            self.whole = self._expanded()

    def _bound(self, most: int) -> None:
        extents: dict[int, Extent] = dict.fromkeys(self.symbols, Extent())
        for slot, number in self.tape.constants:
            if slot not in extents and not isinstance(number, str):
                extents[slot] = extent(Number(str(number.numerator)), {})
                bits = extents[slot].bits + number.denominator.bit_length()
                extents[slot] = Extent(1, 1, bits, extents[slot].largest)
        for step in self.tape.steps:
            if step.own not in extents:
                known = {f"v{i}": extents.get(slot, Extent()) for i, slot in enumerate(step.operands)}
                found = extent(step.piece.tree, known)
                extents[step.own] = Extent(min(found.size, most + 1), min(found.depth, DEEPEST + 1), found.bits, found.largest)
        self.extent = extents.get(self.tape.output, Extent())
        if self.extent.size > most:
            raise TooLarge(f"written out, it would have more than {most:,} parts")
        if self.extent.depth > DEEPEST:
            raise TooLarge(f"written out, it would nest more than {DEEPEST} levels")

    def _expanded(self) -> Any:
        import sympy

        made: dict[int, Any] = dict(self.symbols)
        fixed = constants()
        for slot, number in self.tape.constants:
            made.setdefault(slot, fixed[number] if isinstance(number, str) else sympy.Rational(number.numerator, number.denominator))
        needed = {self.tape.output}
        for step in reversed(self.tape.steps):
            if step.own in needed and step.own not in self.symbols:
                needed.update(step.operands)
        for step in self.tape.steps:
            if step.own in needed and step.own not in self.symbols:
                try:
                    made[step.own] = to_sympy(step.piece.tree, {f"v{i}": made[slot] for i, slot in enumerate(step.operands)} | fixed)
                except (Untranslatable, TypeError) as error:
                    raise NoOpinion(str(error)) from None
        return made[self.tape.output]


def gradients(tape: Tape, wrt: Sequence[str], most: int, tick: Callable[[], None]) -> dict[str, Found]:
    """The gradients by leaves' entries, at their point. Raises TooLarge past teaching size, NoOpinion where there is none."""
    from mpmath import mp, mpf

    slots = [tape.slots[name] for name in wrt if name in tape.slots]
    out = WrittenOut(tape, slots, most)
    if out.extent.size * len(slots) > WORK:
        raise TooLarge("SymPy would take too long")
    with mp.workdps(DIGITS[0]):
        values = tape.values(Differentiated(), tick)
        if isinstance(values[tape.output], Bad):
            raise NoOpinion(f"the output has {values[tape.output].reason} here")
        symbols = list(out.symbols.values())
        with Allowed():
            stream = Stream([*(derivative(out.whole, each) for each in symbols), *corner_gaps(out.whole, set(symbols))], symbols)
        results = stream.gross([values[slot] for slot in slots])
        if any(on_corner(gap) for gap, _ in results[len(slots) :]):
            raise NoOpinion(KINK)
        if any(isinstance(value, Bad) for value, _ in results):
            raise NoOpinion("a derivative has no value here")
        by_slot = {slot: Found(*result) for slot, result in zip(slots, results, strict=False)}
        nothing = Found(mpf(0), mpf(0))
        return {name: by_slot.get(tape.slots.get(name, -1), nothing) for name in wrt}


def entry(name: str, at: Sequence[int]) -> Expr:
    """The tree that names one entry."""
    return Index(Name(name), tuple(Number(str(i)) for i in at)) if at else Name(name)


def formulas(tape: Tape, leaves: Mapping[str, Shape], wrt: Sequence[str], most: int) -> dict[str, Expr]:
    """The derivatives of the output by names, in the entries of the leaves, in each name's own shape."""
    import numpy as np

    from backprop_cli.oracles.lowering import label

    slots = {tape.slots[label(name, at)]: entry(name, at) for name, shape in leaves.items() for at in np.ndindex(shape)}
    out = WrittenOut(tape, list(slots), most)
    count = sum(int(np.prod(leaves[name])) for name in wrt)
    if out.extent.size * count > WORK:
        raise TooLarge("SymPy would take too long")
    names: dict[Any, Expr] = {symbol: slots[slot] for slot, symbol in out.symbols.items()}
    found: dict[str, Expr] = {}
    with Allowed(ASKED_FOR):
        for name in wrt:
            trees = [
                from_sympy(derivative(out.whole, out.symbols[tape.slots[label(name, at)]]), names, most) for at in np.ndindex(leaves[name])
            ]
            found[name] = _nested(trees, leaves[name])
    return found


def _nested(trees: list[Expr], shape: Sequence[int]) -> Expr:
    """An array literal of the entries."""
    for size in reversed(shape):
        trees = [Brackets(tuple(trees[at : at + size])) for at in range(0, len(trees), size)]
    return trees[0]
