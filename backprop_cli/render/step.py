"""One frame of a walk through a trace: the board as it stands, the move just made, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backprop_cli.render.cells import cell_text, phrase_text
from backprop_cli.render.look import Look
from backprop_cli.render.visible import cells, pad, visible
from backprop_cli.reports.document import Cell, Figure, Phrase
from backprop_cli.reports.trace_step import Lesson, Move

_AROUND = 9  # lines of a frame that are not the board's
_KEYS = "→ next   ← back   g guess   q quit"
_MARKS = {"to": "▶", "from": "•", "": " "}


def frame(lesson: Lesson, position: int, look: Look, height: int, prompt: str = "", said: str = "") -> list[str]:
    """The lines of a frame after `position` moves. `prompt` stands where a guess is typed, `said` is the word on the last one."""
    width = look.width or 80
    move = lesson.moves[position - 1] if position else None
    following = lesson.moves[position] if prompt and position < len(lesson.moves) else None
    board = _board(lesson, position, look, following or move, width)
    shown = _window(board, (following or move).line if following or move else 0, max(3, height - _AROUND))  # type: ignore[union-attr]
    lines = [_title(lesson, move, look), "", *shown, ""]
    if prompt and following is not None:
        lines += [_cut(f"{_plain(following.asked, look)} = ?", width), look.paint(visible(prompt), "value")]
    else:
        lines += _move(move, look, width)
    if said:
        lines.append(look.paint(visible(said), "right" if said.startswith(look.glyphs("✓")) else "wrong"))
    keys = "Enter the number, empty to give up" if prompt else _KEYS
    return [*lines, "", look.paint(look.glyphs(keys.replace("←", "<-") if not look.unicode else keys), "dim")]


def _title(lesson: Lesson, move: Move | None, look: Look) -> str:
    if move is None:
        return look.paint(f"{lesson.output}: the leaves have values, nothing is computed yet", "heading")
    return look.paint(f"{move.phase} {move.number} of {move.count}", "heading")


def _board(lesson: Lesson, position: int, look: Look, active: Move | None, width: int) -> list[str]:
    """The statements with what is known so far; the active edge is marked at the left."""
    values = {number: line.value for number, line in enumerate(lesson.lines) if line.value is not None}
    gradients: dict[int, object] = {}
    for move in lesson.moves[:position]:
        (values if move.phase == "forward" else gradients)[move.line] = move.total
    texts = [cell_text(line.said, look)[0] for line in lesson.lines]
    wide = max(map(cells, texts), default=0)
    wide = min(wide, max(20, width - 34))
    backward = bool(gradients)
    lines = []
    for number, text in enumerate(texts):
        place = "" if active is None else "to" if number == active.line else "from" if number in active.source else ""
        mark = look.glyphs(_MARKS[place]) if look.unicode else {"to": ">", "from": "*", "": " "}[place]
        value = _short(values[number], look) if number in values else ""
        line = f"{mark} {pad(_cut(text, wide), wide)}  "
        painted = look.paint(line, "gradient" if place == "to" else "value" if place else "")
        painted += look.paint(pad(_cut(value, 14), 14), "value") if backward else look.paint(_cut(value, width - wide - 5), "value")
        if number in gradients:
            painted += "  " + look.paint(_cut(_short(gradients[number], look), max(8, width - wide - 21)), "gradient")
        lines.append(painted.rstrip())
    if backward:
        lines.insert(0, look.paint(f"  {'':{wide}}  {'value':14}  gradient", "dim"))
    return lines


def _move(move: Move | None, look: Look, width: int) -> list[str]:
    if move is None:
        return ["", ""]
    parts: tuple[Cell, ...] = (move.asked, "=", *move.working, "=", Figure(move.answer, gradient=move.phase == "backward"))
    text = _plain(Phrase(parts), look)
    if " = " in text and cells(text) > width:
        left, _, right = text.rpartition(" = ")
        return [_cut(left, width), _cut(f"  = {right}", width), _cut(look.glyphs(visible(move.note)), width)]
    return [_cut(text, width), _cut(look.glyphs(visible(move.note)), width)]


def _plain(cell: Cell, look: Look) -> str:
    flat = replace(look, colour=False)
    text = phrase_text(cell, flat)[0] if isinstance(cell, Phrase) else cell_text(cell, flat)[0]
    return " ".join(text.split())


def _short(value: object, look: Look) -> str:
    return " ".join(cell_text(Figure(value), look)[0].split())


def _cut(text: str, width: int) -> str:
    """A text that fits a line: a frame is looked at and gone, the whole is in the trace itself."""
    if cells(text) <= width:
        return text
    kept = text
    while cells(kept) > width - 3:
        kept = kept[:-1]
    return kept + "..."


def _window(lines: Sequence[str], active: int, height: int) -> list[str]:
    """The lines around the active one, where not all fit."""
    if len(lines) <= height:
        return list(lines)
    first = min(max(0, active - height // 2), len(lines) - height)
    return list(lines[first : first + height])
