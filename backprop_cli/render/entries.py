"""Answers and what became of them: a line for each, and below it, behind a rule, what there is to say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from backprop_cli.render.cells import cell_text, joined
from backprop_cli.render.diagnostic import framed
from backprop_cli.render.folding import folded, narrowed
from backprop_cli.render.look import Look
from backprop_cli.render.visible import cells, pad, visible
from backprop_cli.reports.document import Block, Cell, Document, Entries, Entry, Listing, Mark, Phrase, Table

_MARKS = {
    Mark.RIGHT: ("✓", "right"),
    Mark.FOLLOWS: ("↪", "name"),
    Mark.NEARLY: ("≈", "name"),
    Mark.WRONG: ("✗", "wrong"),
    Mark.OPEN: ("?", "name"),
}
_GAP = "   "
_SHARE = 0.5  # of the width, for what was written
_PLAIN = 60  # columns for it where there is no width
_LEAST = 20  # columns that are left for a detail
_QUIET = ("note", "how")  # details in dim letters


def entries(block: Entries, look: Look) -> Iterator[str]:
    """The lines of the block. What was written and what is said of it stand in columns; long answers are folded, never cut."""
    marks = max((cells(look.glyphs(glyph)) for glyph, _ in (_MARKS[each.mark] for each in block.rows)), default=0)
    labels = max((len(each.label) for each in block.rows), default=0)
    words = max((len(word) for each in block.rows for word, _ in each.details), default=0)
    most = _PLAIN if look.width is None else int(look.width * _SHARE)
    widths = (cells(_written(each, look)) for each in block.rows)
    width = max((each for each in widths if each <= most), default=0)
    for each in block.rows:
        yield from _entry(each, (marks, labels, width, words), look)


def _written(entry: Entry, look: Look) -> str:
    return look.glyphs(" ".join(cell_text(entry.body, look)[0].split()))


def _entry(entry: Entry, sizes: tuple[int, int, int, int], look: Look) -> Iterator[str]:
    """An answer and, below it, its details."""
    marks, labels, width, words = sizes
    glyph, role = _MARKS[entry.mark]
    start = marks + 1 + labels + 2
    lead = look.paint(pad(look.glyphs(glyph), marks), role) + " " + look.paint(entry.label.rjust(labels), "dim") + "  "
    written, said = _written(entry, look), look.glyphs(visible(entry.said))
    column = max(width, cells(written))
    below = list(_below(entry, start, words, look))
    if look.width is None or start + column + len(_GAP) + cells(said) <= look.width:
        yield f"{lead}{pad(written, column)}{_GAP}{_said(entry, said, look)}\n"
    else:
        lines = list(_hard_folded(written, look.width - start))
        yield lead + lines[0] + "\n"
        rest = [(line, "") for line in lines[1:]]
        spoken = folded((said,), narrowed(look, max(_LEAST, look.width - start - 2), False), "", 0)
        below = [*rest, *((_said(entry, line, look), "  ") for line in spoken), *below]
    for number, (line, indent) in enumerate(below):
        edge = "╰" if number == len(below) - 1 else "│"
        yield look.paint(look.glyphs(edge), "dim") + " " * (start - 1) + indent + line.rstrip() + "\n"


def _said(entry: Entry, said: str, look: Look) -> str:
    return look.paint(said, "dim" if entry.mark is Mark.RIGHT else _MARKS[entry.mark][1])


def _hard_folded(text: str, width: int) -> Iterator[str]:
    """A text in pieces of a width, at blanks where there are any; an answer may be one long word."""
    while cells(text) > width:
        cut = len(text)
        while cells(text[:cut]) > width:
            cut -= max(1, (cells(text[:cut]) - width) // 2)
        blank = text.rfind(" ", width // 2, cut + 1)
        cut = max(blank if blank > 0 else cut, 1)
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    yield text


def _below(entry: Entry, start: int, words: int, look: Look) -> Iterator[tuple[str, str]]:
    """The lines below an answer, each with its indent."""
    if entry.quoted is not None:
        yield from ((line, "  ") for line in framed(entry.quoted, look))
    room = None if look.width is None else max(_LEAST, look.width - start - words - 4)
    for word, parts in entry.details:
        quiet = word in _QUIET
        ours = [look.glyphs(part) if isinstance(part, str) else part for part in parts]
        lines = list(folded(ours, narrowed(look, room, look.colour and not quiet), "", 0))
        for number, line in enumerate(chain.from_iterable(each.split("\n") for each in lines)):
            before = pad("" if number else word, words) + "  "
            yield look.paint(before, "dim" if quiet else "heading") + (look.paint(line, "dim") if quiet else line), "  "


def opened(document: Document) -> Document:
    """The document with ordinary tables and lists in the place of answers, for formats that know no others."""
    if not any(isinstance(block, Entries) for block in document.blocks):
        return document
    return Document(tuple(chain.from_iterable(_opened(block) if isinstance(block, Entries) else (block,) for block in document.blocks)))


def _opened(block: Entries) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [(_MARKS[each.mark][0], each.label, each.body, each.said) for each in block.rows]
    yield Table(("", "line", "answer", "verdict"), rows)
    for each in block.rows:
        lines: list[tuple[Cell, ...]] = [(f"{word}:", *parts) for word, parts in each.details]
        if each.quoted is not None:
            source, span = each.quoted.source, each.quoted.span
            place = f"column {source.place(span.start)[1]}:" if source and span else ""
            lines[:0] = [(place, each.quoted.message), *([("try:", each.quoted.hint)] if each.quoted.hint else [])]
        if lines:
            yield Listing(Phrase((f"line {each.label}:" if each.label else "", each.body)), tuple(lines))


def entry_text(entry: Entry) -> str:
    """An answer with its details as plain text, for systems that show such."""
    look = Look()
    return "".join(_entry(entry, (1, len(entry.label), 0, max((len(word) for word, _ in entry.details), default=0)), look)).rstrip("\n")


def heading_text(entry: Entry) -> str:
    """What an answer is called in lists: its line and what was written."""
    written = joined((entry.body,), Look())[0]
    return f"line {entry.label}: {written}" if entry.label else written
