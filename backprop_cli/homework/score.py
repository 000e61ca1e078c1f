"""Points: what each answer is worth, what it earns, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from backprop_cli.homework.rules import Rules, key
from backprop_cli.homework.verdicts import Judged, Judgement, Verdict

_SAID = {
    Verdict.CORRECT: "right",
    Verdict.FOLLOW_THROUGH: "right given an earlier answer",
    Verdict.CONVENTION: "right up to a convention",
    Verdict.CORRECT_AT_POINT: "right at this point only",
    Verdict.WRONG: "wrong",
    Verdict.UNDECIDED: "a human decides",
    Verdict.UNREADABLE: "it could not be read",
}


def scored(judgement: Judgement, rules: Rules) -> Judgement:
    """The judgement with points, maximum and reason in every answer, and the totals.

    Of several answers to one question the last that can be read counts. A required answer that is missing adds its points
    to the maximum alone; one that nobody could decide earns nothing yet, and a note says how many points are open.
    """
    given = judgement.answers
    last = _counting(given)
    answers = tuple(_scored(each, given[last[key(each.of)]] if key(each.of) else each, rules) for each in given)
    lost = [rules.worth(of) for of in judgement.missing]
    left = open_points(answers)
    still = f"{amount(left)} still open: a human decides"
    notes = (*judgement.notes, still) if left and still not in judgement.notes else judgement.notes
    return replace(
        judgement,
        answers=answers,
        points=total(each.points for each in answers),
        maximum=total([*(each.maximum for each in answers), *lost]),
        notes=notes,
    )


def open_points(answers: Iterable[Judged]) -> float:
    """The points of the answers that nobody could decide."""
    return total(each.maximum for each in answers if each.verdict is Verdict.UNDECIDED)


def total(parts: Iterable[float]) -> float:
    """A sum of points without the dust of binary fractions."""
    return round(sum(parts), 9)


def points_text(points: float) -> str:
    """Points as people write them: `2`, `0.5`, `0.333`."""
    return f"{points:.3f}".rstrip("0").rstrip(".")


def amount(points: float) -> str:
    """Points with their unit: `1 point`, `2.5 points`."""
    return f"{points_text(points)} point{'s' * (points != 1)}"


def _counting(answers: Sequence[Judged]) -> dict[str, int]:
    """Which of the answers to a question counts, by its number."""
    found: dict[str, int] = {}
    for number, each in enumerate(answers):
        of = key(each.of)
        readable = each.verdict is not Verdict.UNREADABLE
        if of and (readable or of not in found or answers[found[of]].verdict is Verdict.UNREADABLE):
            found[of] = number
    return found


def _scored(each: Judged, counts: Judged, rules: Rules) -> Judged:
    """An answer with its points; `counts` is the answer to the same question that counts."""
    if counts is not each:
        return replace(each, points=0.0, maximum=0.0, reason=f"the answer in line {counts.line} counts")
    most = rules.worth(each.of)
    part = {
        Verdict.CORRECT: 1.0,
        Verdict.FOLLOW_THROUGH: rules.follow_through,
        Verdict.CONVENTION: rules.convention,
        Verdict.CORRECT_AT_POINT: rules.at_point,
    }.get(each.verdict, 0.0)
    said = _SAID[each.verdict]
    if not most:
        said = f"{said}; no points are given for it"
    elif 0 < part < 1:
        said = f"{said}: {points_text(part)} of the points"
    return replace(each, points=total([most * part]), maximum=most, reason=said)
