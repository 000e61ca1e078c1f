"""What is said of a slip: one sentence, hints of three strengths, and never the answer of the line itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backprop_cli.calculus.table import row
from backprop_cli.calculus.tidy import tidy
from backprop_cli.equality.decide import Effort, Region, Status, decide
from backprop_cli.equality.slopes import formula_of
from backprop_cli.equality.slopes import local as local_of
from backprop_cli.homework.board import Board
from backprop_cli.homework.catalogue import CATALOGUE
from backprop_cli.homework.mistakes_case import Case, Suspect
from backprop_cli.homework.mistakes_field import Row
from backprop_cli.homework.mistakes_sweep import Edge, spelled
from backprop_cli.homework.verdicts import Diagnosis, Hints
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.program import Assign
from backprop_cli.lang.syntax import Expr, substitute
from backprop_cli.lang.unparse import unparse
from backprop_cli.oracles.textbook import FIXED

# Entries of an answer that a local derivative is compared with, and what may be done for each.
_ENTRIES = 4
_EFFORT = Effort(operations=200_000, seconds=0.5)


def worded(case: Case, suspects: Sequence[Suspect]) -> Diagnosis:
    """The diagnosis: the likeliest slip, and the ids of all that cannot be told apart."""
    best = suspects[0]
    ids = dict.fromkeys(slip for each in suspects for slip in (each.slip, *each.also))
    said = best.said if best.slips == 1 else _two(best)
    statement = statement_of(case.board, best.edge.owner) if best.edge else None
    name, formula = "", None
    if best.edge is not None:
        secret = reveals(case, best.edge)
        name = edge_name(case.board, best.edge, secret)
        formula = None if secret else local_formula(case.board, best.edge)
        said = said.replace("{edge}", f"{name} = {formula}" if formula and name.startswith("∂") else name)
    message = f"consistent with: {said}" + (f" ({statement})" if statement else "")
    where, line = best.where, best.row
    if best.edge is not None:
        where, line = f"d{best.edge.owner}/d{best.edge.operand}", f"{best.edge.owner} -> {best.edge.operand}"
    return Diagnosis(tuple(ids), where, message, hints(case.board, best, name, formula), line)


def _two(suspect: Suspect) -> str:
    names = " and ".join(CATALOGUE[each].name for each in (suspect.slip, *(suspect.also or (suspect.slip,))))
    return f"two slips at once ({names}), one of them at {{edge}}"


def hints(board: Board, best: Suspect, name: str, formula: str | None) -> Hints:
    """Which node, which rule, which local derivative; the edge's name, and its formula where it may be told."""
    sentence = CATALOGUE[best.slip].sentence
    if best.edge is None:
        node = (best.row or "").split(" -> ")[0]
        text = statement_of(board, node)
        place = f"look at the node {node}" if node else "no single node: look at the answer as a whole"
        return Hints(place, f"{sentence[:-1]}: see {text}" if text else sentence, best.hint or best.said)
    owner, statement = best.edge.owner, statement_of(board, best.edge.owner)
    rule = rule_of(board, best.edge)
    where = f" at {statement}" if statement else f" at {owner}"
    local = f"{name} = {formula}" if formula and name.startswith("∂") else f"work out {name} once more{where}"
    if not name.startswith("∂"):
        local = f"mind the factor {name}"
    return Hints(f"look at the node {owner}", f"the {rule}{where}. {sentence}" if rule else f"{sentence[:-1]}{where}", local)


def rule_of(board: Board, edge: Edge) -> str | None:
    """The school name of the rule at an edge."""
    if not edge.head:
        return "chain rule"
    terms = board.terms
    operands = terms.operands[edge.ends[0][0]]
    if edge.head == "/":
        if terms.value(operands[1]) is not None:
            return "constant factor rule"
        return "reciprocal rule" if terms.value(operands[0]) is not None else "quotient rule"
    if edge.head == "^" and edge.at == 1:
        return "exponential rule"
    known = row(edge.head)
    if known is None:
        return None
    return known.rule if known.rule.endswith("rule") else f"derivative of the {known.rule}"


def statement_of(board: Board, name: str) -> str | None:
    """A node's statement, where it is short."""
    source = board.scope.sources.get(name)
    if not isinstance(source, Assign):
        return None
    text = f"{name} = {unparse(source.expr)}"
    return text if len(text) <= 60 else None


def edge_name(board: Board, edge: Edge, secret: bool) -> str:
    """An edge as a derivative: `∂t/∂w`; a constant factor in words, unless it is secret."""
    (upper, lower), *_ = edge.ends
    if len(edge.ends) > 1 or board.values[edge.operand].size > 1:
        return f"∂{edge.owner}/∂{edge.operand}"
    top = board.terms.operands[upper][0] if not edge.head else upper
    inner = set(board.inner(edge.owner).ravel().tolist())
    whole = not edge.head or top in inner
    above = edge.owner if whole else spelled(board, upper)
    below = edge.operand if lower in board.owner else spelled(board, lower)
    if above is None or below is None:
        return f"∂{edge.owner}/∂{edge.operand}"
    if not secret and board.terms.heads[upper] in ("*", "/") and (constant := _constant(board, upper, edge.at)):
        return f"{constant} of {above}"
    return "/".join(f"∂{each}" if each.isidentifier() else f"∂({each})" for each in (above, below))


def _constant(board: Board, user: int, at: int) -> str | None:
    """The constant factor of a product, or 1 over the constant divisor of a quotient."""
    terms = board.terms
    if terms.heads[user] == "/" and at == 1:
        return None
    value = terms.value(terms.operands[user][1 - at])
    if value is None or value == 0:
        return None
    return str(1 / value if terms.heads[user] == "/" else value)


def local_formula(board: Board, edge: Edge) -> str | None:
    """The local derivative of an edge as a formula of names, where it is short."""
    if not edge.head or len(edge.ends) > 1 or board.values[edge.operand].size > 1:
        return None
    terms = board.terms
    operands = terms.operands[edge.ends[0][0]]
    names, tree = formula_of(edge.head, len(operands), edge.at)
    texts = [spelled(board, each) for each in operands]
    own = spelled(board, edge.ends[0][0])
    if tree is None or own is None or any(each is None for each in texts):
        return None
    if edge.head in ("sigmoid", "tanh", "exp", "softplus") and edge.ends[0][0] in board.inner(edge.owner).ravel().tolist():
        own = edge.owner
    values: dict[str, Expr] = {
        name: parse_expression(text, "<term>") for name, text in zip((*names, "y"), (*texts, own), strict=True) if text
    }
    values |= {fixed: parse_expression(which, "<term>") for which, fixed in FIXED.items()}
    return unparse(tidy(substitute(tree, values)))


def reveals(case: Case, edge: Edge) -> bool:
    """Whether the local derivative is the answer asked for, here or elsewhere, or what its entries are, but for a constant factor."""
    if (case.mistaken.of, case.mistaken.by) == (edge.owner, edge.operand) or f"d{edge.owner}/d{edge.operand}" in case.mistaken.secret:
        return True
    if case.ground is None or len(edge.ends) > 1 or not edge.head:
        return False
    terms, (upper, _) = case.board.terms, edge.ends[0]
    local, rows = local_of(terms, upper, edge.at), case.numbers.local(upper, edge.at)
    if local is None or rows is None:
        return False
    truths = list(zip(case.mistaken.truth.ravel().tolist(), case.truth, strict=True))[:_ENTRIES]
    if case.mistaken.numeric:
        # One point alone tells no constant factor from any other: near the truth, or a plain multiple of it, nothing is said.
        return any(np.allclose(truth, each * rows, 1e-9, 0) for _, truth in truths for each in (1, -1, 2, -2, 0.5, -0.5))
    # Any constant is a multiple of any other: it tells the answer only where it is the same.
    return any((terms.moved[local] and _proportional(truth, rows)) or _same(case, term, local) for term, truth in truths)


def _proportional(truth: Row, local: Row) -> bool:
    """Whether two functions are the same but for a constant factor, where not both are 0."""
    with np.errstate(all="ignore"):
        ratio = (truth / local)[(truth != 0) | (local != 0)]
        return len(ratio) > 1 and bool(np.ptp(ratio) <= 1e-9 * np.max(np.abs(ratio)))


def _same(case: Case, truth: int, local: int) -> bool:
    """Whether two terms are the same function, at least on the piece that the point lies on."""
    board = case.board
    found = decide(board.terms, [(truth, local)], Region(board.home, board.fixed, tuple(board.one_hot)), "", effort=_EFFORT)
    return found.status in (Status.EQUAL, Status.EQUAL_HERE)
