"""Documents as LaTeX that compiles as it stands: tables with booktabs, chains of equations aligned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from backprop_cli.lang.pattern import Filled
from backprop_cli.lang.syntax import Apply, Brackets, Expr, Index, Name, Number
from backprop_cli.render.latex_formulas import latex, name, words
from backprop_cli.render.look import Look
from backprop_cli.render.numbers import is_array, value_text
from backprop_cli.reports.document import (
    Bar,
    Block,
    Cell,
    Document,
    Figure,
    Listing,
    Paragraph,
    Partial,
    Phrase,
    Rail,
    Shape,
    Status,
    Substituted,
    Table,
    Title,
)

_HEAD = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\usepackage{booktabs,longtable}
\usepackage[a4paper,%smargin=15mm]{geometry}
\setlength{\parindent}{0pt}
\renewcommand{\arraystretch}{1.4}
\allowdisplaybreaks
\begin{document}
"""
_FOOT = "\\end{document}\n"
_TREES = (Number, Name, Apply, Brackets, Index)
_SIGNS = {"=": "=", "+=": r"\mathrel{+}=", " =": "=", "+": "+", "×": r"\times", "·": r"\cdot", "→": r"\to"}
_STATUS = {Status.RIGHT: r"$\checkmark$", Status.WRONG: r"$\times$", Status.OPEN: "?", Status.NOTE: r"\textbf{!}"}
_MOST = 64  # entries of a matrix that is written out
_WIDE = 6  # columns


def render_latex(document: Document, look: Look) -> Iterator[str]:
    """A whole LaTeX document, in pieces."""
    look = replace(look, width=None, colour=False)
    wide = any(isinstance(block, Table) and len(block.head) > _WIDE for block in document.blocks)
    yield _HEAD % ("landscape," if wide else "")
    for block in document.blocks:
        yield "\n"
        yield from _lines(block, look)
    yield _FOOT


def _lines(block: Block, look: Look) -> Iterator[str]:
    match block:
        case Title(parts=parts):
            yield rf"\section*{{{_side_by_side(parts, look)}}}" + "\n"
        case Paragraph(parts=parts, aside=aside):
            yield _side_by_side(parts, look) + (rf" \emph{{{words(aside)}}}" if aside else "") + "\\par\n"
        case Listing(heading=heading, lines=lines):
            yield rf"\subsection*{{{words(heading)}}}" + "\n"
            yield from _listing(lines, look)
        case Table():
            yield from _table(block, look)


def _listing(lines: Sequence[Sequence[Cell]], look: Look) -> Iterator[str]:
    """Equations below one another, or a list."""
    equations = [line[0] for line in lines if len(line) == 1 and isinstance(line[0], Phrase) and "=" in line[0].parts]
    if len(equations) == len(lines) > 0:
        yield "\\begin{align*}\n"
        yield " \\\\\n".join(_aligned(each, look) for each in equations if isinstance(each, Phrase))
        yield "\n\\end{align*}\n"
        return
    yield "\\begin{itemize}\n"
    for parts in lines:
        yield rf"\item {_side_by_side(parts, look)}" + "\n"
    yield "\\end{itemize}\n"


def _aligned(phrase: Phrase, look: Look) -> str:
    at = phrase.parts.index("=")
    left = " ".join(_math(part, look) for part in phrase.parts[:at])
    right = _between(phrase.parts[at + 1 :], look)
    return f"{left} &= {right}"


def _table(table: Table, look: Look) -> Iterator[str]:
    if table.heading:
        yield rf"\subsection*{{{words(table.heading)}}}" + "\n"
    if table.aside:
        yield words(table.aside) + "\\par\n"
    rows = iter(table.rows)
    first = next(rows, None)
    kept = [n for n, _ in enumerate(table.head) if first is None or not isinstance(first[n], Bar)]
    yield rf"\begin{{longtable}}[l]{{@{{}}{'l' * len(kept)}@{{}}}}" + "\n\\toprule\n"
    head = [_cell(table.head[n], look) for n in kept]
    if any(head):
        yield " & ".join(head) + " \\\\\n\\midrule\n\\endhead\n"
    if first is not None:
        yield _row([first[n] for n in kept], look)
    for row in rows:
        yield _row([row[n] for n in kept], look)
    yield "\\bottomrule\n\\end{longtable}\n"


def _row(cells: Sequence[Cell], look: Look) -> str:
    drawn = " & ".join(_cell(cell, look) for cell in cells)
    return drawn + (" \\\\[6pt]\n" if "matrix" in drawn else " \\\\\n")


def _side_by_side(parts: Sequence[Cell], look: Look) -> str:
    return " ".join(text for text in (_cell(part, look) for part in parts) if text)


def _cell(cell: Cell, look: Look) -> str:
    """A cell as text, formulas between dollar signs."""
    match cell:
        case str():
            return f"${_SIGNS[cell]}$" if cell in _SIGNS else words(cell)
        case Rail() | Bar():
            return ""
        case Status():
            return _STATUS[cell]
        case Shape(sizes=sizes):
            return "$" + r" \times ".join(map(str, sizes)) + "$" if sizes else ""
        case Phrase(parts=parts) if any(isinstance(part, str) and part not in _SIGNS for part in parts):
            return _side_by_side(parts, look)
        case _:
            text = _math(cell, look)
            return rf"$\displaystyle {text}$" if r"\frac" in text and "matrix" not in text else f"${text}$" if text else ""


def _math(cell: Cell, look: Look) -> str:
    """A cell in mathematics."""
    match cell:
        case str() if cell.startswith("Σ_"):
            return rf"\sum_{{{cell[2:]}}}"
        case str():
            return _SIGNS.get(cell) or rf"\text{{{words(cell)}}}"
        case Filled():
            return latex(cell.tree)
        case Substituted():
            return _substituted(cell, look)
        case Partial(of=of, wrt=wrt):
            return rf"\frac{{\partial {name(of)}}}{{\partial {name(wrt)}}}"
        case Figure(value=value, factor=factor):
            text = figure(value, look)
            return rf"\left({text}\right)" if factor and (text.startswith("-") or " + " in text or " - " in text) else text
        case Phrase(parts=parts):
            return _between(parts, look)
        case _ if isinstance(cell, _TREES):
            return latex(cell)
        case _:
            return ""


def _between(parts: Sequence[Cell], look: Look) -> str:
    drawn = [_math(part, look) for part in parts]
    for number, part in enumerate(parts):
        if part == "×" and number and (" + " in drawn[number - 1] or " - " in drawn[number - 1]):
            drawn[number - 1] = rf"\left({drawn[number - 1]}\right)"
    return " ".join(text for text in drawn if text)


def _substituted(cell: Substituted, look: Look) -> str:
    from backprop_cli.lang.syntax import substitute

    return latex(substitute(cell.written.tree, {word: _number(value, look) for word, value in cell.values.items()}))


def _number(value: Any, look: Look) -> Expr:
    from backprop_cli.lang.parse import parse_expression

    return parse_expression(" ".join(value_text(value, look.digits).split()))


def figure(value: Any, look: Look) -> str:
    """A number, or a matrix of numbers where it is not too large for paper."""
    if is_array(value) and value.size > _MOST:
        return rf"\text{{{' by '.join(map(str, value.shape))} numbers}}"
    return latex(_number(value, look))
