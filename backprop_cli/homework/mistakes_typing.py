"""One symbol mistyped: the student's formula, or a statement of the file, with one symbol changed at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from backprop_cli.homework.board import Board
from backprop_cli.homework.formulas import Formulas
from backprop_cli.homework.mistakes_case import FOUND, MADE, WORKED, Case, Suspect
from backprop_cli.homework.mistakes_field import Row
from backprop_cli.homework.world import Ids
from backprop_cli.lang.answers_syntax import written
from backprop_cli.lang.program import Assign
from backprop_cli.lang.syntax import Apply, Expr, Name, Number, Part, children, postorder, rebuilt
from backprop_cli.lang.unparse import unparse
from backprop_cli.oracles.opinion import NoOpinion

_MOST_PARTS, _MOST_NAMES, _MOST_TRIED = 60, 16, 400
_MOST_TERMS = 2_000
# What a try costs besides the terms that it makes.
_TRIED = 150_000
_LONGEST = 60
_ALIKE = {
    **{one: tuple(two for two in ("+", "-", "*", "/") if two != one) for one in ("+", "-", "*", "/")},
    "@": ("*",),
    "sin": ("cos",),
    "cos": ("sin",),
    "exp": ("log",),
    "log": ("exp", "log10", "log2"),
    "log10": ("log",),
    "log2": ("log",),
    "sinh": ("cosh",),
    "cosh": ("sinh",),
    "sigmoid": ("tanh",),
    "tanh": ("sigmoid", "tan"),
    "sqrt": ("cbrt",),
    "relu": ("sigmoid",),
    "^": ("*",),
}


_COARSE = 1 / 200


def mistyped(case: Case) -> Iterator[Suspect]:
    """M44: with one symbol changed the formula is right. `2*z*x/(u*v^2)` for `2*z*x/(u*w^2)`."""
    mistaken = case.mistaken
    if mistaken.tree is None or mistaken.numeric or _crowded(case):
        return
    read = mistaken.read or Formulas(case.board).terms_of
    for changed, part, other in _changed(mistaken.tree, _names(case.board)):
        if not case.budget.spend(_TRIED):
            return
        if _gives(case, read, changed, case.truth, mistaken.truth.shape):
            whole = written(mistaken.tree)
            where = f" in {whole}" if len(whole) <= _LONGEST else ""
            said = f"one symbol{where} looks mistyped: {_word(part)}"
            # A sign between two factors is rather a rule gone wrong than a slip of the pen.
            rather = 0.3 if isinstance(part, Apply) else 0.0
            # Where one symbol is all that was written, the other one is the answer.
            hint = None if part is mistaken.tree else f"did you mean {_word(other)} in the place of {_word(part)}?"
            yield Suspect("M44", said, where=case.asked, extra=rather, hint=hint)


def forward(case: Case) -> Iterator[Suspect]:
    """M44 and M42 for values: the node's own statement with one symbol changed. `u = 5` is `x + a` for `u = x*a`."""
    board, name = case.board, case.mistaken.of
    source = board.scope.sources.get(name)
    if not isinstance(source, Assign) or not case.plain or _crowded(case):
        return
    read = Formulas(board).terms_of
    if case.fits(-case.truth):
        yield Suspect("M01", f"the sign of {name} is turned", where=name)
    if case.mistaken.numeric and (case.mistaken.half_unit or 0.0) > _COARSE * float(np.max(np.abs(case.claimed), initial=0.0)):
        return  # one or two digits fit by chance
    for changed, part, other in _changed(source.expr, _names(board)):
        if not case.budget.spend(_TRIED):
            return
        if _gives(case, read, changed, case.claimed, case.mistaken.claimed.shape):
            logs = isinstance(other, Apply) and other.head.startswith("log")
            said = f"{name} was worked out with {_word(other)} where {_word(part)} stands"
            yield Suspect("M42" if logs else "M44", said, where=name, row=name)


def carried(case: Case) -> Iterator[Suspect]:
    """M38: the way back is right for another value of a node. `dL/da` with `u = x + a` in the place of `x*a`."""
    board, ground = case.board, case.ground
    if ground is None or not case.plain or _crowded(case):
        return
    read = Formulas(board).terms_of
    truth = case.mistaken.truth.ravel().tolist()
    met = set(board.terms.below(truth))
    for name in board.order:
        source, ids = board.scope.sources.get(name), board.values[name]
        if not isinstance(source, Assign) or board.scope.is_leaf(name) or ids.size > 1 or int(ids.ravel()[0]) not in met:
            continue
        term = int(ids.ravel()[0])
        tried = list(_otherwise(case, read, source.expr))
        if not tried or not case.budget.spend(len(met) * (WORKED + 4 * len(tried) * case.numbers.count)):
            continue
        many = case.numbers.repeated(len(tried), {term: np.concatenate([row for row, _, _ in tried])})
        rows = many.rows(truth).reshape(len(truth), len(tried), case.numbers.count)
        for number in np.flatnonzero(case.matches(rows)).tolist():
            _, part, other = tried[number]
            said = f"the way back is right for another value of {name}: with {_word(other)} where {_word(part)} stands"
            yield Suspect("M38", said, where=name, row=name)


def _otherwise(case: Case, read: Callable[[Expr], Ids], tree: Expr) -> Iterator[tuple[Row, Part, Part]]:
    """The numbers of a statement with one operator or number changed."""
    for changed, part, other in _changed(tree, []):
        wrong = _read(case, read, changed)
        if wrong is not None and wrong.size == 1 and case.known(wrong):
            yield case.rows(wrong)[0], part, other


def _crowded(case: Case) -> bool:
    """Whether variants of an answer would make too many terms: what is made stays in the board's store."""
    terms = case.board.terms
    claimed = terms.below(case.mistaken.claimed.ravel().tolist(), lambda each: each in case.board.owner)
    return len(terms) > terms.most // 4 or len(claimed) > _MOST_TERMS


def _gives(case: Case, read: Callable[[Expr], Ids], tree: Expr, due: Row, shape: tuple[int, ...]) -> bool:
    """Whether a tree has certain numbers."""
    made = _read(case, read, tree)
    if made is None or made.shape != shape or not case.known(made):
        return False
    rows = case.rows(made)
    if due is case.claimed:
        return case.fits(rows)
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(rows - due) <= 1e-9 * np.maximum(np.abs(rows), np.abs(due)) + 1e-11 * np.max(np.abs(due))))


def _read(case: Case, read: Callable[[Expr], Ids], tree: Expr) -> Ids | None:
    """A tree as terms, what that takes counted; None where it has none."""
    terms = case.board.terms
    before = len(terms)
    try:
        return read(tree)
    except (NoOpinion, ValueError, IndexError, KeyError):
        return None
    finally:
        case.budget.charge((len(terms) - before) * (MADE + WORKED) + case.board.walk.engine.steps * FOUND)


def _names(board: Board) -> list[str]:
    return board.order[:: -1 if len(board.order) > _MOST_NAMES else 1][:_MOST_NAMES]


def _changed(tree: Expr, names: list[str]) -> Iterator[tuple[Expr, Part, Part]]:
    """The trees with one symbol changed, with what stood there and what stands there now."""
    parts = list(postorder(tree))
    if len(parts) > _MOST_PARTS:
        return
    tried = 0
    for place, part in enumerate(parts):
        for other in _instead(part, names):
            tried += 1
            if tried > _MOST_TRIED:
                return
            yield _with(parts, place, other), part, other


def _instead(part: Part, names: list[str]) -> Iterator[Part]:
    match part:
        case Name(id=name):
            yield from (Name(other) for other in names if other != name)
        case Number(text=text):
            value = part.exact
            near = {value + 1, value - 1, *((value * 10, value / 10) if "." in text else ())}
            yield from (Number(str(each)) for each in sorted(near) if each.denominator == 1 and each >= 0)
        case Apply(head=head) if head in _ALIKE and len(part.operands) <= 2:
            yield from (Apply(other, part.operands, part.keywords, part.span) for other in _ALIKE[head])
        case _:
            return


def _with(parts: list[Part], place: int, other: Part) -> Expr:
    """The tree of parts in postorder, one of them changed; below a changed head stay its operands."""
    made: list[Part] = []
    for number, part in enumerate(parts):
        count = len(children(part))
        below = made[len(made) - count :]
        del made[len(made) - count :]
        made.append(rebuilt(other if number == place else part, below) if below else other if number == place else part)
    found: Expr = made[0]  # type: ignore[assignment]
    return found


def _word(part: Part) -> str:
    return part.head if isinstance(part, Apply) else unparse(part)
