"""Matrix products that do not fit together, or fit by chance: the student's own formula with factors turned and exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np

from backprop_cli.homework.formulas import Formulas
from backprop_cli.homework.mistakes_case import MADE, Case, Suspect
from backprop_cli.homework.world import Ids
from backprop_cli.lang.answers_syntax import BESIDE
from backprop_cli.lang.syntax import TRANSPOSE, Apply, Expr, Name, Part, children, postorder, rebuilt
from backprop_cli.lang.unparse import unparse
from backprop_cli.oracles.opinion import NoOpinion

_PRODUCTS = frozenset({"@", "matmul", "*", BESIDE})
_MOST_PARTS, _MOST_TERMS = 40, 3_000


def turned(case: Case) -> Iterator[Suspect]:
    """M33, M34, M35: right once a factor is transposed, or two change places. `W @ dz` for `W.T @ dz`, whatever the shapes."""
    mistaken, board = case.mistaken, case.board
    if mistaken.tree is None or mistaken.truth.ndim == 0 or mistaken.truth.size > _MOST_TERMS:
        return
    read = mistaken.read or Formulas(board).terms_of
    for changed, slip, said in _variants(mistaken.tree):
        if len(board.terms) > board.terms.most // 4 or not case.budget.spend(MADE):
            return
        before = len(board.terms)
        right = _right(case, read, changed)
        case.budget.charge((len(board.terms) - before) * MADE)
        if right:
            yield Suspect(slip, said, where=case.asked)


def _right(case: Case, read: Callable[[Expr], Ids], tree: Expr) -> bool:
    try:
        made = read(tree)
    except (NoOpinion, ValueError, IndexError):
        return False
    if made.shape != case.mistaken.truth.shape or not case.known(made):
        return False
    rows = case.rows(made)
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(rows - case.truth) <= 1e-9 * np.abs(case.truth) + 1e-11 * np.max(np.abs(case.truth), axis=0)))


def _variants(tree: Expr) -> Iterator[tuple[Expr, str, str]]:
    """The formula with the factors of one product turned, exchanged or multiplied otherwise, with the slip that it was."""
    parts = list(postorder(tree))
    if len(parts) > _MOST_PARTS:
        return
    for place, part in enumerate(parts):
        if not isinstance(part, Apply) or part.head not in _PRODUCTS or len(part.operands) != 2:
            continue
        for one, two, exchanged in product((False, True), repeat=3):
            heads = (part.head,) if part.head == "*" else ("@",)
            for head in dict.fromkeys((*heads, "@")):
                if (one, two, exchanged) == (False, False, False) and head == part.head:
                    continue
                yield _with(parts, place, (one, two), exchanged, head), *_said(part, head, one, two, exchanged)


def _said(part: Apply, head: str, one: bool, two: bool, exchanged: bool) -> tuple[str, str]:
    left, right = (unparse(each) for each in part.operands)
    if head != part.head and part.head == "*":
        return "M34", f"{left} and {right} are multiplied entry by entry where a matrix product is due"
    if exchanged:
        return "M33", f"the factors {left} and {right} stand in the wrong order" + (", and a transpose is wrong" if one or two else "")
    which = [each for each, turned_ in zip(part.operands, (one, two), strict=True) if turned_]
    texts = " and ".join(unparse(each) for each in which)
    bare = len(which) == 1 and isinstance(which[0], Name)
    return "M35" if bare and one else "M33", f"a transpose is missing or too much at {texts}"


def _with(parts: Sequence[Part], place: int, turn: tuple[bool, bool], exchanged: bool, head: str) -> Expr:
    """The tree of parts in postorder, one product of them changed."""
    made: list[Part] = []
    for number, part in enumerate(parts):
        count = len(children(part))
        below = made[len(made) - count :]
        del made[len(made) - count :]
        if number == place:
            left, right = (_flipped(each) if flip else each for each, flip in zip(below, turn, strict=True))
            operands = (right, left) if exchanged else (left, right)
            made.append(Apply(head, operands))  # type: ignore[arg-type]
        else:
            made.append(rebuilt(part, below) if below else part)
    found: Expr = made[0]  # type: ignore[assignment]
    return found


def _flipped(part: Part) -> Part:
    if isinstance(part, Apply) and part.head == TRANSPOSE:
        return part.operands[0]
    return Apply(TRANSPOSE, (part,))  # type: ignore[arg-type]
