"""`results.json` as Gradescope's autograders write it."""

from __future__ import annotations

from backprop_cli.render.as_json import json_text
from backprop_cli.render.entries import entry_text, heading_text
from backprop_cli.reports.verify_data import Feedback, number


def gradescope(given: Feedback) -> str:
    """One JSON document: the score, and a test for each answer. An answer that nobody could decide has no status of its own."""
    tests = []
    for item in given.items:
        test = {
            "name": heading_text(item.entry),
            "name_format": "text",
            "score": number(item.points),
            "max_score": number(item.maximum),
            "status": "passed" if item.passed else "failed",
            "output": entry_text(item.entry),
            "output_format": "text",
            "visibility": "visible",
        }
        if item.passed is None:
            del test["status"]
        tests.append(test)
    output = "\n".join([given.summary, *given.notes])
    whole = {"score": number(given.points), "output": output, "output_format": "text", "visibility": "visible", "tests": tests}
    return json_text(whole) + "\n"
