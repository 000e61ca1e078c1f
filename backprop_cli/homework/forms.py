"""The form that an answer must have where a teacher asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backprop_cli.homework.compared import Compared
from backprop_cli.homework.formulas import symbols
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.lang.answers_syntax import BESIDE, written
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Name, Number, children, postorder

if TYPE_CHECKING:
    from backprop_cli.homework.sitting import Line, Sitting

_SIGNS = ("+", "-", NEGATE)
_FACTORS = ("*", BESIDE, NEGATE)


def required(line: Line, form: str | None, sitting: Sitting) -> Line:
    """The line, wrong now if it is right but not in the form that was asked for."""
    if form is None or line.found.verdict not in (Verdict.CORRECT, Verdict.FOLLOW_THROUGH):
        return line
    tree = line.answer.links[-1]
    why = {"number": _no_number, "product": _no_product, "simplified": _not_simplified}[form](tree)
    if not why:
        return line
    found = Compared(Verdict.WRONG, "form", f"right, but {why}", claimed=line.found.claimed, numeric=line.found.numeric)
    return sitting.line(line.answer, tree, found, line.truth, line.world)


def _no_number(tree: Expr) -> str:
    for part in postorder(tree):
        if isinstance(part, Apply) and part.head != NEGATE:
            return "a number is asked for, worked out"
        if isinstance(part, Name):
            return "a number is asked for, and this has names in it"
    return ""


def _no_product(tree: Expr) -> str:
    if isinstance(tree, Apply) and tree.head in ("+", "-"):
        return "a product is asked for, and this is a sum"
    return ""


def _not_simplified(tree: Expr) -> str:
    """What is left to do: derivatives to put in, numbers or like terms to add, factors of 1, summands of 0, signs or fractions to join."""
    if symbols(tree):
        return "a simplified form is asked for, and a derivative is still to be put in"
    for part in postorder(tree):
        if not isinstance(part, Apply):
            continue
        below = children(part)
        plain = [_number(each) for each in below]
        if part.head in ("+", "-", "*", "^", BESIDE) and plain and all(each is not None for each in plain):
            return "a simplified form is asked for, and numbers are still to be worked out"
        if part.head in ("*", BESIDE) and any(each in (0, 1) for each in plain):
            return "a simplified form is asked for, and a factor of 1 or 0 is left"
        if part.head in ("+", "-") and 0 in plain:
            return "a simplified form is asked for, and a 0 is added"
        if part.head == "/" and (plain[1] == 1 or plain[0] == 0):
            return "a simplified form is asked for, and a division by 1 or of 0 is left"
        if part.head == "/" and any(isinstance(each, Apply) and each.head == "/" for each in below):
            return "a simplified form is asked for, and a fraction stands in a fraction"
        if part.head == NEGATE and isinstance(below[0], Apply) and below[0].head == NEGATE:
            return "a simplified form is asked for, and two signs cancel"
        if part.head in ("*", BESIDE) and _repeated(part):
            return "a simplified form is asked for, and a factor stands twice"
    if any(_alike(each) for each in _sums(tree)):
        return "a simplified form is asked for, and like terms are still to be put together"
    return ""


def _number(tree: object) -> int | None:
    """The integer that a tree spells, for the few that matter; -1 for any other number; None for what is no number."""
    if isinstance(tree, Number):
        return int(tree.exact) if tree.exact in (0, 1) else -1
    return None


def _repeated(part: Apply) -> bool:
    """Whether a name stands twice among the factors of a product."""
    pending: list[Expr] = [part]
    seen: set[str] = set()
    while pending:
        each = pending.pop()
        if isinstance(each, Apply) and each.head in ("*", BESIDE):
            pending.extend(each.operands)
        elif isinstance(each, Name):
            if each.id in seen:
                return True
            seen.add(each.id)
        elif isinstance(each, Brackets):
            return False
    return False


def _sums(tree: Expr) -> list[Apply]:
    """The sums of a tree that are no summands of others."""
    sums = [part for part in postorder(tree) if isinstance(part, Apply) and part.head in _SIGNS]
    inside = {id(each) for part in sums for each in part.operands}
    return [part for part in sums if id(part) not in inside]


def _alike(tree: Apply) -> bool:
    """Whether two summands differ in a factor that is a number alone: `2*x + x`."""
    cores = ["*".join(sorted(written(each) for each in _parts(summand, _FACTORS))) for summand in _parts(tree, _SIGNS)]
    return len(set(cores)) < len(cores)


def _parts(tree: Expr, heads: tuple[str, ...]) -> list[Expr]:
    """What the operators of a sum or a product join, from left to right; numbers are no factors that count, not as divisors either."""
    found: list[Expr] = []
    pending: list[Expr] = [tree]
    while pending:
        each = pending.pop()
        shared = heads is _FACTORS and isinstance(each, Apply) and each.head == "/" and _number(each.operands[1]) is not None
        if isinstance(each, Apply) and (each.head in heads or shared):
            pending.extend(reversed(each.operands))
        elif heads is _SIGNS or _number(each) is None:
            found.append(each)
    return found
