"""One cell of a document as text and the role that colours it: what plain and terminal drawings share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backprop_cli.lang.pattern import Filled
from backprop_cli.render.look import Look
from backprop_cli.render.numbers import FEW_ENTRIES, is_array, value_text
from backprop_cli.render.visible import cells, visible
from backprop_cli.reports.document import Bar, Cell, Figure, Partial, Phrase, Rail, Shape, Status, Substituted

_STATUS = {Status.RIGHT: ("✓", "right"), Status.WRONG: ("✗", "wrong"), Status.OPEN: ("?", "name"), Status.NOTE: ("!", "wrong")}
_BAR = 12
_SUM = re.compile(r" [+-] ")
_LOOSE = re.compile(r"^-| [+-] ")
RAILS = str.maketrans({"╭": ".", "╰": "`", "├": "|", "│": "|", "─": "-", "┬": "+", "┴": "+", "┼": "+", "▶": ">", "╴": "-"})


def cell_text(cell: Cell, look: Look) -> tuple[str, str]:
    """The text of a cell, of several lines at times, and its role."""
    match cell:
        case str():
            return visible(cell), ""
        case Phrase():
            return phrase_text(cell, look)
        case Filled():
            return visible(cell.text), ""
        case Partial(of=of, wrt=wrt):
            d = look.glyphs("∂")
            return visible(f"{d}{of}/{d}{wrt}"), ""
        case Figure(value=value, gradient=gradient, factor=factor):
            most = None if look.width is None else FEW_ENTRIES
            text = value_text(value, look.digits, most, look.width)
            return f"({text})" if factor and _LOOSE.search(text) else text, "gradient" if gradient else "value"
        case Shape(sizes=sizes):
            return str(sizes) if sizes else "", "dim"
        case Bar(share=share):
            return look.glyphs("━" * int(share * _BAR) + "╸" * (share * _BAR % 1 >= 0.5)), "gradient"
        case Status():
            glyph, role = _STATUS[cell]
            return look.glyphs(glyph), role
        case Substituted():
            return visible(numbers_text(cell, look)), ""
        case Rail(text=text):
            return text if look.unicode else text.translate(RAILS), "dim"
        case _:
            from backprop_cli.lang.syntax import Name
            from backprop_cli.lang.unparse import unparse

            return visible(unparse(cell)), "name" if isinstance(cell, Name) else ""


def part_text(part: Cell, look: Look) -> tuple[str, str]:
    """A part of a line: a cell, or one of our own signs."""
    text, role = cell_text(part, look)
    return (look.glyphs(text) if isinstance(part, str) and (text in ("×", "·", "→") or text.startswith("Σ_")) else text), role


def phrase_text(phrase: Phrase, look: Look) -> tuple[str, str]:
    """Cells side by side; the lines of an array stand below one another. The role is that of a gradient where one is among them."""
    text, role = "", ""
    for number, part in enumerate(phrase.parts):
        piece, own = part_text(part, look)
        if not piece:
            continue
        if phrase.parts[number + 1 : number + 2] == ("×",) and _SUM.search(piece) and piece[0] not in "[(":
            piece = f"({piece})"
        if own == "gradient":
            role = own
        if phrase.room and isinstance(part, Figure) and "\n" not in piece and not piece.startswith(("-", "[")):
            piece = f" {piece}"
        if text and not (isinstance(part, str) and piece[0] in ",:;"):
            text += " "
        if "\n" in piece:
            indent = "\n" + " " * cells(text.rpartition("\n")[2])
            piece = piece.replace("\n", indent)
        text += piece
    return text, role


_BEFORE, _AFTER = re.compile(r"(?:^|[(\[]|, | [+-] )$"), re.compile(r"(?:$|[)\],]| [+-] )")


def numbers_text(cell: Substituted, look: Look) -> str:
    """An expression with numbers for its names, products with a cross and quotients with room: `2 × 3`, `1 / 2.7918`."""
    texts = {name: " ".join(value_text(value, look.digits).split()) for name, value in cell.values.items()}
    between, holes = cell.written.pattern.pieces
    whole = ""
    for number, hole in enumerate(holes):
        before, after = between[number], between[number + 1]
        word = texts.get(cell.written.words[hole]) or spelled(cell.written.words[hole])
        compound = word[0] == "-" or (("/" in word or " " in word) and word[0] != "[")
        plain = _BEFORE.search(before) and _AFTER.match(after) and (word[0] != "-" or not before.endswith(" "))
        plain = plain or (not whole + before and "/" not in word and " " not in word and not after.startswith(("^", ".")))
        whole += _roomy(before, look) + (f"({word})" if compound and not plain else word)
    return whole + _roomy(between[-1], look)


def spelled(word: str) -> str:
    """A literal's power of ten as our own numbers have it: `1e5` for `1E+05`."""
    mantissa, sign, exponent = word.lower().partition("e") if word[0] in "0123456789." else (word, "", "")
    return f"{mantissa}e{int(exponent)}" if sign else word


def _roomy(text: str, look: Look) -> str:
    return text.replace("*", look.glyphs(" × ")).replace("/", " / ")


def arrays_in(cell: Cell) -> bool:
    """Whether a cell holds an array."""
    match cell:
        case Figure(value=value):
            return is_array(value)
        case Substituted(values=values):
            return any(map(is_array, values.values()))
        case Phrase(parts=parts):
            return any(isinstance(part, Figure | Substituted) and arrays_in(part) for part in parts)
        case _:
            return False


def standing(cell: Cell, title: Cell) -> tuple[Cell, ...]:
    """A cell that stands in a line of its own: with an equals sign, after its column's title where it does not say what it is."""
    parts = cell.parts if isinstance(cell, Phrase) else (cell,)
    if any(isinstance(part, str) and part in ("=", "+=", " =") for part in parts):
        return tuple(part for part in parts if not isinstance(part, Rail))
    titled: tuple[Cell, ...] = () if title == "" else title.parts if isinstance(title, Phrase) else (title,)
    return (*titled, "=", *parts)


def joined(parts: Sequence[Cell], look: Look) -> tuple[str, str]:
    """Parts side by side as one text."""
    return phrase_text(Phrase(tuple(parts)), look)


def sentence(parts: tuple[Cell, ...], look: Look) -> str:
    """Parts side by side, each painted in its own colour."""
    text = ""
    for part in parts:
        piece, role = part_text(part, look)
        if piece:
            text += (" " if text and not (isinstance(part, str) and piece[0] in ",:;") else "") + look.paint(piece, role)
    return text
