"""What `verify` found: every answer, what is said of it, and the score."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from backprop_cli.homework.rules import Rules, key
from backprop_cli.homework.score import amount, points_text
from backprop_cli.homework.verdicts import Example, Judged, Judgement, Verdict
from backprop_cli.records import record
from backprop_cli.reports.document import Block, Cell, Document, Entries, Entry, Mark, Paragraph, Status

_SAID = {
    Verdict.CORRECT: "right",
    Verdict.FOLLOW_THROUGH: "follows through",
    Verdict.CONVENTION: "right by another convention",
    Verdict.CORRECT_AT_POINT: "right at this point only",
    Verdict.WRONG: "wrong",
    Verdict.UNDECIDED: "undecided",
    Verdict.UNREADABLE: "unreadable",
}
_MARKS = {
    Verdict.CORRECT: Mark.RIGHT,
    Verdict.FOLLOW_THROUGH: Mark.FOLLOWS,
    Verdict.CONVENTION: Mark.NEARLY,
    Verdict.CORRECT_AT_POINT: Mark.NEARLY,
    Verdict.WRONG: Mark.WRONG,
    Verdict.UNDECIDED: Mark.OPEN,
    Verdict.UNREADABLE: Mark.OPEN,
}
_COUNTED = {
    Verdict.CORRECT: ("right", "right"),
    Verdict.FOLLOW_THROUGH: ("follows through", "follow through"),
    Verdict.CONVENTION: ("right by another convention", "right by another convention"),
    Verdict.CORRECT_AT_POINT: ("right at this point only", "right at this point only"),
    Verdict.WRONG: ("wrong", "wrong"),
    Verdict.UNDECIDED: ("undecided", "undecided"),
    Verdict.UNREADABLE: ("unreadable", "unreadable"),
}
_DIGITS, _MOST_DIGITS = 6, 15  # of a number; more where fewer would not tell yours from what is right
_COORDINATES = 12  # of a point; data has all
_SHORT = 48  # columns of a message that stands beside its answer
_LONG = 200  # characters of what cannot be read
_LINE_END = re.compile(r"\n\s*+")
_EQUALS = re.compile(r"(?<![<>=!:])=(?!=)")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


@record
class Report:
    """A judgement, and how much of it is told: `reveal` shows the right answers, `quiet` leaves all explanations out.

    `program` and `answers` are the names of the two files.
    """

    judgement: Judgement
    rules: Rules
    program: str = ""
    answers: str = ""
    reveal: bool = False
    quiet: bool = False

    @property
    def ok(self) -> bool:
        """Every answer is correct and none that was asked for is missing."""
        return self.judgement.ok

    @property
    def status(self) -> int:
        """What the run tells the shell: 0 all correct, 3 undecided answers besides, else 1."""
        return 0 if self.judgement.ok else 3 if self.judgement.only_undecided else 1


def document(given: Report) -> Document:
    """The answers one by one, what was left out, and the sum."""
    judgement = given.judgement
    blocks: list[Block] = [Entries(tuple(entries(given)))]
    if not given.quiet:
        blocks.extend(_remarks(judgement))
    blocks.append(Paragraph((summary(given),), f"exit status {given.status}" if given.status else ""))
    return Document(tuple(blocks))


def entries(given: Report) -> Iterator[Entry]:
    """Every answer, then the required ones that are missing."""
    whole = _whole(given.judgement)
    for each in given.judgement.answers:
        yield _entry(each, given, whole)
    for of in given.judgement.missing:
        worth = given.rules.worth(of)
        points = f" (0 of {points_text(worth)})" if whole.weighted and worth else ""
        yield Entry(Mark.WRONG, "", of, f"missing{points}")


@record
class _Whole:
    """What one answer is told in the light of: whether they are worth different points, and what was answered in two ways."""

    weighted: bool
    disputed: frozenset[str]


def _whole(judgement: Judgement) -> _Whole:
    weighted = any(each.maximum not in (0, 1) for each in judgement.answers)
    kinds = {(key(each.of), each.verdict) for each in judgement.answers}
    several = Counter(of for of, _ in kinds)
    return _Whole(weighted, frozenset(of for of, count in several.items() if of and count > 1))


def _entry(judged: Judged, given: Report, whole: _Whole) -> Entry:
    """One answer. What a student must not see is left out, unless `given.reveal` is set."""
    said = _SAID[judged.verdict]
    if judged.maximum and (whole.weighted or judged.points not in (0, judged.maximum)):
        said += f" ({points_text(judged.points)} of {points_text(judged.maximum)})"
    remark = message(judged)
    short = 0 < len(remark) <= _SHORT and "\n" not in remark
    if short:
        said += f": {remark}"
    details = [] if given.quiet else list(_details(judged, given, whole, "" if short else remark))
    quoted = None if given.quiet else judged.complaint
    return Entry(_MARKS[judged.verdict], str(judged.line), written(judged), said, tuple(details), quoted)


def discreet(judged: Judged, reveal: bool) -> Judged:
    """A record without the value of the formula at the point, where that would tell what has no right answer yet."""
    if reveal or not judged.telling:
        return judged
    here = judged.example is not None and (judged.yours is None or _rounded(judged.example.yours) in judged.yours)
    return replace(judged, yours=None, example=None if here else judged.example)


def written(judged: Judged) -> str:
    """The answer as the student wrote it, on one line; of one that cannot be read, no more than is needed to find it."""
    text = judged.text or (f"{judged.of} = {judged.given}" if judged.of else judged.given)
    if judged.verdict is Verdict.UNREADABLE and len(text) > _LONG:
        text = text[:_LONG] + " ..."
    return _LINE_END.sub(" ", text)


def message(judged: Judged) -> str:
    """What the judge says of an answer; of one that cannot be read, why."""
    if judged.verdict is Verdict.UNREADABLE and judged.complaint is not None:
        return judged.complaint.message
    return judged.message


Detail = tuple[str, tuple[Cell, ...]]


def _details(judged: Judged, given: Report, whole: _Whole, remark: str) -> Iterator[Detail]:
    """The lines below an answer, each with its word."""
    if remark and not (judged.verdict is Verdict.CORRECT_AT_POINT and judged.example is not None):
        yield "why", (remark,)
    broken = broken_link(judged)
    if broken:
        yield "breaks", (broken,)
    told = given.rules.hints != "none" or given.reveal
    if judged.verdict is not Verdict.CORRECT:
        yield from _values(discreet(judged, given.reveal), given.reveal, told)
    if told:
        yield from _diagnosis(judged, given)
    for note in judged.notes:
        yield "note", (note,)
    if not judged.maximum and key(judged.of) in whole.disputed:
        yield "note", (judged.reason,)
    if given.reveal and judged.how:
        yield "how", (f"decided by {judged.how}",)


def _values(judged: Judged, reveal: bool, told: bool) -> Iterator[Detail]:
    """What the answer comes to and, for a teacher, what it should."""
    shown = judged.example is not None and not reveal and _rounded(judged.example.yours) == judged.yours
    if judged.yours is not None and told and judged.yours.strip() != judged.given.strip() and not shown:
        yield "yours", (judged.yours,)
    if reveal and (judged.correct is not None or judged.solution is not None):
        parts = [part for part in (judged.correct, judged.solution) if part is not None]
        yield "correct", tuple(parts) if len(parts) < 2 else (parts[0], "  =", parts[1])
    if judged.example is not None and told:
        yield "differs", (example_text(judged.example, reveal),)


def _diagnosis(judged: Judged, given: Report) -> Iterator[Detail]:
    found = judged.diagnosis
    if found is None:
        return
    strong = given.reveal or given.rules.hints != "node"
    if strong and found.message:
        yield "likely", (found.message.removeprefix("consistent with: "),)
    hint = hint_text(judged, given.rules)
    if hint and not (strong and hint == found.message):
        yield "hint", (hint,)
    if strong and found.row:
        yield "see", (f"backprop trace, row {found.row}",)
    if given.reveal and found.slips:
        yield "slip", (" or ".join(found.slips),)


def hint_text(judged: Judged, rules: Rules) -> str:
    """The help of the strength that the rules allow; empty where there is none."""
    found = judged.diagnosis
    if found is None or found.hints is None or rules.hints == "none":
        return ""
    return str(getattr(found.hints, rules.hints))


def example_text(example: Example, reveal: bool) -> str:
    """A point at which the answer is not right; the right value only where it may be seen."""
    point = ", ".join(f"{name} = {_rounded(value)}" for name, value in example.point[:_COORDINATES])
    point += f" and {left} more values" if (left := len(example.point) - _COORDINATES) > 0 else ""
    where = f"at {point}: " if point else ""
    digits = next(
        (each for each in range(_DIGITS, _MOST_DIGITS + 1) if _rounded(example.yours, each) != _rounded(example.correct, each)), None
    )
    if digits is None:
        return f"{where}yours is off by less than {_MOST_DIGITS} digits show"
    right = f"right is {_rounded(example.correct, digits)}" if reveal else "which is not the right value"
    return f"{where}yours is {_rounded(example.yours, digits)}, {right}"


def _rounded(text: str, digits: int = _DIGITS) -> str:
    """A number with as many digits as people read; any other text as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:.{digits}g}" if math.isfinite(value) and not text.lstrip("-").isdigit() else text


def broken_link(judged: Judged) -> str:
    """Which `=` of a chain does not hold, and what stands behind it."""
    links = _EQUALS.split(judged.given)
    if judged.broken is None or not 1 <= judged.broken <= len(links) or len(links) < 2:
        return ""
    ordinal = _ORDINALS[judged.broken - 1] if judged.broken <= len(_ORDINALS) else f"{judged.broken}th"
    return f"at the {ordinal} =, before {links[judged.broken - 1].strip()}"


def _remarks(judgement: Judgement) -> Iterator[Block]:
    """What is to be known besides the answers."""
    if judgement.unanswered:
        yield Paragraph((Status.NOTE, f"not answered, and not asked for: {', '.join(judgement.unanswered)}"))
    for note in judgement.notes:
        yield Paragraph((Status.NOTE, note))


def summary(given: Report) -> str:
    """How many answers are right, wrong and so on, and the points where they say more."""
    judgement = given.judgement
    counts = Counter(each.verdict for each in judgement.answers)
    if given.ok:
        parts = [f"{counts[Verdict.CORRECT]} of {len(judgement.answers)} right"]
    else:
        parts = [f"{counts[verdict]} {words[counts[verdict] != 1]}" for verdict, words in _COUNTED.items() if counts[verdict]]
        if judgement.missing:
            parts.append(f"{len(judgement.missing)} missing")
    if _whole(judgement).weighted or not given.ok:
        parts.append(f"{points_text(judgement.points)} of {amount(judgement.maximum)}")
    return ", ".join(parts)
