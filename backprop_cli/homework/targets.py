"""What an answer is about, as terms of the board: the truth that it is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from backprop_cli.calculus.signatures import signatures
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.homework.board import Board
from backprop_cli.homework.formulas import symbols
from backprop_cli.homework.lowering import Misfit, shape_text
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.answers import read_answers
from backprop_cli.lang.answers_names import key
from backprop_cli.lang.answers_syntax import DERIVATIVE, PARTIAL, Answer, Signature, Target, Unreadable, Vocabulary
from backprop_cli.lang.syntax import Apply, Expr, postorder
from backprop_cli.oracles.opinion import NoOpinion

# What a rate of descent may be called in an update, where the graph has no such name.
RATES = ("lr", "eta", "η", "alpha", "α", "rate", "learning_rate", "gamma", "γ", "epsilon", "ε", "step")


def vocabulary(board: Board) -> Vocabulary:
    """What may be named in answers to a graph."""
    names = frozenset(board.values) | frozenset(board.broken)
    functions = {name: defined[-1][1] for name, defined in board.scope.functions.items()}
    called = signatures()
    called.update({name: Signature(name, len(define.parameters), len(define.parameters)) for name, define in functions.items()})
    return Vocabulary(names | rates(names), frozenset(functions), board.output, called, rates(names))


def rates(names: frozenset[str]) -> frozenset[str]:
    """The names of rates that no node has, in any spelling: `α` is a node called `alpha`."""
    spelled = {key(name) for name in names}
    return frozenset(rate for rate in RATES if key(rate) not in spelled)


def own_rate(board: Board) -> str:
    """The leaf that is the program's own rate: a number that is called like one, and that the output does not need."""
    spelled = {key(rate) for rate in RATES}
    found = [name for name in board.leaves if key(name) in spelled and not board.values[name].ndim]
    found = [name for name in found if board.output is None or not board.feeds(name, board.output)]
    return found[0] if len(found) == 1 else ""


def options(board: Board, target: Target, world: World = TRUTH) -> list[tuple[Ids, str]]:
    """The truths that an answer may mean, each with a note on the reading.

    Where a name feeds another both directly and through other nodes, `∂` may mean the direct edge alone. Raises NoOpinion
    where the graph has no value for it, Misfit for an entry that is not there.
    """
    assert target.of is not None
    for name in (target.of, target.wrt):
        if name is not None and name in board.broken:
            raise NoOpinion(f"{name} has no value: {board.broken[name]}")
    if target.wrt is None:
        return [(_entry(board.value(target.of, world), target), "")]
    total = _entry(board.derivative(target.of, target.wrt, world), target)
    if not target.partial:
        return [(total, "")]
    direct = board.partial(target.of, target.wrt, world)
    if direct is None or same(board, direct, board.derivative(target.of, target.wrt, world)):
        return [(total, "")]
    return [
        (total, f"read as the total derivative, through every path from {target.wrt}"),
        (_entry(direct, target), f"read as the partial derivative along the edge from {target.wrt} alone; the total one has more paths"),
    ]


def by_edge(board: Board, target: Target, tree: Expr) -> bool:
    """Whether a total derivative is made from the partial one along the edge, as in `dL/dx = ∂L/∂x + ∂L/∂v*dv/dx`."""
    own = [part for part in postorder(tree) if isinstance(part, Apply) and part.head in (DERIVATIVE, PARTIAL)]
    heads = {part.head for part in own if symbols(part) == [(target.of, target.wrt)]}
    if heads != {PARTIAL} or target.partial:
        return False
    if len(options(board, replace(target, partial=True))) > 1:
        return True
    # The other paths may carry nothing, as those through `sign`: they are written all the same.
    of, wrt = str(target.of), str(target.wrt)
    named = {name for pair in symbols(tree) for name in pair} - {of, wrt}
    return wrt in board.reads(of) and any(board.feeds(wrt, each) and board.feeds(each, of) for each in named)


def same(board: Board, left: Ids, right: Ids) -> bool:
    """Whether two arrays hold the same terms, trivial differences aside."""
    if left.shape != right.shape:
        return False
    first, second = left.ravel().tolist(), right.ravel().tolist()
    return board.terms.basic(first) == board.terms.basic(second)


def require_entries(board: Board, words: Vocabulary, wanted: Iterable[str]) -> None:
    """Complains of an entry that a teacher asks for and the program does not have: no answer could ever give it."""
    for of in wanted:
        if "[" not in of:
            continue
        (read,) = read_answers(f"{of} = 0", words)
        try:
            told = read.diagnostic.message if isinstance(read, Unreadable) else ""
            if isinstance(read, Answer):
                options(board, read.target)
        except Misfit as error:
            told = str(error)
        except NoOpinion:
            continue
        if told:
            raise BackpropError(Diagnostic("unknown-answer", f"{of} is asked for, but {told}"))


def whole(board: Board, target: Target) -> Ids:
    """The true array that an answer is about, also where it is about one entry."""
    assert target.of is not None
    return board.values[target.of] if target.wrt is None else board.derivative(target.of, target.wrt)


def _entry(ids: Ids, target: Target) -> Ids:
    if target.index is None:
        return ids
    try:
        return np.asarray(ids[target.index])
    except IndexError:
        raise Misfit(
            f"there is no entry [{', '.join(map(str, target.index))}]: it {'has' if ids.ndim else 'is'} {shape_text(ids.shape)}"
        ) from None


def shape_of(board: Board, target: Target) -> tuple[int, ...]:
    """The shape that an answer about a shape asks for."""
    assert target.of is not None
    for name in (target.of, target.wrt):
        if name is not None and name in board.broken:
            raise NoOpinion(f"{name} has no value: {board.broken[name]}")
    ids = board.values[target.of] if target.wrt is None else board.derivative(target.of, target.wrt)
    return tuple(ids.shape)
