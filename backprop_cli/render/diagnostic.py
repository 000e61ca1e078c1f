"""The one drawing of what went wrong: the complaint, its place, the line with a caret, how it came about, what to try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backprop_cli.errors import BackpropError, Diagnostic, Remark, Source
from backprop_cli.render.look import Look
from backprop_cli.render.visible import cells, pad, visible

_WINDOW = 80  # columns shown around the caret
_BEFORE = 50  # of them, the most that stand before it
_TRAIL = 40  # columns of a line that is shown for the value it led to
_MOST_TOLD = 600  # characters of one sentence: names may be as long as a file


def drawing(error: BackpropError, look: Look) -> Iterator[str]:
    """Every complaint of an error, one after the other, line by line."""
    for number, diagnostic in enumerate(error.diagnostics):
        if number:
            yield "\n"
        for line in _complaint(diagnostic, look):
            yield line.rstrip() + "\n"
    more = error.found - len(error.diagnostics)
    if more > 0:
        yield f"\nand {more} more error{'s' * (more > 1)}\n"


def _complaint(given: Diagnostic, look: Look) -> Iterator[str]:
    yield look.paint(f"error[{given.reference}]", "wrong") + ": " + look.paint(_told(given.message), "name")
    yield from framed(given, look)


def framed(given: Diagnostic, look: Look) -> Iterator[str]:
    """Where something went wrong, and the remarks on it, without the message itself."""
    remarks = [(word, _told(text)) for word, text in (("why", given.note), ("try", given.hint)) if text]
    if given.source is None or given.span is None:
        for word, text in remarks:
            yield "   " + look.paint(word, "heading") + "  " + text
        return
    source, span = given.source, given.span
    number, column = source.place(span.start)
    trail = [(source.place(each.span.start)[0], each) for each in given.trail]
    gutter = len(str(max([number, *(line for line, _ in trail)])))

    def edge(glyph: str, line: int | None = None) -> str:
        return look.paint(f" {line if line is not None else '':>{gutter}} {look.glyphs(glyph)}", "dim")

    yield edge("╭─") + f" {_told(source.name)}:{number}:{column}"
    yield from (edge("│", line) + " " + text for line, text in _trail(source, trail, number, look))
    shown, lead, width = _window(source.line(number), column - 1, span.end - span.start, look)
    yield edge("│", number) + " " + shown
    label = " " + _told(given.label) if given.label else ""
    yield edge("│") + " " + " " * lead + look.paint("^" * width + label, "wrong")
    for each in (each for line, each in trail if line == number):
        yield edge("│") + " " + _told(each.text)
    for position, (word, text) in enumerate(remarks, 1):
        yield edge("╰─" if position == len(remarks) else "├─") + " " + look.paint(word, "heading") + "  " + text


def _told(text: str) -> str:
    """A sentence as it is shown: its beginning and its end, where what it quotes is very long."""
    return visible(text if len(text) <= _MOST_TOLD else f"{text[: _MOST_TOLD // 2]} ... {text[-_MOST_TOLD // 4 :]}")


def _trail(source: Source, trail: list[tuple[int, Remark]], number: int, look: Look) -> list[tuple[int, str]]:
    """The lines before the faulty one, each with what it came to, in one column."""
    shown = [(line, visible(source.line(line)).strip(), each) for line, each in trail if line != number]
    shown = [(line, text if cells(text) <= _TRAIL else _cut(text, _TRAIL, look), each) for line, text, each in shown]
    width = max((cells(text) for _, text, _ in shown), default=0)
    return [(line, pad(text, width) + "   " + look.paint(_told(each.text), "value")) for line, text, each in shown]


def _cut(text: str, width: int, look: Look) -> str:
    dots = look.glyphs("…")
    kept = text[: width - len(dots)]
    while cells(kept) > width - len(dots):
        kept = kept[:-1]
    return kept + dots


def _window(line: str, column: int, length: int, look: Look) -> tuple[str, int, int]:
    """The part of a line around the caret, the columns before the caret, and the caret's width."""
    line = line.rstrip("\n")
    marked = line[column : column + max(length, 1)]
    first = column
    while first > 0 and cells(visible(line[first - 1 : column])) <= _BEFORE:
        first -= 1
    if cells(visible(line[:column])) <= _BEFORE + 3:
        first = 0
    dots = look.glyphs("…")
    lead = dots * (first > 0) + visible(line[first:column])
    room = _WINDOW - cells(lead)
    rest = visible(line[column : column + room + 1])
    if cells(rest) > room or column + room + 1 < len(line):
        rest = _cut(rest + " " * room, room, look)
    indent = len(lead) - len(lead.lstrip()) if first == 0 else 0
    width = max(1, min(cells(visible(marked)), room))
    return lead[indent:] + rest, cells(lead) - indent, width


# ---- as data ----


def errors_data(error: BackpropError) -> dict[str, Any]:
    """The complaints as JSON keeps them."""
    return {"schema": 1, "errors": [_data(each) for each in error.diagnostics], "found": error.found}


def _data(given: Diagnostic) -> dict[str, Any]:
    source, span = given.source, given.span
    file = None if source is None else source.name
    line = column = end_line = end_column = None
    if source is not None and span is not None:
        line, column = source.place(span.start)
        end_line, end_column = source.place(span.end)
    trail = [{"line": source.place(each.span.start)[0], "text": each.text} for each in given.trail] if source is not None else []
    return {
        "code": given.reference, "message": given.message, "file": file,
        "line": line, "column": column, "end_line": end_line, "end_column": end_column,
        "label": given.label, "note": given.note, "help": given.hint, "trail": trail,
    }  # fmt: skip
