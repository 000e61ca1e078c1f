"""Answers that are right up to a convention kept through the whole file: a factor of the loss, its sign, the layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from fractions import Fraction

import numpy as np

from backprop_cli.equality.decide import values
from backprop_cli.homework import kinks, numbers
from backprop_cli.homework.board import Board
from backprop_cli.homework.compared import Compared
from backprop_cli.homework.following import usable_for
from backprop_cli.homework.formulas import symbols
from backprop_cli.homework.shapes import fit
from backprop_cli.homework.sitting import Line, Sitting
from backprop_cli.homework.standing import readings
from backprop_cli.homework.updates import turned
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.program import Assign
from backprop_cli.lang.syntax import Apply, Expr, Number, names_in, postorder
from backprop_cli.lang.unparse import unparse
from backprop_cli.oracles.opinion import NoOpinion

_DIGITS = 50
_LOSS = (Fraction(2), Fraction(1, 2))
_AT_LEAST = 2
_AVERAGES = frozenset({"mean", "var", "std"})
_PRODUCTS, _SCALING = frozenset({"*", "@", "dot", "matmul"}), frozenset({"*", "/", "^", "pow"})
_SQUARES = frozenset({"var", "std", "norm", "hypot"})


def settled(sitting: Sitting, lines: Sequence[Line]) -> list[Line]:
    """The lines, those right up to a convention marked so."""
    made = dict(enumerate(lines))
    for at, line in enumerate(lines):
        other = kinks.by_another_convention(sitting, line, _right)
        if other is not None:
            made[at] = _as_convention(sitting, line, other[1], other[0])
    gradients = {at: line for at, line in made.items() if _is_gradient(sitting.board, line)}
    # A line that cannot be worked out keeps to no convention.
    with suppress(NoOpinion):
        made.update(_layout(sitting, gradients))
    open_lines = {at: line for at, line in gradients.items() if made[at].found.verdict is not Verdict.CONVENTION}
    off = [line for line in open_lines.values() if line.found.verdict is not Verdict.CORRECT and not _uses(line)]
    with suppress(NoOpinion):
        allowed = _allowed(sitting.board) if off else []
        factors = {_factor(sitting, line, allowed) for line in off}
        if len(factors) == 1 and None not in factors:
            (factor,) = factors
            made.update(_factored(sitting, open_lines, factor or Fraction(0), made))
    return [made[at] for at in range(len(lines))]


def _is_gradient(board: Board, line: Line) -> bool:
    target, verdict = line.answer.target, line.found.verdict
    return (
        target.kind == "derivative"
        and target.of == board.output
        and target.wrt != board.output
        and line.truth is not None
        and line.found.how != "form"
        and verdict in (Verdict.CORRECT, Verdict.FOLLOW_THROUGH, Verdict.WRONG, Verdict.CORRECT_AT_POINT)
    )


def _as_convention(sitting: Sitting, line: Line, message: str, verdict: Verdict = Verdict.CONVENTION) -> Line:
    found = Compared(verdict, line.found.how, message, (), None, line.found.claimed, line.found.numeric)
    return sitting.line(line.answer, line.tree, found, line.truth, line.world, notes=line.answer.notes)


# ---- factors ----


def _allowed(board: Board) -> list[Fraction]:
    """The factors that conventions of this program may differ by."""
    halves = _LOSS if _has_half(board) else ()
    return [*halves, Fraction(-1), *_sizes(board)]


def _factor(sitting: Sitting, line: Line, allowed: Sequence[Fraction]) -> Fraction | None:
    """The factor between a claim and the truth, where it is one that conventions differ by."""
    board, truth = sitting.board, line.truth
    if truth is None or line.found.claimed is None:
        return None
    try:
        claimed, _ = fit(truth, line.found.claimed)
    except NoOpinion:
        return None
    ratio = _ratio(board, truth, claimed)
    if ratio is None:
        return None
    near = min(allowed, key=lambda each: abs(ratio - each))
    if abs(ratio - near) > abs(near) / 50:
        return None
    scaled = _scaled(board, truth, near)
    return near if _right(sitting, line, line.tree, scaled, _world(board, near, frozenset())) else None


def _right(sitting: Sitting, line: Line, tree: Expr, due: Ids, world: World = TRUTH) -> bool:
    """Whether a right side is what is due, numbers read as the earlier answers that they are where that is needed."""
    comparer = sitting.comparer(line.answer)
    usable = usable_for(sitting.slips, line.answer.target)
    return comparer.compare(due, tree, world).right or any(
        comparer.reading(stands).compare(due, tree, world).right for stands in readings(sitting.board, usable, tree, world)
    )


def _world(board: Board, factor: Fraction, free: frozenset[str]) -> World:
    """The world in which every derivative of the output carries a factor, but those by the names that are free of it."""
    assert board.output is not None
    true = board.adjoints(board.output)
    scaled = {name: ids if name in free or name == board.output else _scaled(board, ids, factor) for name, ids in true.items()}
    return World(derivatives={(board.output, name): ids for name, ids in scaled.items()})


def _scaled(board: Board, truth: Ids, factor: Fraction) -> Ids:
    terms = board.terms
    flat = [terms.apply("*", terms.number(factor), each) for each in truth.ravel().tolist()]
    return np.array(flat, dtype=np.int64).reshape(truth.shape)


def _sizes(board: Board) -> list[Fraction]:
    """The factors N and 1/N, for N a length of an axis: 1/N where something is summed, both where it is averaged or divided by N."""
    assert board.output is not None
    linear = [name for name in board.values if name == board.output or _constant_slope(board, name)]
    trees = [each.expr for name in linear if isinstance(each := board.scope.sources.get(name), Assign) and not board.scope.is_leaf(name)]
    summed = {name for tree in trees for name in names_in(tree)}
    lengths = {Fraction(size) for name in summed & set(board.values) for size in board.values[name].shape if size > 1}
    parts = _parts(board)
    heads = {part.head for part in parts}
    written = {each.exact for part in parts if part.head in ("*", "/") for each in part.operands if isinstance(each, Number)}
    both = lengths if heads & _AVERAGES else {size for size in lengths if {size, 1 / size} & written}
    return sorted([*both, *(1 / size for size in (lengths if "sum" in heads else both))])


def _constant_slope(board: Board, name: str) -> bool:
    """Whether the output is linear in a node of one entry, as in the sum that a mean divides."""
    assert board.output is not None
    if board.values[name].size > 1 or name in board.leaves:
        return False
    return not any(board.terms.moved[each] for each in board.derivative(board.output, name).ravel().tolist())


def _has_half(board: Board) -> bool:
    """Whether there is a square or a 2 in the program, so that its ½ may be meant to be elsewhere."""
    for part in _parts(board):
        if part.head in _SQUARES or (part.head in _PRODUCTS and len(part.operands) == 2 and _alike(*part.operands)):
            return True
        if part.head in _SCALING and any(isinstance(each, Number) and each.exact in _LOSS for each in part.operands):
            return True
    return False


def _alike(left: Expr, right: Expr) -> bool:
    """Whether two factors are spelled alike, transposition aside."""
    return unparse(left).removesuffix(".T") == unparse(right).removesuffix(".T")


def _parts(board: Board) -> list[Apply]:
    """All operations of the program's formulas, without the values of its leaves."""
    scope = board.scope
    trees = [each.expr for name, each in scope.sources.items() if isinstance(each, Assign) and not scope.is_leaf(name)]
    trees += [each.body for defined in scope.functions.values() for _, each in defined]
    return [part for tree in trees for part in postorder(tree) if isinstance(part, Apply)]


def _ratio(board: Board, truth: Ids, claimed: Ids) -> Fraction | None:
    """Claim divided by truth at the first entry that is not 0, at the point or where leaves have no value at another one."""
    terms = board.terms
    true, own = truth.ravel().tolist(), claimed.ravel().tolist()
    home = {**board.home, **board.made_up(board.without_value([*true, *own], board.home))}
    known = values(terms, [*true, *own], home, _DIGITS)
    for first, second in zip(known[: len(true)], known[len(true) :], strict=True):
        if first is not None and second is not None and first.mid:
            return numbers.fraction(second.mid) / numbers.fraction(first.mid)
    return None


def _factored(sitting: Sitting, gradients: dict[int, Line], factor: Fraction, made: dict[int, Line]) -> dict[int, Line]:
    """The lines that carry a factor, where the file does so throughout, or in all but the gradients of the leaves."""
    board = sitting.board
    off = {at: line for at, line in gradients.items() if line.found.verdict is not Verdict.CORRECT}
    if _hold(sitting, gradients.values(), factor, frozenset()):
        if factor == -1:
            return _turned(sitting, off, made) if len(gradients) >= _AT_LEAST else {}
        if len({line.answer.target.text for line in off.values()}) < _AT_LEAST:
            return {}
        what = "the ½ or 2 of the loss" if factor in _LOSS else "the 1/N of the mean"
        return {
            at: _as_convention(sitting, line, f"right up to the factor {_said(factor)} throughout: {what} placed elsewhere")
            for at, line in off.items()
        }
    last = board.params or frozenset(board.leaves)
    outer = [line for line in gradients.values() if line.answer.target.wrt in last and not _is_zero(board, line)]
    if factor in _sizes(board) and outer and _hold(sitting, gradients.values(), factor, last):
        message = f"right up to where 1/{factor} is put: it is left to the gradients of the leaves"
        return {at: _as_convention(sitting, line, message) for at, line in off.items()}
    return {}


def _turned(sitting: Sitting, off: dict[int, Line], made: dict[int, Line]) -> dict[int, Line]:
    """The lines with the other sign, and the updates, where every update adds what they call the gradient."""
    ups = {at: line for at, line in made.items() if turned(line)}
    if not ups or any(line.answer.target.kind == "update" and not turned(line) for line in made.values()):
        return {}
    message = "right up to the sign: minus the gradient throughout, and the update adds it"
    lines = off | {at: line for at, line in ups.items() if line.found.verdict is not Verdict.CORRECT}
    return {at: _as_convention(sitting, line, message) for at, line in lines.items()}


def _hold(sitting: Sitting, lines: Iterable[Line], factor: Fraction, free: frozenset[str]) -> bool:
    """Whether all lines are right where every derivative of the output carries a factor, but those by the names that are free of it."""
    board, world = sitting.board, _world(sitting.board, factor, free)
    for line in lines:
        due = line.truth
        if due is None:
            return False
        if line.answer.target.wrt not in free:
            due = _scaled(board, due, factor)
        if not all(_right(sitting, line, tree, due, world) for tree in line.answer.links):
            return False
    return True


def _uses(line: Line) -> bool:
    """Whether a line rests on derivatives as symbols."""
    return any(symbols(tree) for tree in line.answer.links)


def _said(factor: Fraction) -> str:
    return "½" if factor == Fraction(1, 2) else str(factor)


def _is_zero(board: Board, line: Line) -> bool:
    return line.truth is not None and all(board.terms.value(each) == 0 for each in line.truth.ravel().tolist())


# ---- layout ----


def _layout(sitting: Sitting, gradients: dict[int, Line]) -> dict[int, Line]:
    """The matrix gradients that are transposed, where every one that is not symmetric is."""
    found: dict[int, Line] = {}
    for at, line in gradients.items():
        if line.truth is None or line.truth.ndim != 2 or min(line.truth.shape) == 1:
            continue
        if line.found.verdict is Verdict.CORRECT:
            if not _symmetric(sitting.board, line.truth):
                return {}
            continue
        if line.found.claimed is None or line.found.claimed.shape != line.truth.T.shape:
            return {}
        if not sitting.comparer(line.answer).compare(line.truth.T, line.tree).right:
            return {}
        found[at] = line
    if len(found) < _AT_LEAST:
        return {}
    message = "right in the transposed layout, which the file keeps throughout"
    return {at: _as_convention(sitting, line, message) for at, line in found.items()}


def _symmetric(board: Board, truth: Ids) -> bool:
    return truth.shape == truth.T.shape and board.terms.basic(truth.ravel().tolist()) == board.terms.basic(truth.T.ravel().tolist())
