"""`results.json` as PrairieLearn's external graders write it."""

from __future__ import annotations

from typing import Any

from backprop_cli.render.as_json import json_text
from backprop_cli.render.entries import entry_text, heading_text
from backprop_cli.reports.verify_data import Feedback, number


def prairielearn(given: Feedback) -> str:
    """One JSON document with a score from 0 to 1. Where not one answer can be read, it says so and costs no attempt."""
    score = given.points / given.maximum if given.maximum else float(given.ok)
    tests = [
        {
            "name": heading_text(item.entry),
            "description": item.verdict,
            "points": number(item.points),
            "max_points": number(item.maximum),
            "message": item.message,
            "output": entry_text(item.entry),
        }
        for item in given.items
    ]
    message = "\n".join([given.summary, *given.notes])
    whole: dict[str, Any] = {"gradable": given.readable, "score": min(max(score, 0.0), 1.0), "message": message, "output": ""}
    if not given.readable:
        whole["format_errors"] = [entry_text(item.entry) for item in given.items]
    return json_text({**whole, "tests": tests}) + "\n"
