"""Work and output grow as the file does, also for files that are long in one direction or merely wrong: counted, not timed."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backprop_cli import differentiate, grad, parse
from backprop_cli.autodiff import blocks
from backprop_cli.errors import BackpropError, Span
from backprop_cli.graph.build import build
from backprop_cli.lang.program import Assign
from backprop_cli.render import numbers
from backprop_cli.render.numbers import number_text
from backprop_cli.reports.trace import report
from tests.conftest import Backprop


def counting(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[None]:
    """A list that grows with each call of a function."""
    calls: list[None] = []
    original: Callable[..., Any] = getattr(owner, name)

    def counted(*given: Any, **named: Any) -> Any:
        calls.append(None)
        return original(*given, **named)

    monkeypatch.setattr(owner, name, counted)
    return calls


def test_the_words_of_a_statement_are_placed_once_however_many_leaves_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counting(monkeypatch, Assign, "word_spans")
    graph = build(parse("L = " + " + ".join(f"x{number}" for number in range(40))))
    assert len(graph.leaves) == 40
    assert graph.first_use[graph.leaves["x39"]] == Span(4 + 10 * 5 + 29 * 6, 4 + 10 * 5 + 29 * 6 + 3)
    assert len(calls) <= 2


def test_the_parameters_of_a_function_are_looked_up_and_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(str):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    def compared(count: int) -> int:
        names = [f"p{number}" for number in range(count)]
        program = parse(f"f({', '.join(names)}) = {' + '.join(names)}\nL = f({', '.join(['x'] * count)})")
        object.__setattr__(program.statements[0], "parameters", tuple(map(Counted, names)))
        Counted.compared = 0
        build(program)
        return Counted.compared

    assert compared(80) <= 2 * compared(40) + 8


@pytest.mark.parametrize("line", ["u = 2x", "u = $"])
def test_each_wrong_line_is_looked_at_by_itself(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a place has been told is no search among all complaints so far."""
    calls = counting(monkeypatch, Span, "__eq__")
    with pytest.raises(BackpropError) as caught:
        parse("\n".join([line] * 60))
    assert (caught.value.found, len(caught.value.diagnostics)) == (60, 10)
    assert len(calls) <= 60


# ---- a trace ----


def operations(text: str) -> list[str]:
    """The forward steps of a trace that opens every operation."""
    return [f"{step.node} = {step.written.text}" for step in report(parse(text), {"x": 0.5}, ops=True).trace.forward()]  # type: ignore[dict-item]


def test_a_statement_of_many_operations_is_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counting(monkeypatch, blocks, "layout")
    found = operations("L = " + " + ".join(["x"] * 40))
    assert (found[0], found[-1], len(found)) == ("L_1 = x + x", "L = L_38 + x", 39)
    assert len(calls) == 1


@pytest.mark.parametrize("function", ["sin", "elu", "leaky_relu"])
def test_an_operation_names_those_below_it(function: str) -> None:
    """Also where an operand is left out."""
    found = operations("L = " + f"{function}(" * 40 + "x" + ")" * 40)
    assert (found[0], found[-1]) == (f"L_1 = {function}(x)", f"L = {function}(L_39)")
    assert max(map(len, found)) < 30


def test_an_operation_of_a_function_names_what_was_passed() -> None:
    """Numbers and axes that are passed stand in it as they are."""
    own = "f(p, q) = elu(p)*q^2\ng(p, k) = f(p, 3) + sum([p, 2*p], axis=k)\nh(p) = p\n"
    assert operations(own + "L = g(-sin(x), 0)") == [
        "L_1 = sin(x)",
        "L_2 = -L_1",
        "L_3 = elu(L_2)",
        "L_4 = 3^2",
        "L_5 = L_3*L_4",
        "L_6 = 2*L_2",
        "L_7 = [L_2, L_6]",
        "L_8 = sum(L_7, axis=0)",
        "L = L_5 + L_8",
    ]
    assert operations(own + "L = h(h(sin(x)))") == ["L = sin(x)"]
    assert operations(own + "u = h(x)\nL = 2*u") == ["u = x", "L = 2*u"]


def test_functions_that_pass_much_are_not_written_out_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is passed to a function stands in its operations by name."""
    calls = counting(monkeypatch, blocks, "passed")
    found = operations("f(p) = sin(p)\nL = " + "f(" * 30 + "x" + ")" * 30)
    assert found[-1] == "L = sin(L_29)"
    assert calls == []


def test_names_that_do_not_count_are_not_worked_out_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient of 0 for each of n parameters: no plan of the whole graph for any of them."""
    made = counting(monkeypatch, sys.modules["backprop_cli.autodiff.differentiate"], "make_plan")
    text = "param " + ", ".join(f"x{number} = 1" for number in range(300)) + "\nL = x0*x1"
    assert sum(grad(text).gradients.values()) == 2
    assert len(made) == 1
    arrays = grad("param x, y, z = 3\nL = sum(x)", {"x": [1, 2], "y": [[1, 2]]}).gradients
    assert (arrays["y"].tolist(), arrays["z"]) == ([[0, 0]], 0)


def test_the_users_of_nodes_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every statement that the output does not use has a complaint, and each complaint looks at what stands around."""
    graph = build(parse("x = 2\n" + "\n".join(f"u{number} = log(0 - {number} - x)" for number in range(300)) + "\nL = x^2"))
    looked = counting(monkeypatch, type(graph), "operands")
    assert len(differentiate(graph).warnings) == 300
    assert len(looked) < 40 * len(graph)


@pytest.mark.parametrize("shape", [(7,), (1, 5), (3, 2), (2, 3, 2), (2, 1, 1, 3), (0,), (2, 0)])
def test_whole_arrays_are_laid_out_as_numpy_does(shape: tuple[int, ...]) -> None:
    """NumPy's own layout takes the square of the length of a row: 25 seconds for 400,000 entries."""
    value = np.arange(math.prod(shape), dtype=float).reshape(shape) - 3
    lines = np.array2string(value, separator=", ", threshold=10**6, max_line_width=10**6, formatter={"all": number_text}).split("\n")
    assert numbers._layout(value, 10**6, 3, number_text, None) == "\n".join(each.rstrip() for each in lines if each.strip())


@pytest.mark.parametrize("command", ["grad", "trace"])
def test_no_more_warnings_are_shown_than_somebody_reads(backprop: Backprop, command: str) -> None:
    text = "x = 2\n" + "\n".join(f"u{number} = log(0 - x - {number})" for number in range(60)) + "\nL = x^2"
    shown = backprop(command, "-e", text).out
    assert "and 20 warnings more; --json has them all" in shown
    assert shown.count("L does not use this") == 40
    assert len(json.loads(backprop(command, "-e", text, "--json").out)["warnings"]) == 60
