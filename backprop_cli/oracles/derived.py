"""What SymPy makes of a piece: its value, its derivatives, and how far a point is from its corners."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from backprop_cli.calculus.algebra import Untranslatable, to_sympy
from backprop_cli.calculus.corners import corners
from backprop_cli.calculus.objects import A_SECOND, Counter, OutOfWork
from backprop_cli.lang.syntax import INFIX
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import Piece
from backprop_cli.oracles.stream import Bad, Stream
from backprop_cli.oracles.textbook import FIXED

_MOST = 1_000  # pieces whose derivatives are kept from one program to the next
_SECONDS, ASKED_FOR = 2.0, 3.0  # of SymPy's work: for a check, and for formulas that were asked for
_kept: dict[tuple[object, ...], Derived] = {}
_JUMPS = frozenset({"sign", "floor", "ceil", "round", *INFIX[:6]})


class Derived:
    """What SymPy makes of one piece."""

    def __init__(self, piece: Piece, symbols: list[Any]) -> None:
        self.symbols = symbols
        try:
            with Allowed():
                self.expr = to_sympy(piece.tree, {f"v{i}": symbol for i, symbol in enumerate(symbols)} | constants())
        except (Untranslatable, TypeError) as error:
            raise NoOpinion(str(error)) from None
        self._slopes: dict[tuple[int, ...], Stream] = {}
        self._curves: dict[tuple[int, ...], Stream] = {}
        self._distances: dict[tuple[tuple[int, ...], bool], Stream | None] = {}

    @cached_property
    def value(self) -> Stream:
        return Stream([self.expr], self.symbols)

    def slope(self, operand: int) -> Any:
        """SymPy's derivative by an operand."""
        return derivative(self.expr, self.symbols[operand])

    def slopes(self, operands: tuple[int, ...]) -> Stream:
        """The derivatives by some operands, then the corners' distances (corner_gaps)."""
        found = self._slopes.get(operands)
        if found is None:
            moved = {self.symbols[i] for i in operands}
            with Allowed():
                found = self._slopes[operands] = Stream([*map(self.slope, operands), *corner_gaps(self.expr, moved)], self.symbols)
        return found

    def curves(self, operands: tuple[int, ...]) -> Stream:
        """The derivatives by every operand of the slopes by some operands, slope after slope; then of the corners' distances."""
        found = self._curves.get(operands)
        if found is None:
            moved = {self.symbols[i] for i in operands}
            with Allowed():
                firsts = [*map(self.slope, operands), *corner_gaps(self.expr, moved)]
                found = self._curves[operands] = Stream([first.diff(symbol) for first in firsts for symbol in self.symbols], self.symbols)
        return found

    def distances(self, operands: tuple[int, ...], jumps: bool) -> Stream | None:
        """The distances from corners that some operands reach, and with `jumps` from every step; None where there are neither."""
        if (operands, jumps) not in self._distances:
            moved = {self.symbols[i] for i in operands}
            others = [gap for gap in corner_gaps(self.expr, None) if not gap.free_symbols & moved] if jumps else []
            gaps = corner_gaps(self.expr, moved) + others
            self._distances[operands, jumps] = Stream(gaps, self.symbols) if gaps else None
        return self._distances[operands, jumps]


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
            if len(_kept) >= _MOST:
                _kept.clear()
            if piece.face not in _kept:
                _kept[piece.face] = Derived(piece, self._symbols[: piece.count])
            found = self._known[piece] = _kept[piece.face]
        return found

    def value(self, piece: Piece) -> Stream:
        return self.of(piece).value


class Allowed:
    """Within it SymPy may do so much and no more, however often it is entered. Raises NoOpinion."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self.left = int(seconds * A_SECOND)

    def __enter__(self) -> None:
        counter = _counter()
        counter.left, counter.active = self.left, True

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        counter = _counter()
        self.left, counter.active = max(counter.left, 0), False
        if kind is OutOfWork:
            raise NoOpinion("SymPy would take too long") from None


@cache
def _counter() -> Counter:
    counter = Counter()
    counter.install()
    return counter


def derivative(expr: Any, symbol: Any) -> Any:
    """SymPy's derivative; where it writes x^n/x, x^(n - 1), which is right at 0 too. The larger of two equal parts is either."""
    import sympy

    either = [corners()["maximum"], corners()["minimum"]]
    alike = {each: each.args[0] for each in expr.atoms(*either) if each.args[0] == each.args[1]}
    slope = (expr.xreplace(alike) if alike else expr).diff(symbol)
    return sympy.powsimp(slope, combine="exp") if any(not power.exp.is_number for power in expr.atoms(sympy.Pow)) else slope


def constants() -> dict[str, Any]:
    """The constants under the names that no variable can take."""
    import sympy

    return {FIXED["pi"]: sympy.pi, FIXED["e"]: sympy.E}


def corner_gaps(expr: Any, moved: set[Any] | None) -> list[Any]:
    """How far the point is from each corner of a definition that `moved` symbols can reach, as SymPy objects: 0 is a corner.

    With None, from each place where a value jumps, whatever reaches it.
    """
    import sympy

    gaps: list[Any] = []
    for each in sympy.preorder_traversal(expr):
        head = getattr(each, "head", "")
        if moved is None and head == "where" and getattr(each.args[0], "head", "") not in _JUMPS:
            gaps.append(each.args[0])  # a condition that is a number: true where it is not 0
        if not (head or isinstance(each, sympy.Abs)) or not (head in _JUMPS if moved is None else each.free_symbols & moved):
            continue
        first = each.args[0]
        if head in ("abs", "sign") or not head:
            gaps.append(first)
        elif head in ("maximum", "minimum", "<", "<=", ">", ">=", "==", "!="):
            gaps.append(first - each.args[1])
        elif head in ("floor", "ceil", "round"):
            off = sympy.S.Half if head == "round" else 0
            gaps.append(first - off - corners()["round"](first - off))
    return gaps


def on_corner(gap: Any) -> bool:
    """Whether a distance from corner_gaps says that the point is on the corner."""
    return not isinstance(gap, Bad) and bool(gap == 0)
