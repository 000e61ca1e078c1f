"""A table of text."""

from __future__ import annotations

from collections.abc import Sequence


def drawn(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they must be, the first to the left, the others to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    drawn = [
        "  ".join(cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]
    drawn.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in drawn)


def times(value: float | None, unit: float | None = 1.0, late: str = "late") -> str:
    """A ratio in three digits, `late` where there is none."""
    if value is None or not unit:
        return late
    ratio = value / unit
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def goal(text: str, met: bool | None) -> str:
    """A goal and whether it is met; None where it could not be measured."""
    return f"{text}: {'not measured' if met is None else 'met' if met else 'NOT MET'}"
