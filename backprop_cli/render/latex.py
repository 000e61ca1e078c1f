"""Documents as LaTeX that compiles as it stands: tables with booktabs, chains of equations aligned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from backprop_cli.render.latex_cells import Sheet, estimated, formula, mathematics, side_by_side, text_cell
from backprop_cli.render.latex_tables import LANDSCAPE, PORTRAIT, Measured, drawn_table, heading, measured
from backprop_cli.render.latex_words import words
from backprop_cli.render.look import Look
from backprop_cli.reports.document import Block, Cell, Document, Listing, Paragraph, Phrase, Table, Title

_HEAD = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\usepackage{array,booktabs,longtable}
\usepackage[a4paper,%smargin=15mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\emergencystretch}{3em}
\renewcommand{\arraystretch}{1.25}
\setcounter{MaxMatrixCols}{99}
\allowdisplaybreaks
\newcolumntype{C}[1]{>{\raggedright\arraybackslash}p{#1}}
%% A formula in display style with a little air; and one that is set in text style, where it breaks, if it is too wide.
\newsavebox{\formula}
\newcommand{\airy}{\ht\formula=\dimexpr\ht\formula+2pt\relax\dp\formula=\dimexpr\dp\formula+3pt\relax\usebox{\formula}}
\newcommand{\F}[1]{\sbox{\formula}{$\displaystyle #1$}\airy}
\makeatletter
\newcommand{\Fit}[2]{\sbox{\formula}{$\displaystyle #1$}%%
  \ifdim\wd\formula>\linewidth\expandafter\@firstoftwo\else\expandafter\@secondoftwo\fi{#2}{\airy}}
\makeatother
\begin{document}
\raggedright
"""
_FOOT = "\\end{document}\n"


def render_latex(document: Document, look: Look) -> Iterator[str]:
    """A whole LaTeX document, in pieces."""
    upright = Sheet(Look(digits=look.digits), PORTRAIT)
    tables = {n: measured(block, upright) for n, block in enumerate(document.blocks) if isinstance(block, Table)}
    wide = any(not table.fits(PORTRAIT, 0.92) for table in tables.values())
    sheet = replace(upright, room=LANDSCAPE) if wide else upright
    yield _HEAD % ("landscape," if wide else "")
    for number, block in enumerate(document.blocks):
        yield "\n"
        yield from _lines(block, tables.get(number), sheet)
    yield _FOOT


def _lines(block: Block, table: Measured | None, sheet: Sheet) -> Iterator[str]:
    match block:
        case Title(parts=parts):
            yield rf"\section*{{{side_by_side(parts, sheet)}}}" + "\n"
        case Paragraph(parts=parts, aside=aside):
            small = words(aside) if isinstance(aside, str) else text_cell(aside, sheet)
            yield side_by_side(parts, sheet) + (rf" \emph{{{small}}}" if small else "") + "\\par\n"
        case Listing(heading=said, lines=lines):
            yield rf"\subsection*{{{text_cell(said, sheet)}}}" + "\n"
            yield from _listing(lines, sheet)
        case Table():
            yield from heading(block, sheet)
            if table is not None:
                yield from drawn_table(table, sheet)


def _listing(lines: Sequence[Sequence[Cell]], sheet: Sheet) -> Iterator[str]:
    """Equations below one another, or a list."""
    equations = [line[0].parts for line in lines if len(line) == 1 and isinstance(line[0], Phrase) and "=" in line[0].parts]
    if len(equations) != len(lines) or not lines:
        yield "\\begin{itemize}\n"
        for parts in lines:
            yield rf"\item {side_by_side(parts, replace(sheet, room=sheet.room - 25))}" + "\n"
        yield "\\end{itemize}\n"
        return
    drawn = [_aligned(parts, sheet) for parts in equations]
    sides = [max(map(estimated, side)) for side in zip(*drawn, strict=True)]
    if sum(sides) + 20 <= sheet.room:
        yield "\\begin{align*}\n" + " \\\\\n".join(f"{left} &= {right}" for left, right in drawn) + "\n\\end{align*}\n"
        return
    for parts in equations:
        yield rf"\hangindent=2em\hangafter=1 {formula(parts, sheet)}\par" + "\n"


def _aligned(parts: Sequence[Cell], sheet: Sheet) -> tuple[str, str]:
    at = parts.index("=")
    return mathematics(parts[:at], sheet), mathematics(parts[at + 1 :], sheet)
