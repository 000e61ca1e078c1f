"""The benchmarks' own programs: all ways to a gradient agree, and the work grows with the size of the file, counted, not timed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from backprop_cli.autodiff import differentiate
from backprop_cli.graph.build import build
from backprop_cli.graph.graph import Graph
from backprop_cli.lang.parse import parse
from tests.benchmarks import arrays, many
from tests.benchmarks.__main__ import SECTIONS
from tests.benchmarks.measure import WrongAnswer, agree, interleaved
from tests.benchmarks.peers import HEADERS, script
from tests.benchmarks.programs import LEAVES, OPERATIONS, FlatTape, expr_text, function
from tests.benchmarks.table import drawn, times


def graph_of(count: int) -> Graph:
    return build(parse(expr_text(count), "program"))


@pytest.mark.parametrize("count", [1, 6, 97, 1000])
def test_ours_the_flat_tape_and_differences_agree(count: int) -> None:
    ours = differentiate(graph_of(count)).gradients
    agree({"ours": ours, "flat tape": FlatTape(count).gradient()}, 1e-12)
    f = function(count)
    for name in LEAVES if count > 3 else ["x"]:
        ahead, behind = (f(**{**LEAVES, name: LEAVES[name] + side}) for side in (1e-6, -1e-6))
        assert (ahead - behind) / 2e-6 == pytest.approx(ours[name], rel=1e-6, abs=1e-6)  # type: ignore[operator]


def test_values_and_derivatives_stay_of_the_order_of_one() -> None:
    found = differentiate(graph_of(4000))
    adjoints = [abs(float(each)) for node, each in enumerate(found.record.adjoints) if found.record.plan.moved[node]]
    assert min(adjoints) > 1e-6
    assert max(adjoints) < 1e3
    assert abs(found.value) < 1e3


def test_work_is_linear_in_the_size_of_the_file() -> None:
    sizes = (400, 800, 1600)
    graphs = [graph_of(size) for size in sizes]
    applied = [sum(op >= 0 for op in graph.op) for graph in graphs]
    assert applied == [OPERATIONS * size for size in sizes]
    steps = []
    for graph in graphs:
        counted = Counted()
        graph.known.clear()
        object.__setattr__(graph, "a", CountedList(graph.a, counted))
        differentiate(graph)
        steps.append(counted.reads)
    assert steps[0] > 400
    assert steps[1] / steps[0] == pytest.approx(2, rel=0.05)
    assert steps[2] / steps[1] == pytest.approx(2, rel=0.05)


class Counted:
    reads = 0


class CountedList(list[int]):
    """First operands that count how often they are read."""

    def __init__(self, entries: object, counted: Counted) -> None:
        super().__init__(entries)  # type: ignore[call-overload]
        self.counted = counted

    def __getitem__(self, at: int) -> int:  # type: ignore[override]
        self.counted.reads += 1
        return super().__getitem__(at)

    def __iter__(self) -> Iterator[int]:
        for entry in super().__iter__():
            self.counted.reads += 1
            yield entry

    def __reversed__(self) -> Iterator[int]:
        for entry in super().__reversed__():
            self.counted.reads += 1
            yield entry


def test_a_further_gradient_of_a_graph_reads_no_operand_again_before_the_loops() -> None:
    graph = graph_of(400)
    first, second = differentiate(graph), differentiate(graph)
    counted = Counted()
    object.__setattr__(graph, "a", CountedList(graph.a, counted))
    third = differentiate(graph)
    assert first.gradients == second.gradients == third.gradients
    assert counted.reads == 0


def test_numpy_by_hand_and_ours_agree() -> None:
    agree({who: arrays.contestant(who, 4)() for who in ("NumPy by hand", "ours")}, 1e-12)


def test_one_pass_and_a_loop_agree() -> None:
    agree({who: many.contestant(who, 50)() for who in ("one pass", "a loop")}, 1e-12)


@pytest.mark.parametrize("peer", HEADERS)
def test_scripts_for_peers_are_python(peer: str) -> None:
    compile(script(peer, 9), peer, "exec")


def test_a_wrong_answer_is_no_time() -> None:
    with pytest.raises(WrongAnswer, match="b finds x"):
        agree({"a": {"x": 1.0}, "b": {"x": 1.1}})
    agree({"a": {"x": 1.0}, "late": None, "b": {"x": 1.0 + 1e-12}})


def test_turns_are_taken_and_late_ones_are_left_out() -> None:
    turns: list[str] = []

    def run(name: str, seconds: float | None) -> float | None:
        turns.append(name)
        return seconds

    found = interleaved({"a": lambda: run("a", 1.0), "late": lambda: run("late", None), "long": lambda: run("long", 99.0)}, 2)
    assert found == {"a": 1.0, "late": None, "long": 99.0}
    assert turns == ["a", "late", "long", "a"]
    assert times(None) == "late"
    assert times(3.0, 2.0) == "1.50"
    assert drawn(["n", "ours"], [["1,000", "2"]]).splitlines()[2] == "1,000     2"


def test_every_section_has_a_title_and_stands_in_the_readme() -> None:
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")
    assert "python -m tests.benchmarks" in readme
    for module in SECTIONS.values():
        assert module.TITLE
        assert callable(import_module(module.__name__).section)
    assert math.isclose(sum(LEAVES.values()), 0.8)
