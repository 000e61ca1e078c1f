"""Data as one line of strict JSON."""

from __future__ import annotations

from typing import Any


def json_text(data: Any) -> str:
    """One strict JSON document on one line, without any character that a terminal would act upon."""
    import json

    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    if text.isprintable():
        return text
    return json.dumps(data, ensure_ascii=True, allow_nan=False).replace("\x7f", "\\u007f")
