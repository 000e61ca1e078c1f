"""Tables as comma-separated values that a spreadsheet shows as they are and never computes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from backprop_cli.render.visible import visible

# With these a spreadsheet takes a cell for a formula; the wide forms are typed in East Asian texts.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def csv_text(rows: Iterable[Sequence[str | int | float | None]]) -> str:
    """The rows as one text. Numbers are numbers; a text that could be a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def safe(cell: str | int | float | None) -> str | int | float:
    """A cell in which nothing is computed, and no character is invisible."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    text = visible(cell)
    return f"'{text}" if cell.lstrip(" ").startswith(_FORMULA) or text.lstrip(" ").startswith(_FORMULA) else text
