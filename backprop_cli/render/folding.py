"""Lines that are put together from cells and folded to a terminal's width; arrays keep their rows whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backprop_cli.render.cells import cell_text, joined, part_text, sentence
from backprop_cli.render.look import Look
from backprop_cli.render.visible import cells, visible
from backprop_cli.reports.document import Cell, Phrase

_LEAST = 24  # columns in which an array may start


def folded(parts: Sequence[Cell], look: Look, lead: str = "", indent: int = 4, then: str | None = None) -> Iterator[str]:
    """Cells side by side after `lead`; where they do not fit the width, further lines begin `indent` columns later.

    `then` is what further lines have in place of `lead`; it is as wide.
    """
    whole = joined(parts, look)[0]
    if "\n" not in whole and (look.width is None or cells(lead + whole) <= look.width):
        yield (lead + sentence(tuple(parts), look)).rstrip()
        return
    then = " " * cells(lead) if then is None else then
    inner = cells(then) + indent
    line, painted, empty = cells(lead), lead, True
    for text, role, tight in _pieces(parts, look, inner):
        lines = text.split("\n")
        blank = not empty and not tight
        if not empty and look.width is not None and line + blank + max(map(cells, lines)) > look.width:
            yield painted.rstrip()
            line, painted, empty, blank = inner, then + " " * indent, True, False
        line, painted = line + blank, painted + " " * blank
        start = line
        for number, each in enumerate(lines):
            if number:
                yield painted.rstrip()
                painted = then + " " * (start - cells(then))
            painted += look.paint(each, role)
            line = start + cells(each)
        empty = False
    yield painted.rstrip()


def narrowed(look: Look, width: int | None, colour: bool | None = None) -> Look:
    """The same look in another width."""
    return Look(width, look.colour if colour is None else colour, look.unicode, look.digits)


def _pieces(parts: Sequence[Cell], look: Look, start: int) -> Iterator[tuple[str, str, bool]]:
    """What is not folded: words, numbers, and arrays, these no wider than a line. True where no blank stands before."""
    narrow = look if look.width is None else narrowed(look, max(_LEAST, look.width - start))
    for part in parts:
        if isinstance(part, Phrase):
            yield from _pieces(part.parts, look, start)
            continue
        text, role = part_text(part, narrow)
        if "\n" in text:
            yield text, role, False
            continue
        for number, word in enumerate(text.split(" ") if look.width is not None else [text]):
            if word:
                yield word, role, number == 0 and isinstance(part, str) and word[0] in ",:;"


def above(heading: Cell, aside: Cell, look: Look) -> Iterator[str]:
    """The line above a block: its heading, and beside it what explains it."""
    title = look.paint(visible(own_text(heading, look)), "heading")
    if not aside:
        yield title
        return
    said = own_text(aside, look)
    start = cells(own_text(heading, look)) + 3
    if look.width is None or start + cells(said) <= look.width:
        yield f"{title}   {look.paint(said, 'dim')}"
        return
    lines = list(folded((said,), narrowed(look, look.width - start, False), "", 0))
    for number, line in enumerate(lines):
        yield (title + "   " if not number else " " * start) + look.paint(line, "dim")


def own_text(cell: Cell, look: Look) -> str:
    """What a document says by itself, with its signs in letters that the stream can hold."""
    if isinstance(cell, Phrase):
        cell = Phrase(tuple(look.glyphs(part) if isinstance(part, str) else part for part in cell.parts))
        return cell_text(cell, narrowed(look, look.width, False))[0]
    return look.glyphs(visible(cell)) if isinstance(cell, str) else cell_text(cell, look)[0]
