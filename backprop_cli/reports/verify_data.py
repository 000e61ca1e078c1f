"""A judgement as plain data: for JSON, for tables, and for the systems that show feedback to students."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backprop_cli.homework.score import open_points
from backprop_cli.homework.verdicts import Judged, Verdict
from backprop_cli.lang.syntax import Expr
from backprop_cli.records import record
from backprop_cli.reports.document import Entry
from backprop_cli.reports.verify import Report, broken_link, discreet, entries, hint_text, message, summary

COLUMNS = ("line", "of", "given", "verdict", "how", "points", "max", "reason", "slips", "where", "diagnosis", "message", "notes")
REVEALED = ("correct", "solution")


def number(points: float) -> int | float:
    """Points, whole where they are."""
    return int(points) if points == int(points) else points


def data(given: Report) -> dict[str, Any]:
    """The report as `verify --json` writes it."""
    judgement = given.judgement
    result: dict[str, Any] = {
        "answers": [_answer(each, given) for each in judgement.answers],
        "missing": list(judgement.missing),
        "score": {"points": number(judgement.points), "max": number(judgement.maximum)},
    }
    left = open_points(judgement.answers)
    if left:
        result["score"]["open"] = number(left)
    if judgement.unanswered:
        result["unanswered"] = list(judgement.unanswered)
    if judgement.notes:
        result["notes"] = list(judgement.notes)
    return result


def _answer(each: Judged, given: Report) -> dict[str, Any]:
    found = each.diagnosis
    hidden = given.rules.hints == "none" and not given.reveal
    result: dict[str, Any] = {
        "line": each.line,
        "of": each.of or None,
        "given": each.given or each.text,
        "verdict": each.verdict.value,
        "how": each.how,
        "message": message(each),
        "diagnosis": None if found is None or hidden else {"slips": list(found.slips), "where": found.where, "message": found.message},
        "points": number(each.points),
        "max": number(each.maximum),
        "reason": each.reason,
    }
    result |= {key: value for key, value in _more(each, given).items() if value}
    return result


def _more(each: Judged, given: Report) -> dict[str, Any]:
    """What only some answers have."""
    each = discreet(each, given.reveal)
    more: dict[str, Any] = {
        "notes": list(each.notes),
        "hint": hint_text(each, given.rules),
        "breaks": broken_link(each),
        "yours": each.yours,
    }
    if each.example is not None:
        more["example"] = {"point": dict(each.example.point), "yours": each.example.yours}
    if each.complaint is not None:
        more["complaint"] = _complaint(each)
    if given.reveal:
        more |= {"correct": each.correct, "solution": _formula(each.solution)}
        if each.example is not None:
            more["example"]["correct"] = each.example.correct
    return more


def _complaint(each: Judged) -> dict[str, Any]:
    """Why a line could not be read."""
    found = each.complaint
    assert found is not None
    column = found.source.place(found.span.start)[1] if found.source is not None and found.span is not None else None
    return {"code": found.reference, "message": found.message, "column": column, "label": found.label, "help": found.hint}


def _formula(form: Expr | None) -> str | None:
    from backprop_cli.lang.unparse import unparse

    return None if form is None else unparse(form)


# ---- as a table ----


def rows(given: Report) -> Iterator[tuple[str | int | float | None, ...]]:
    """A row of names, then one for each answer and each required answer that is missing."""
    names = (*COLUMNS, *(REVEALED if given.reveal else ()))
    yield names
    for each in data(given)["answers"]:
        found = each["diagnosis"] or {"slips": [], "where": None, "message": ""}
        flat = {**each, "slips": " ".join(found["slips"]), "where": found["where"], "diagnosis": found["message"]}
        yield tuple(flat.get(name) if name != "notes" else "; ".join(each.get("notes", ())) for name in names)
    for of in given.judgement.missing:
        missing: dict[str, Any] = {"of": of, "verdict": "missing", "points": 0, "max": number(given.rules.worth(of)), "reason": "required"}
        yield tuple(missing.get(name) for name in names)


# ---- as feedback ----


@record
class Item:
    """One answer for a system that runs tests: `passed` is None where a human decides."""

    entry: Entry
    verdict: str
    message: str
    points: float
    maximum: float
    passed: bool | None


@record
class Feedback:
    """What students are shown. `readable` is False where not one answer could be read."""

    program: str
    answers: str
    summary: str
    notes: tuple[str, ...]
    items: tuple[Item, ...]
    points: float
    maximum: float
    ok: bool
    readable: bool


def feedback(given: Report) -> Feedback:
    """The report for systems that show it to students."""
    judgement = given.judgement
    drawn = list(entries(given))
    items = [_item(each, shown) for each, shown in zip(judgement.answers, drawn, strict=False)]
    for of, shown in zip(judgement.missing, drawn[len(items) :], strict=True):
        items.append(Item(shown, "missing", "there is no answer", 0.0, given.rules.worth(of), False))
    readable = any(each.verdict is not Verdict.UNREADABLE for each in judgement.answers)
    points, maximum = judgement.points, judgement.maximum
    return Feedback(given.program, given.answers, summary(given), judgement.notes, tuple(items), points, maximum, judgement.ok, readable)


def _item(each: Judged, shown: Entry) -> Item:
    earned = each.points == each.maximum if each.maximum else each.verdict is Verdict.CORRECT
    passed = None if each.verdict is Verdict.UNDECIDED else earned
    return Item(shown, each.verdict.value, shown.said, each.points, each.maximum, passed)
