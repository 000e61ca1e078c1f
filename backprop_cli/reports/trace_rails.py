"""The wiring between the lines of a forward table: each value on a rail of its own from where it is made to where it is last used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_WIDEST = 20  # rails side by side


def rails(lines: Sequence[tuple[int, Sequence[int]]]) -> list[str] | None:
    """The rails of some lines, each a node and the nodes it reads, all of which have lines above it.

    Leaves read nothing. None where too many values are alive at once for a drawing that anybody could follow.
    """
    last: dict[int, int] = {read: number for number, (_, reads) in enumerate(lines) for read in reads}
    lanes: list[int | None] = []
    lane_of: dict[int, int] = {}
    drawn: list[tuple[list[str], int, bool]] = []
    for number, (node, reads) in enumerate(lines):
        used = {lane_of[read] for read in reads}
        ended = {lane_of[read] for read in reads if last[read] == number}
        begun = None
        if node in last:
            begun = next((lane for lane, taken in enumerate(lanes) if taken is None), len(lanes))
        signs = [_sign(lane, taken is not None, used, ended) for lane, taken in enumerate(lanes)]
        if begun is not None:
            if begun == len(lanes):
                lanes.append(None)
                signs.append("")
            signs[begun] = "┬"
            lanes[begun] = node
            lane_of[node] = begun
        if len(lanes) > _WIDEST:
            return None
        touched = [*used, *([] if begun is None else [begun])]
        drawn.append((signs, min(touched, default=len(lanes)), bool(reads)))
        for lane in ended:
            lanes[lane] = None
    width = len(lanes)
    return [_line(signs, first, reads, width) for signs, first, reads in drawn]


def _sign(lane: int, taken: bool, used: Iterable[int], ended: Iterable[int]) -> str:
    if lane in ended:
        return "┴"
    return "┼" if lane in used else "│" if taken else ""


_FIRST = {"┴": "╰", "┼": "├", "┬": "╭"}


def _line(signs: list[str], first: int, reads: bool, width: int) -> str:
    text = ""
    for lane in range(width):
        sign = signs[lane] if lane < len(signs) else ""
        if lane < first:
            text += (sign or " ") + " "
        else:
            text += (_FIRST.get(sign, sign) if lane == first else sign or "─") + "─"
    if first >= width:
        text = text[: 2 * width]
        return text + ("─▶" if reads else " ╴")
    return text + ("▶" if reads else "╴")
