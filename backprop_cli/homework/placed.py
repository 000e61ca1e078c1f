"""Where something stands in an answer that is shown by itself."""

from __future__ import annotations

from backprop_cli.errors import Source, Span
from backprop_cli.lang.answers import Answer


def alone(answer: Answer, span: Span) -> tuple[Source, Span | None]:
    """An answer as a text of its own, with its line's number, and a place in the whole text as one in this."""
    before = "\n" * (answer.line - 1)
    start = span.start - answer.span.start
    inside = start >= 0 and start + span.end - span.start <= len(answer.text)
    moved = Span(len(before) + start, len(before) + start + span.end - span.start)
    return Source("<answers>", before + answer.text), moved if inside else None
