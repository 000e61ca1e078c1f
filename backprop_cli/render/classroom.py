"""Results as GitHub Classroom's autograding reporter reads them from `..._RESULTS`, there encoded in base 64."""

from __future__ import annotations

from backprop_cli.render.as_json import json_text
from backprop_cli.render.entries import entry_text, heading_text
from backprop_cli.reports.verify_data import Feedback, number


def classroom(given: Feedback) -> str:
    """One JSON document, version 1 of the reporter's format; an answer that nobody could decide is an `error`, not a `fail`."""
    tests = [
        {
            "name": heading_text(item.entry),
            "status": "error" if item.passed is None else "pass" if item.passed else "fail",
            "score": number(item.points),
            "message": "" if item.passed else entry_text(item.entry),
            "test_code": item.verdict,
            "filename": given.answers,
            "line_no": int(item.entry.label or 0),
        }
        for item in given.items
    ]
    states = {test["status"] for test in tests}
    status = "fail" if "fail" in states else "error" if "error" in states else "pass"
    return json_text({"version": 1, "status": status, "max_score": number(given.maximum), "tests": tests}) + "\n"
