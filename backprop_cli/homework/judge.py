"""The judge: a program and a text of answers in, a verdict for every line out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backprop_cli.autodiff.point import point
from backprop_cli.equality.decide import Status
from backprop_cli.equality.terms import MOST
from backprop_cli.errors import BackpropError, Diagnostic, Source
from backprop_cli.graph.build import build
from backprop_cli.homework import conventions, solutions
from backprop_cli.homework.board import Board
from backprop_cli.homework.compared import ROUNDED_HERE
from backprop_cli.homework.comparing import Comparer, OutOfTime
from backprop_cli.homework.following import world_of
from backprop_cli.homework.formulas import half_unit, symbols, uses
from backprop_cli.homework.labels import one_hot_here
from backprop_cli.homework.mistakes import Budget, Mistaken, Other, diagnose
from backprop_cli.homework.rules import Rules, fitted, key
from backprop_cli.homework.score import scored
from backprop_cli.homework.shapes import fit
from backprop_cli.homework.sitting import Line, Sitting
from backprop_cli.homework.targets import require_entries, vocabulary
from backprop_cli.homework.verdicts import Diagnosis, Judged, Judgement, Verdict
from backprop_cli.lang.answers import read_answers
from backprop_cli.lang.answers_syntax import Answer, Unreadable
from backprop_cli.lang.program import Program
from backprop_cli.lang.syntax import Number, postorder
from backprop_cli.limits import OWN, SUBMISSION, Limits
from backprop_cli.oracles.opinion import NoOpinion

# Terms of earlier files are let go of when there are as many.
_CROWDED = 200_000
# Terms that one file may add for each node of the limit, if that is more than the usual.
_TERMS = 20
# Numbers written as coarsely as this are beyond float64, and beyond diagnosis.
_VAST = 10**300
# Work that may be done on all diagnoses of a file, in units of their budget, for each second that a line has.
_LOOKED = 5_000_000_000
UNSEEN = "from line {} on it is not looked into what went wrong: the wrong answers above took all the work there is (--limit seconds=N)"
WITH_LABELS = "right with the labels of this point put in, not for other labels"


def judge(
    program: Program,
    answers: str | bytes | Source,
    at: Mapping[str, Any] | None = None,
    of: str | None = None,
    rules: Rules | None = None,
    name: str = "<answers>",
    limits: Limits = SUBMISSION,
    own: Limits = OWN,
) -> Judgement:
    """The verdicts on a text of answers to a program.

    Args:
        program: what the teacher wrote; it must have no faults.
        answers: what the student wrote, one statement a line.
        at: values of leaves; they override those of the program.
        of: the output that `da` and the rest are derivatives of; the last name assigned unless given.
        rules: how exact answers must be, which must be there, and what they are worth.
        name: what to call the answers in complaints.
        limits: how much a submission may ask for.
        own: how much the program may ask for.

    Raises:
        BackpropError: for a program that cannot be built, for rules that name what it does not have, and for a text
            beyond the limits or without a single answer. A line that cannot be read is a verdict, not an error.
    """
    return Bench(program, at, of, rules, own).judge(answers, name, limits)


class Bench:
    """A program ready to judge any number of answer files: what depends on the program alone is worked out once."""

    def __init__(
        self,
        program: Program,
        at: Mapping[str, Any] | None = None,
        of: str | None = None,
        rules: Rules | None = None,
        own: Limits = OWN,
    ) -> None:
        graph = build(program, (at or {}).keys(), own)
        point(graph, at or {}, False, own)
        output = of or graph.output
        if output is None or output not in graph.names:
            hint = "name one of its nodes"
            raise BackpropError(Diagnostic("unknown-name", f"{program.source.name} has no node {output}", hint=hint))
        self.board = Board(program, at or {}, output)
        self.program, self.at = program, dict(at or {})
        self.rules = fitted(rules or Rules(), graph.names, output)
        self.exercise = program.source.text
        self.words = vocabulary(self.board)
        require_entries(self.board, self.words, self.rules.named)
        self.params = tuple(leaf for leaf, role in graph.roles.items() if role == "param")

    def judge(self, answers: str | bytes | Source, name: str = "<answers>", limits: Limits = SUBMISSION) -> Judgement:
        """The verdicts on one text of answers."""
        _check_count(answers, name, limits)
        read = read_answers(answers, self.words, name, limits, self.rules.decimal_comma)
        if not read:
            raise BackpropError(Diagnostic("no-answers", f"{name} holds no answers", hint="write one on each line, as in  dL/da = 2*z*x"))
        if len(self.board.terms) > _CROWDED:
            self.board = Board(self.program, self.at, self.board.output)
        self.board.walk.engine.govern(limits)
        self.board.terms.bits = limits.exact_bits
        self.board.terms.most = len(self.board.terms) + max(MOST, _TERMS * limits.nodes)
        sitting = Sitting(self.board, self.rules, self.exercise, limits.seconds)
        lines = [sitting.judge(each) for each in read if isinstance(each, Answer)]
        lines = conventions.settled(sitting, lines)
        finished = iter([self.explained(sitting, line, lines) for line in lines])
        records = tuple(_unreadable(each) if isinstance(each, Unreadable) else next(finished) for each in read)
        notes = tuple(UNSEEN.format(line) for line in sitting.unseen[:1])
        return scored(Judgement(records, self.missing(lines), self.unanswered(lines), notes=notes), self.rules)

    def explained(self, sitting: Sitting, line: Line, lines: Sequence[Line]) -> Judged:
        """The record of a line; what its explanation took is let go of, for the lines after it."""
        mark = self.board.mark()
        judged = self.finished(sitting, line, lines)
        self.board.forget(mark)
        return judged

    def finished(self, sitting: Sitting, line: Line, lines: Sequence[Line]) -> Judged:
        """The record of a line with the values at the point and, where it is wrong, what may have gone wrong."""
        judged = line.judged
        comparer = sitting.comparer(line.answer)
        if judged.verdict is Verdict.CORRECT:
            used = _wrong_before(line, lines)
            return replace(judged, notes=(*judged.notes, *used))
        if line.truth is None:
            return judged
        if judged.verdict is Verdict.CORRECT_AT_POINT and _with_labels(self.board, line, comparer):
            return replace(judged, message=WITH_LABELS, example=None, solution=solutions.formula(self.board, line.truth))
        yours = None if line.found.claimed is None else solutions.values_text(comparer, line.found.claimed)
        return replace(
            judged,
            yours=yours,
            telling=self.gives_away(line, lines),
            correct=solutions.values_text(comparer, line.truth),
            solution=solutions.formula(self.board, line.truth),
            diagnosis=self.diagnosis(sitting, line, lines, comparer),
        )

    def diagnosis(self, sitting: Sitting, line: Line, lines: Sequence[Line], comparer: Comparer) -> Diagnosis | None:
        """What a wrong line is consistent with."""
        found = line.found
        asked = found.verdict in (Verdict.WRONG, Verdict.CORRECT_AT_POINT) and found.how != "form" and found.message != ROUNDED_HERE
        if not self.rules.diagnose or not asked or line.truth is None or (found.claimed is None and found.how != "shapes"):
            return None
        target = line.answer.target
        assert target.of is not None
        others = [
            Other(each.answer.target.of, each.answer.target.wrt, each.found.claimed, each.found.verdict is Verdict.CORRECT)
            for each in lines
            if each is not line
            and each.found.claimed is not None
            and each.answer.target.of is not None
            and each.answer.target.kind != "update"
        ]
        halves = [half_unit(part.text) for part in postorder(line.tree) if isinstance(part, Number) and not part.text.isdecimal()]
        half = max(halves, default=None)
        if half is not None and half > _VAST:
            return None
        mistaken = Mistaken(
            of=target.of,
            by=target.wrt,
            claimed=found.claimed,
            truth=line.truth,
            numeric=found.numeric,
            half_unit=None if half is None else float(half),
            world=world_of(self.board, [slip for slip in sitting.wrong if slip.lines[-1] < line.answer.line]),
            others=others,
            tree=line.tree,
            rate=sitting.rules.rate if sitting.rules.rate is not None else sitting.rate,
            kind=target.kind,
            secret=self.open(lines),
        )
        budget = Budget()
        if sitting.looked > max(_LOOKED * sitting.seconds - budget.left, 0):
            sitting.unseen.append(line.answer.line)
            return None
        whole = budget.left
        try:
            return diagnose(self.board, mistaken, comparer.measure.seed, budget)
        except NoOpinion:
            return None
        finally:
            sitting.looked += whole - budget.left

    def gives_away(self, line: Line, lines: Sequence[Line]) -> bool:
        """Whether the value of a formula would tell what stands in it and has no right answer yet."""
        right = {(each.answer.target.of, each.answer.target.wrt) for each in lines if _settles(each)}
        asked = {each.answer.target.of for each in lines if each.answer.target.kind == "value"} | set(self.rules.require)
        return any((of, by) not in right and (by is not None or of in asked) for of, by in uses(line.tree))

    def open(self, lines: Sequence[Line]) -> frozenset[str]:
        """The derivatives that are asked for, or answered, and that no line has right."""
        asked = {f"d{line.answer.target.of}/d{line.answer.target.wrt}" for line in lines}
        return frozenset((*self.rules.require, *asked)) - {line.answer.target.text for line in lines if _settles(line)}

    def missing(self, lines: Sequence[Line]) -> tuple[str, ...]:
        """The required answers that nobody gave."""
        given = {key(line.answer.target.text) for line in lines}
        return tuple(each for each in self.rules.require if each not in given)

    def unanswered(self, lines: Sequence[Line]) -> tuple[str, ...]:
        """The gradients of parameters that no line answers, for information."""
        if self.rules.require:
            return ()
        given = {
            line.answer.target.wrt
            for line in lines
            if line.answer.target.kind == "derivative" and line.answer.target.of == self.board.output
        }
        return tuple(f"d{self.board.output}/d{each}" for each in self.params if each not in given)


def _check_count(answers: str | bytes | Source, name: str, limits: Limits) -> None:
    """Complains of more answers than the limit, before any is read."""
    text = answers.text if isinstance(answers, Source) else answers
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    if sum(map(plain.count, "\n\r;")) < limits.answers:
        return
    count = sum(1 for line in plain.splitlines() for each in line.partition("#")[0].split(";") if each.strip())
    if count > limits.answers:
        message = f"{name} holds {count:,} answers; the limit is {limits.answers:,}"
        raise BackpropError(Diagnostic("too-many-answers", message, hint="split the file, or allow more with --limit answers=N"))


def _with_labels(board: Board, line: Line, comparer: Comparer) -> bool:
    """Whether an answer is right where the one-hot labels are those of the point, as `p[1] - 1` for `p[1] - y[1]`."""
    labels = frozenset(key for columns in (False, True) for row in one_hot_here(board, columns) for key in row)
    if line.truth is None or line.found.claimed is None or not labels:
        return False
    region = replace(comparer.region, fixed=comparer.region.fixed | labels, one_hot=())
    try:
        claimed, _ = fit(line.truth, line.found.claimed)
        pairs = list(zip(line.truth.ravel().tolist(), claimed.ravel().tolist(), strict=True))
        return comparer.asked(pairs, region).status in (Status.EQUAL, Status.EQUAL_HERE)
    except (NoOpinion, OutOfTime):
        return False


def _settles(line: Line) -> bool:
    """Whether a line is the right answer to a whole value or derivative, and not to an entry or a shape of it."""
    target = line.answer.target
    return line.found.verdict is Verdict.CORRECT and target.kind in ("value", "derivative") and target.index is None


def _unreadable(each: Unreadable) -> Judged:
    left, sign, right = each.text.partition("=")
    of = left.strip() if sign else ""
    return Judged(
        each.line,
        of,
        right.strip() if sign else each.text,
        Verdict.UNREADABLE,
        "",
        each.diagnostic.message,
        complaint=each.diagnostic,
        text=each.text,
    )


def _wrong_before(line: Line, lines: Sequence[Line]) -> list[str]:
    """Notes on the symbols of a right formula that the student got wrong in earlier lines."""
    used = {pair for tree in line.answer.links for pair in symbols(tree)}
    before = {each.answer.target.text: each for each in lines[: lines.index(line)]}  # of several answers the last one counts
    return [
        f"the step is right; {text}, which it uses, is wrong in line {each.answer.line}"
        for text, each in before.items()
        if (each.answer.target.of, each.answer.target.wrt) in used
        and each.found.verdict is Verdict.WRONG
        and each.answer.target.kind == "derivative"
    ]
