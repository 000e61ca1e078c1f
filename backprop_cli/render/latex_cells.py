"""Cells as LaTeX, no wider than they may be: a formula that does not fit is set in one line of text, which TeX breaks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backprop_cli.lang.pattern import Filled
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Index, Name, Number
from backprop_cli.render.cells import cell_text
from backprop_cli.render.latex_formulas import latex, latex_filled, number
from backprop_cli.render.latex_lines import linear
from backprop_cli.render.latex_words import name, parted, words
from backprop_cli.render.look import Look
from backprop_cli.render.numbers import is_array, number_text, value_text
from backprop_cli.reports.document import Bar, Cell, Figure, Partial, Phrase, Rail, Shape, Status, Substituted

TREES = (Number, Name, Apply, Brackets, Index)
EM = 5.3  # points that a sign takes on average, at the size of the text
_ENTRY = 12.0  # points around an entry of a matrix
_SIGNS = {"=": "=", "+=": r"\mathrel{+}=", " =": "=", "+": "+", "×": r"\times", "·": r"\cdot", "→": r"\to"}
_STATUS = {Status.RIGHT: r"$\checkmark$", Status.WRONG: r"$\times$", Status.OPEN: "?", Status.NOTE: r"\textbf{!}"}
_ROWS = 10  # of a matrix that are written out
_FEW = 6  # entries of an array that may be broken over lines
_LONG = 24  # letters of a name that stands below a fraction bar
_DEEP = 24  # braces inside one another; TeX gives up past 255 groups
_COMMAND = re.compile(r"\\(?:frac|partial|left|right|mathit|text|operatorname|displaystyle|begin\{bmatrix\}|end\{bmatrix\})|[{}_^ ]")
_PLAIN = re.compile(r"(-?)([0-9.]+(?:e-?[0-9]+)?)")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where cells stand: `room` is the width, in points at the size of the text."""

    look: Look
    room: float


def text_cell(cell: Cell, sheet: Sheet) -> str:
    """A cell as text, with formulas between dollar signs."""
    match cell:
        case str():
            return f"${_SIGNS[cell]}$" if cell in _SIGNS else words(cell)
        case Rail() | Bar():
            return ""
        case Status():
            return _STATUS[cell]
        case Shape(sizes=sizes):
            return "$" + r" \times ".join(map(str, sizes)) + "$" if sizes else ""
        case Phrase(parts=parts):
            return side_by_side(parts, sheet)
        case _:
            return formula((cell,), sheet)


def side_by_side(parts: Sequence[Cell], sheet: Sheet) -> str:
    """Words as they are, and what stands between them as one formula each."""
    text = ""
    together: list[Cell] = []
    for part in [*parts, None]:
        if part is not None and is_mathematics(part):
            together.append(part)
            continue
        for piece in (formula(together, sheet), "" if part is None else text_cell(part, sheet)):
            text += (" " if text and piece[:1] not in (",", ":", ";") else "") * bool(piece) + piece
        together = []
    return text


def is_mathematics(cell: Cell) -> bool:
    """Whether a cell stands in a formula; words and marks do not."""
    return cell in _SIGNS or cell[:2] == "Σ_" if isinstance(cell, str) else not isinstance(cell, Rail | Bar | Status | Shape | Phrase)


def formula(parts: Sequence[Cell], sheet: Sheet) -> str:
    """A formula in display style where it fits, else in text style, where TeX breaks it."""
    drawn = mathematics(parts, sheet)
    if not drawn:
        return ""
    tall = r"\frac" in drawn or "matrix" in drawn or r"\sum" in drawn
    if estimated(drawn) <= sheet.room and not _is_deep(drawn):
        return rf"\F{{{drawn}}}" if tall else f"${drawn}$"
    lines = f"${' '.join(_linear(part, sheet) for part in parts)}$"
    return lines if _is_deep(drawn) else rf"\Fit{{{drawn}}}{{{lines}}}"


def mathematics(parts: Sequence[Cell], sheet: Sheet) -> str:
    """Cells side by side in mathematics."""
    drawn = [_math(part, sheet) for part in parts]
    for at, part in enumerate(parts):
        if part == "×" and at and (" + " in drawn[at - 1] or " - " in drawn[at - 1]):
            drawn[at - 1] = rf"\left({drawn[at - 1]}\right)"
    return " ".join(text for text in drawn if text)


def estimated(drawn: str) -> float:
    """About how many points a formula takes; at least as many as it does, in most cases."""
    if len(drawn) * EM <= 60:
        return len(drawn) * EM
    left = _COMMAND.sub("", drawn)
    return (len(left) + 2 * left.count("\\")) * EM * 1.1


def _is_deep(drawn: str) -> bool:
    if drawn.count("{") <= _DEEP:
        return False
    depth = most = 0
    for sign in drawn:
        depth += (sign == "{") - (sign == "}")
        most = max(most, depth)
    return most > _DEEP


def _math(cell: Cell, sheet: Sheet) -> str:
    match cell:
        case str() if cell.startswith("Σ_"):
            return rf"\sum_{{{cell[2:]}}}"
        case str():
            return _SIGNS.get(cell) or rf"\text{{{words(cell)}}}"
        case Filled():
            return latex_filled(cell)
        case Substituted():
            return latex(_substituted(cell, sheet.look))
        case Partial(of=of, wrt=wrt):
            if max(len(of), len(wrt)) > _LONG:
                return rf"\partial {parted(of)} / \partial {parted(wrt)}"
            return rf"\frac{{\partial {name(of)}}}{{\partial {name(wrt)}}}"
        case Figure(value=value, factor=factor):
            text = matrix(value, sheet) if is_array(value) else _entry(value, sheet.look)
            return rf"\left({text}\right)" if factor and (text.startswith("-") or " + " in text or " - " in text) else text
        case Phrase(parts=parts):
            return mathematics(parts, sheet)
        case Name(id=word):
            return name(word)
        case _ if isinstance(cell, TREES):
            return latex(cell)
        case _:
            return ""


def _linear(cell: Cell, sheet: Sheet) -> str:
    """A cell in mathematics that may be broken over lines."""
    match cell:
        case Filled() | Substituted():
            return linear(cell_text(cell, sheet.look)[0].replace(" × ", "*"))
        case Figure(value=value) if not is_array(value) or value.size <= _FEW or value.ndim == 1:
            return linear(" ".join(cell_text(cell, sheet.look)[0].split()))
        case Phrase(parts=parts):
            return " ".join(_linear(part, sheet) for part in parts)
        case _ if isinstance(cell, TREES):
            return linear(cell_text(cell, sheet.look)[0])
        case _:
            return _math(cell, sheet)


def _substituted(cell: Substituted, look: Look) -> Expr:
    from backprop_cli.lang.syntax import substitute

    return substitute(cell.written.tree, {word: _number(value, look) for word, value in cell.values.items()})


def _number(value: Any, look: Look) -> Expr:
    if is_array(value) and not value.size:
        return Brackets(())
    text = " ".join(value_text(value, look.digits).split())
    found = _PLAIN.fullmatch(text)
    if found:
        return Apply(NEGATE, (Number(found.group(2)),)) if found.group(1) else Number(found.group(2))
    from backprop_cli.lang.parse import parse_expression

    return parse_expression(text)


def entry_width(value: Any, look: Look) -> float:
    """About how many points an entry of an array takes, judged by its first ones."""
    return EM * max((len(number_text(entry, look.digits)) for entry in value.ravel()[:64].tolist()), default=1) + _ENTRY


def matrix(value: Any, sheet: Sheet) -> str:
    """An array of one or two dimensions as a matrix, with dots for what does not fit; larger ones are named by their sizes."""
    if value.ndim > 2 or value.size == 0:
        return rf"\text{{{' by '.join(map(str, value.shape))} numbers}}"
    rows = value.reshape(1, -1) if value.ndim == 1 else value
    height, width = _kept(rows.shape[0], _ROWS), _kept(rows.shape[1], max(3, int(sheet.room / entry_width(value, sheet.look))))
    drawn = []
    for i in height:
        cells = [r"\cdots" if j is None else r"\vdots" if i is None else _entry(rows[i, j], sheet.look) for j in width]
        drawn.append(" & ".join(r"\ddots" if i is None and cell == r"\cdots" else cell for cell in cells))
    return r"\begin{bmatrix} " + r" \\ ".join(drawn) + r" \end{bmatrix}"


def _kept(size: int, most: int) -> list[int | None]:
    """The numbers of the rows or columns that are shown; None where dots stand for some."""
    if size <= most:
        return list(range(size))
    last = (most - 1) // 2
    return [*range(most - 1 - last), None, *range(size - last, size)]


def _entry(value: Any, look: Look) -> str:
    text = number_text(value, look.digits)
    found = _PLAIN.fullmatch(text)
    return found.group(1) + number(found.group(2))[0] if found else latex(_number(value, look))
