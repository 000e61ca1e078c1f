"""A trace as a lesson in moves: what is known at the start, and what each move adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.lang.syntax import Name
from backprop_cli.reports.document import Cell, Figure, Partial, Phrase, Rail, Substituted
from backprop_cli.reports.trace import Report
from backprop_cli.reports.trace_rails import rails
from backprop_cli.reports.trace_tables import lines_of


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line of the board: a leaf, whose value is known from the start, or a statement."""

    said: Cell
    value: Any | None


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """One move. `line` gets the `answer`; `source` are the lines it comes from; `asked` names what is found."""

    phase: str
    number: int
    count: int
    line: int
    source: tuple[int, ...]
    asked: Cell
    working: tuple[Cell, ...]
    answer: Any
    total: Any
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """The lines of the board and the moves that fill it."""

    output: str
    lines: Sequence[Line]
    moves: Sequence[Move]


def lesson(given: Report) -> Lesson:
    """The lesson of a trace. Raises BackpropError where there are more steps than anybody would walk."""
    if not given.small:
        message = f"{len(given.trace.blocks):,} statements are too many to walk through"
        raise BackpropError(Diagnostic("too-many-steps", message, hint="trace a part of it with --of, or leave --step out"))
    trace, values = given.trace, given.found.record.values
    wired = list(lines_of(given))
    drawn = rails(wired) if len(wired) <= 60 else None
    place = {node: number for number, (node, _) in enumerate(wired)}
    lines = []
    for number, (node, _) in enumerate(wired):
        rail: tuple[Cell, ...] = (Rail(drawn[number]),) if drawn is not None else ()
        name = trace.name(node)
        if node in trace.number_of:
            lines.append(Line(Phrase((*rail, Name(name), "=", trace.written(node))), None))
        else:
            lines.append(Line(Phrase((*rail, Name(name), given.found.roles.get(name, "leaf"))), values[node]))
    return Lesson(given.output, lines, [*_forward(given, place), *_backward(given, place)])


def _forward(given: Report, place: dict[int, int]) -> list[Move]:
    trace = given.trace
    moves = []
    for number, block in enumerate(trace.blocks, 1):
        step = trace.evaluated(block)
        few = all(getattr(value, "size", 1) <= 6 for value in step.operands.values())
        working: tuple[Cell, ...] = (step.written, *(("=", Substituted(step.written, step.operands)) if few else ()))
        source = tuple(place[read] for read in block.reads)
        asked = Phrase((Name(step.node),))
        moves.append(Move("forward", number, len(trace.blocks), place[block.node], source, asked, working, step.value, step.value, ""))
    return moves


def _backward(given: Report, place: dict[int, int]) -> list[Move]:
    output = given.output
    count = len(given.steps) + 1
    node = given.found.record.plan.output
    moves = []
    if node in place:
        start = given.found.record.adjoints[node]
        moves.append(
            Move("backward", 1, count, place[node], (), Partial(output, output), ("the start",), start, start, "it moves as itself")
        )
    for number, step in enumerate(given.steps, 2):
        working: tuple[Cell, ...]
        if step.factor and step.local is not None:
            chain: tuple[Cell, ...] = (Partial(output, step.user), "·", Partial(step.user, step.operand), "=")
            working = (*(chain if step.user != output else ()), Figure(step.upstream), "×", Figure(step.local, factor=True))
        elif step.written is not None:
            working = (step.written,)
        else:
            working = (Partial(output, step.user), "through the rule")
        note = step.rule
        if step.factor and step.written is not None:
            note += f": ∂{step.user}/∂{step.operand} = {step.written.text}"
        if step.count > 1:
            note += f"; contribution {step.nth} of {step.count} that meet at {step.operand}"
        if step.reused and step.user != output:
            note += f"; ∂{output}/∂{step.user} is used again"
        asked = Phrase((Partial(output, step.operand), "gets" if step.count > 1 else ""))
        source = (place[step.index],)
        answer, total = step.contribution, step.adjoint
        moves.append(Move("backward", number, count, place[step.read], source, asked, working, answer, total, note))
    return moves
