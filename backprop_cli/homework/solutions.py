"""What a teacher may see of a truth: its value at the point, and its formula in the names of the program."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from backprop_cli.calculus.tidy import tidy
from backprop_cli.equality.terms import LEAF, NAMED, Terms
from backprop_cli.homework.board import Board
from backprop_cli.homework.comparing import Comparer
from backprop_cli.homework.world import Ids
from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Index, Name, Number
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import rational

_DIGITS = 6
_MOST_ENTRIES, _MOST_PARTS = 24, 120
_CONSTANTS: Mapping[str, Expr] = {"pi": Name("pi"), "e": Name("e")}


def values_text(comparer: Comparer, ids: Ids) -> str | None:
    """The values of terms at the point, to six digits; None where there are too many, or none, or none that can be worked out."""
    if ids.size > _MOST_ENTRIES:
        return None
    try:
        known = comparer.known(ids.ravel().tolist()) if comparer.placed(ids) else [None]
        texts = [number_text(each) for each in known if each is not None]
    except NoOpinion:
        return None
    return _nested(texts, ids.shape) if len(texts) == len(known) else None


def number_text(value: Fraction) -> str:
    """A number to six significant digits."""
    try:
        return f"{float(value) + 0.0:.{_DIGITS}g}"
    except OverflowError:
        return "too large for a float"


def _nested(texts: list[str], shape: tuple[int, ...]) -> str:
    for size in reversed(shape):
        rows = [texts[at : at + size] for at in range(0, len(texts), size)] if size else [[]]
        texts = ["[" + ", ".join(row) + "]" for row in rows]
    return texts[0]


def formula(board: Board, ids: Ids) -> Expr | None:
    """A truth with one entry as a formula in the names of the program; None where it would be long."""
    if ids.size != 1:
        return None
    (root,) = ids.ravel().tolist()
    terms = board.terms
    built: dict[int, tuple[Expr, int]] = {}
    for each in terms.below([root], lambda term: terms.heads[term] in (NAMED, LEAF)):
        tree, size = _tree(terms, each, built)
        if size > _MOST_PARTS:
            return None
        built[each] = tree, size
    return tidy(built[root][0])


def _tree(terms: Terms, term: int, built: Mapping[int, tuple[Expr, int]]) -> tuple[Expr, int]:
    value = terms.value(term)
    if value is not None:
        return rational(value), 1
    key = terms.data[term]
    if isinstance(key, str):
        return _CONSTANTS[key] if terms.heads[term] == "constant" else _named(key), 1
    below = [built[each] for each in terms.operands[term]]
    trees = [tree for tree, _ in below]
    if terms.heads[term] == "*" and _is_minus_one(trees[0]):
        trees = [trees[1]]
        return Apply(NEGATE, tuple(trees)), below[1][1] + 1
    if terms.heads[term] == "*" and _is_minus_one(trees[1]):
        return Apply(NEGATE, (trees[0],)), below[0][1] + 1
    return Apply(terms.heads[term], tuple(trees)), 1 + sum(size for _, size in below)


def _is_minus_one(tree: Expr) -> bool:
    return isinstance(tree, Apply) and tree.head == NEGATE and isinstance(tree.operands[0], Number) and tree.operands[0].exact == 1


def _named(key: str) -> Expr:
    name, bracket, rest = key.partition("[")
    if not bracket:
        return Name(name)
    return Index(Name(name), tuple(Number(each.strip()) for each in rest.rstrip("]").split(",")))
