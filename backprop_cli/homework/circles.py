"""What earlier answers rest on, and answers that go round in a circle."""

from __future__ import annotations

from collections.abc import Iterable

from backprop_cli.homework.board import Board
from backprop_cli.homework.formulas import uses
from backprop_cli.homework.targets import by_edge
from backprop_cli.lang.answers_syntax import Target
from backprop_cli.lang.syntax import Expr

Asked = tuple[str, str | None]
ITSELF = "this refers to itself, which is no answer"


class Circles:
    """For every value and derivative that was answered, right or wrong, what its formula uses."""

    def __init__(self) -> None:
        self.rests_on: dict[Asked, list[Asked]] = {}

    def keep(self, target: Target, links: Iterable[Expr]) -> None:
        """An answer's right sides, all of them as good: it rests on what the one that needs least uses."""
        assert target.of is not None
        own = (target.of, target.wrt)
        least = min(map(uses, links), key=lambda used: (sum(by is not None for _, by in used), len(used)))
        self.rests_on[own] = [*least, *(self.rests_on.get(own, ()) if target.index is not None else ())]

    def of_chain(self, board: Board, target: Target, links: Iterable[Expr]) -> str:
        """Why a chain is no answer: a link refers to itself, or all of them go round in a circle."""
        told = [self.told(board, target, tree) for tree in links]
        return ITSELF if ITSELF in told else told[0] if all(told) else ""

    def told(self, board: Board, target: Target, tree: Expr) -> str:
        """Why a formula is no answer, where it refers to itself, directly or through earlier answers."""
        assert target.of is not None
        own = (target.of, target.wrt)
        pending = uses(tree)
        if target.wrt is not None and by_edge(board, target, tree):
            pending.remove(own)
        if own in pending:
            return ITSELF
        if target.wrt is None:  # forwards the graph itself says what follows from what
            pending = [(of, by) for of, by in pending if by is not None or not board.feeds(of, target.of)]
        seen: set[Asked] = set()
        while pending:
            each = pending.pop()
            if each == own:
                return "this goes round in a circle: an answer that it uses was itself given by this one"
            if each not in seen:
                seen.add(each)
                pending.extend(self.rests_on.get(each, ()))
        return ""
