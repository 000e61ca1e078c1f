"""Work and output grow as the file does, also for files that are long in one direction or merely wrong: counted, not timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backprop_cli import parse
from backprop_cli.errors import BackpropError, Span
from backprop_cli.graph.build import build
from backprop_cli.lang.program import Assign


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
