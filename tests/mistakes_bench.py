"""A bench for diagnoses: graphs, and one wrong answer at a time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from backprop_cli.homework.board import Board
from backprop_cli.homework.formulas import Formulas, half_unit
from backprop_cli.homework.mistakes import Mistaken, Other, diagnose
from backprop_cli.homework.verdicts import Diagnosis
from backprop_cli.homework.world import Ids
from backprop_cli.lang.parse import parse, parse_expression
from backprop_cli.lang.syntax import Number, postorder

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
G1 = "input x = 2, y = 2\nparam a = 3, b = 1\nu = x*a\nv = log(u)\nw = v + b\nt = 1/w\nz = y - t\nL = z^2"
G2 = "x = 2; a = 3; u = x*a; v = u^2; w = 5*u + 1; L = v*w"
G2T = "a = 1; b = 2*a; c = 3*b; d = b + c"
G3 = "input X = [[1, 2], [0, 1]], Y = [[1, 4], [3, 9]]\nparam W = [[1, 2], [3, 4]], b = [[1], [0]]\nA = W @ X + b\nJ = sum((A - Y)^2)/(2*2)"
S2 = "input x = [1, 0], t = 2\nparam W1 = [[1, 0], [-1, 1]], w2 = [1, 2]\nh = relu(W1 @ x)\nz = w2 @ h\nJ = 1/2*(t - z)^2"


def board_of(text: str, at: dict[str, Any] | None = None) -> Board:
    """The board of a program whose last name is the output."""
    program = parse(text)
    names = [statement.name for statement in program if getattr(statement, "name", None)]
    return Board(program, at or {}, names[-1])


def sample(name: str) -> str:
    return (SAMPLES / f"{name}.expr").read_text("utf-8")


def derivative(
    board: Board,
    of: str,
    by: str,
    text: str,
    others: Sequence[tuple[str, str, str, bool]] = (),
    rate: Fraction | None = None,
    seed: str = "bench",
) -> Diagnosis | None:
    """What is said of a wrong derivative, in the presence of other lines."""
    claimed, truth = terms(board, text), board.derivative(of, by)
    lines = [Other(one, two, terms(board, each), right) for one, two, each, right in others]
    return said(board, Mistaken(of, by, claimed, truth, others=lines, rate=rate), text, seed)


def value(board: Board, name: str, text: str) -> Diagnosis | None:
    """What is said of a wrong value."""
    return said(board, Mistaken(name, None, terms(board, text), board.values[name], kind="value"), text)


def update(board: Board, name: str, text: str, rate: Fraction) -> Diagnosis | None:
    """What is said of a wrong update."""
    made, slope = board.values[name], board.derivative(board.output or "", name)
    pairs = zip(made.ravel().tolist(), slope.ravel().tolist(), strict=True)
    apply, number = board.terms.apply, board.terms.number(rate)
    truth = np.array([apply("-", old, apply("*", number, each)) for old, each in pairs], dtype=np.int64).reshape(made.shape)
    return said(board, Mistaken(name, None, terms(board, text), truth, kind="update", rate=rate), text)


def terms(board: Board, text: str) -> Ids:
    return Formulas(board).terms_of(parse_expression(text))


def said(board: Board, given: Mistaken, text: str, seed: str = "bench") -> Diagnosis | None:
    tree = parse_expression(text)
    numeric = not any(board.terms.moved[each] for each in given.claimed.ravel().tolist())
    decimals = [float(half_unit(part.text)) for part in postorder(tree) if isinstance(part, Number) and "." in part.text]
    half = max(decimals, default=None) if numeric else None
    whole = Mistaken(
        given.of, given.by, given.claimed, given.truth, numeric, half, given.world, given.others, tree, given.rate, given.kind
    )  # fmt: skip
    return diagnose(board, whole, seed)
