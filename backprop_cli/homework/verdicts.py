"""What the judge says of an answer: the verdict, why, and what may have gone wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from backprop_cli.errors import Diagnostic
from backprop_cli.lang.syntax import Expr


class Verdict(Enum):
    """The seven verdicts."""

    CORRECT = "correct"
    FOLLOW_THROUGH = "follow-through"
    CONVENTION = "convention"
    CORRECT_AT_POINT = "correct-at-point"
    WRONG = "wrong"
    UNDECIDED = "undecided"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Hints:
    """Three strengths of help: which node, which rule, the local derivative (which gives most away)."""

    node: str
    rule: str
    local: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the answer is consistent with: catalogue ids that cannot be told apart, the edge or node, one sentence.

    `row` names the row of the trace to look at, such as `t -> w`.
    """

    slips: tuple[str, ...]
    where: str | None
    message: str
    hints: Hints | None = None
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A point at which the answer and the truth differ: the leaves' values and both results, as texts of numbers."""

    point: tuple[tuple[str, str], ...]
    yours: str
    correct: str


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One answer line and what became of it.

    `of` is what was answered, as in `dL/da`; `given` the right side as written; `how` the layer that decided; `broken` the
    number of the first `=` of a chain that does not hold, counted from 1. `yours` and `correct` are values at the point;
    `telling` says that `yours` would tell what has no right answer yet; `solution` is the right answer as a formula: both are for
    teachers only. `points`, `maximum` and `reason` are the score.
    """

    line: int
    of: str
    given: str
    verdict: Verdict
    how: str = ""
    message: str = ""
    diagnosis: Diagnosis | None = None
    notes: tuple[str, ...] = ()
    broken: int | None = None
    example: Example | None = None
    yours: str | None = None
    correct: str | None = None
    telling: bool = False
    solution: Expr | None = None
    complaint: Diagnostic | None = None
    points: float = 0.0
    maximum: float = 1.0
    reason: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A whole answer file: its lines, the required answers that are missing, and gradients of parameters nobody asked for."""

    answers: tuple[Judged, ...]
    missing: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    points: float = 0.0
    maximum: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Every line is correct and nothing is missing."""
        return not self.missing and all(each.verdict is Verdict.CORRECT for each in self.answers)

    @property
    def only_undecided(self) -> bool:
        """Nothing is wrong, but something could not be decided."""
        return not self.ok and not self.missing and {each.verdict for each in self.answers} <= {Verdict.CORRECT, Verdict.UNDECIDED}
