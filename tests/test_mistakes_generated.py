"""Every slip on every step of a set of graphs: injected by hand, it is found again; where nothing is injected, nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from random import Random

import numpy as np
import pytest

from backprop_cli.equality.slopes import pulled
from backprop_cli.homework.board import Board
from backprop_cli.homework.mistakes import Mistaken, Other, diagnose
from backprop_cli.homework.mistakes_field import Field, generic_points, home_field
from backprop_cli.homework.world import Ids, World
from backprop_cli.lang.parse import parse_expression
from tests.mistakes_bench import G1, G2, G2T, board_of, sample

GRAPHS = {
    "chain": G1,
    "diamond": G2,
    "order": G2T,
    "uses": "a = 2; b = 3; p = a*b; q = sin(p); r = p + q; s = r*p; L = sqrt(s + 9)",
    "functions": "x = 0.4; k = 1.5; a = k*x; b = tanh(a); c = exp(b); d = cos(c); e = c^3; f = d/e; L = log(f^2 + 1)",
    "powers": "a = 2; x = 1.5; y = a^x; z = y - x; L = z^2",
    "hidden-layer": sample("hidden-layer"),
    "log-likelihood": sample("log-likelihood"),
    "micrograd": sample("micrograd"),
    "network": sample("network-2-2-2"),
    "neuron": sample("neuron"),
    "polynomial": sample("polynomial"),
    "product-and-exp": sample("product-and-exp"),
    "several-children": sample("several-children"),
    "sum-times": sample("sum-times"),
    "two-inputs": sample("two-inputs"),
}
# What stands in the place of a local derivative `l`; `y` is the user's value, `x` the operand's.
SLIPS = {"M01": "-l", "M02": "1", "M03": "y", "M04": "x", "M05": "1/l", "M12": "0", "M14": "2*l"}


def steps(board: Board) -> Iterator[tuple[str, str]]:
    """The steps from name to name below the output."""
    above = board.adjoints(board.output or "")
    for user in board.order:
        nothing = all(board.terms.value(each) == 0 for each in above[user].ravel().tolist())
        if not board.scope.is_leaf(user) and not nothing:
            yield from ((user, operand) for operand in board.reads(user))


def wrong(board: Board, user: str, operand: str, slip: str) -> int:
    """The local derivative with a slip."""
    local, y, x = (int(ids.ravel()[0]) for ids in (board.local(user, operand), board.values[user], board.values[operand]))
    return board.terms.formula(parse_expression(SLIPS[slip]), {"l": local, "y": y, "x": x})


def answer(board: Board, edges: dict[tuple[str, str], int], by: str) -> Ids:
    world = World({}, {}, {edge: np.array([each]).reshape(board.local(*edge).shape) for edge, each in edges.items()})
    return board.derivative(board.output or "", by, world)


def double(board: Board, claimed: Ids, truth: Ids) -> bool:
    """Whether an answer is twice the truth."""
    twice = [board.terms.apply("*", board.terms.number(2), each) for each in truth.ravel().tolist()]
    return same(board, claimed, np.array(twice, dtype=np.int64))


def same(board: Board, one: Ids, two: Ids) -> bool:
    """Whether two answers are the same numbers near by: a factor 1 left out is no slip."""
    keys = board.terms.leaves([*one.ravel().tolist(), *two.ravel().tolist()])
    at_home = Field(board.terms, {}, 1)
    home = {each: float(at_home.row(board.home[each])[0]) for each in keys if each in board.home}
    field = Field(board.terms, generic_points(keys, home, frozenset(), (), "same", 12), 12)
    a, b = field.rows(one.ravel().tolist()), field.rows(two.ravel().tolist())
    good = np.isfinite(a) & np.isfinite(b)
    return bool(np.all(np.abs(a - b)[good] <= 1e-9 * np.abs(a)[good] + 1e-12))


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_slip_that_was_injected_is_found(graph: str) -> None:
    board = board_of(GRAPHS[graph])
    of = board.output or ""
    tried, missed = 0, []
    for number, (user, operand) in enumerate(steps(board)):
        for slip in SLIPS:
            edges = {(user, operand): wrong(board, user, operand, slip)}
            # One leaf that the slip touches is enough, another one for each step.
            turned = [*board.leaves[number % len(board.leaves) :], *board.leaves[: number % len(board.leaves)]]
            touched = (by for by in turned if not same(board, answer(board, edges, by), board.derivative(of, by)))
            for by in islice(touched, 1):
                claimed, truth = answer(board, edges, by), board.derivative(of, by)
                tried += 1
                due = "M28" if slip == "M14" and double(board, claimed, truth) else slip
                found = diagnose(board, Mistaken(of, by, claimed, truth), f"{graph} {slip}")
                if found is None or due not in found.slips:
                    missed.append((user, operand, slip, by, found and found.slips))
    assert tried > 10
    assert not missed


@pytest.mark.parametrize("graph", GRAPHS)
def test_where_nothing_was_injected_nothing_is_found(graph: str) -> None:
    board = board_of(GRAPHS[graph])
    of = board.output or ""
    for by in board.order:
        truth = board.derivative(of, by)
        assert diagnose(board, Mistaken(of, by, truth, truth), graph) is None
        # The same function as other terms, summed in another order.
        (root,) = board.values[of].ravel().tolist()
        targets = frozenset(board.values[by].ravel().tolist())
        expanded = board.terms.rewritten([root], {each: each for each in targets})
        again = pulled(board.terms, {expanded[0]: board.terms.number(Fraction(1))}, targets.__contains__)
        other = np.array([again.get(each, board.terms.number(0)) for each in board.values[by].ravel().tolist()], dtype=np.int64)
        assert diagnose(board, Mistaken(of, by, other.reshape(truth.shape), truth), graph) is None


@pytest.mark.parametrize("graph", ["chain", "functions", "hidden-layer", "network"])
def test_a_slip_shows_in_the_number_at_the_point_too(graph: str) -> None:
    board = board_of(GRAPHS[graph])
    of = board.output or ""
    numbers = home_field(board.terms, board.home, board.leaves, board.leaves)
    assert numbers is not None
    tried = 0
    for number, (user, operand) in enumerate(steps(board)):
        for slip in ("M01", "M02", "M12"):
            edges = {(user, operand): wrong(board, user, operand, slip)}
            by = board.leaves[number % len(board.leaves)]
            claimed, truth = answer(board, edges, by), board.derivative(of, by)
            mine, right = (numbers.row(int(ids.ravel()[0]))[0] for ids in (claimed, truth))
            half = 5e-6 * abs(mine) if mine else 1e-9
            if not np.isfinite(mine) or abs(mine - right) <= 2 * half:
                continue
            tried += 1
            given = np.array([board.terms.number(Fraction(f"{mine:.6g}"))]).reshape(truth.shape)
            found = diagnose(board, Mistaken(of, by, given, truth, True, float(half)), "number")
            assert found is not None, (user, operand, slip, by)
            assert slip in found.slips, (user, operand, slip, by, found.slips)
    assert tried >= 8


@pytest.mark.parametrize("graph", ["chain", "uses", "functions", "network"])
def test_the_students_lines_single_out_the_step(graph: str) -> None:
    board = board_of(GRAPHS[graph])
    of = board.output or ""
    right = 0
    for user, operand in steps(board):
        edges = {(user, operand): wrong(board, user, operand, "M01")}
        claims = {by: answer(board, edges, by) for by in board.order if by != of}
        lines = [Other(of, by, ids, same(board, ids, board.derivative(of, by))) for by, ids in claims.items()]
        for by in board.leaves:
            truth = board.derivative(of, by)
            if same(board, claims[by], truth):
                continue
            found = diagnose(board, Mistaken(of, by, claims[by], truth, others=[each for each in lines if each.by != by]), "lines")
            assert found is not None
            assert "M01" in found.slips
            right += found.where == f"d{user}/d{operand}"
            break
    assert right >= 4


def test_two_slips_at_once() -> None:
    board = board_of(G1)
    edges = {("t", "w"): wrong(board, "t", "w", "M01"), ("v", "u"): wrong(board, "v", "u", "M05")}
    truth = board.derivative("L", "a")
    found = diagnose(board, Mistaken("L", "a", answer(board, edges, "a"), truth), "two")
    assert found is not None
    assert {"M01", "M05"} <= set(found.slips)
    assert "two slips" in found.message


def test_a_slip_on_top_of_an_earlier_wrong_answer() -> None:
    board = board_of(G1)
    terms = board.terms
    earlier = np.array(terms.apply("*", int(board.derivative("L", "w")), terms.apply("sin", terms.leaf("y"))))
    world = World({}, {("L", "w"): earlier})
    # dL/da from the wrong dL/dw, and with the minus where none is.
    claimed = np.array(terms.apply("u-", int(board.derivative("L", "a", world))))
    truth = board.derivative("L", "a")
    assert diagnose(board, Mistaken("L", "a", claimed, truth), "top") is None
    found = diagnose(board, Mistaken("L", "a", claimed, truth, world=world), "top")
    assert found is not None
    assert "M01" in found.slips
    assert "besides the earlier answers" in found.message


@pytest.mark.parametrize("name", ["layers-relu", "neurons", "sigmoid-layers", "softmax-cross-entropy", "logistic-vectors", "relu-exercise"])
def test_arrays_signs_halves_and_transposes(name: str) -> None:
    board = board_of(sample(name))
    of, terms = board.output or "", board.terms
    for by in board.order:
        truth = board.derivative(of, by)
        if by == of or all(terms.value(each) == 0 for each in truth.ravel().tolist()):
            continue
        turned = np.array([terms.apply("u-", each) for each in truth.ravel().tolist()]).reshape(truth.shape)
        twice = np.array([terms.apply("*", terms.number(2), each) for each in truth.ravel().tolist()]).reshape(truth.shape)
        for claimed, slip in ((turned, "M01"), (twice, "M28"), (truth.T, "M32")):
            if slip == "M32" and (truth.ndim < 2 or truth.shape[0] == truth.shape[1] == 1):
                continue
            found = diagnose(board, Mistaken(of, by, claimed, truth), name)
            assert found is not None
            assert slip in found.slips, (by, slip, found.slips)


@pytest.mark.parametrize("name", ["logistic-regression", "neurons", "leaf-and-kink", "softmax-cross-entropy", "embedding", "layers-relu"])
def test_whatever_is_claimed_nothing_is_raised(name: str) -> None:
    board = board_of(sample(name))
    random = Random(name)
    pairs = [(of, by) for of in board.order for by in board.order]
    found = 0
    for of, by in random.sample(pairs, min(len(pairs), 15)):
        truth = board.derivative(of, by)
        other = board.values[random.choice(board.order)]
        numbers = np.array(board.terms.number(random.randint(-5, 9)))
        odd = [board.terms.apply(random.choice(["exp", "u-", "sin"]), each) for each in truth.ravel().tolist()]
        lines = [Other(*random.choice(pairs), board.values[random.choice(board.order)], random.random() < 0.5) for _ in range(3)]
        for claimed in (other, numbers, np.array(odd, dtype=np.int64).reshape(truth.shape)):
            numeric = not any(board.terms.moved[each] for each in claimed.ravel().tolist())
            for kind, asked, right in (("derivative", by, truth), ("value", None, board.values[of]), ("update", None, board.values[of])):
                given = Mistaken(of, asked, claimed, right, numeric, others=lines, kind=kind, rate=Fraction(1, 10))
                found += diagnose(board, given, name) is not None
    assert found
