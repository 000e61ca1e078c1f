"""Warnings as paragraphs: as many as somebody reads, and how many more there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from backprop_cli.reports.document import Block, Paragraph, Status

if TYPE_CHECKING:
    from backprop_cli.autodiff.notices import Warned
    from backprop_cli.oracles.opinion import Note

MOST = 40


def warned(found: Sequence[Warned | Note], line: Callable[[Warned | Note], int | None]) -> list[Block]:
    """A paragraph for each warning with its place; `line` tells the line of one."""
    blocks: list[Block] = []
    for each in found[:MOST]:
        number = line(each)
        place = f"{each.node} (line {number}):" if number else f"{each.node}:"
        blocks.append(Paragraph((Status.NOTE, place, each.message)))
    if len(found) > MOST:
        blocks.append(Paragraph((Status.NOTE, f"and {len(found) - MOST:,} warnings more; --json has them all")))
    return blocks
