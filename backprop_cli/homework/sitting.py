"""One answer file being judged, line by line: what was claimed so far is kept, because later lines may rest on it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from time import monotonic

from backprop_cli.errors import Diagnostic, Source
from backprop_cli.homework import forms, numbers, shapes, updates
from backprop_cli.homework.board import Board
from backprop_cli.homework.chains import UNLIKE, agree, carried_on, once_more
from backprop_cli.homework.circles import Circles
from backprop_cli.homework.compared import ROUNDED_HERE, Compared
from backprop_cli.homework.comparing import Comparer, Measure, OutOfTime
from backprop_cli.homework.following import (
    Entry,
    Slip,
    bears_on,
    constant,
    entry_replaced,
    lines_of,
    rounding_of,
    usable_for,
    world_of,
    worlds,
)
from backprop_cli.homework.formulas import moving, read_as_products
from backprop_cli.homework.lowering import Misfit
from backprop_cli.homework.meaning import WORST_FIRST, best
from backprop_cli.homework.placed import alone
from backprop_cli.homework.rules import Rules
from backprop_cli.homework.standing import readings, with_quotients
from backprop_cli.homework.targets import rates, shape_of, whole
from backprop_cli.homework.verdicts import Judged, Verdict
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.answers_syntax import Answer, Target
from backprop_cli.lang.syntax import Expr, names_in
from backprop_cli.oracles.opinion import NoOpinion

# A line that runs out of time is tried once more with as many times as much.
_RETRY = 5


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """An answer with its verdict so far and what was learnt on the way: the link that decided and how it compared."""

    answer: Answer
    judged: Judged
    tree: Expr
    found: Compared
    truth: Ids | None = None
    world: World = TRUTH


@dataclass(slots=True, eq=False)
class Sitting:
    """The state of judging one file."""

    board: Board
    rules: Rules
    exercise: str
    seconds: float = 2.0
    until: float = math.inf
    slips: list[Slip] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    rate: Fraction | None = None
    circles: Circles = field(default_factory=Circles)
    looked: int = 0  # work done on diagnoses
    unseen: list[int] = field(default_factory=list)  # lines that got none for lack of it

    @property
    def wrong(self) -> list[Slip]:
        """The wrong answers so far."""
        return [slip for slip in self.slips if not slip.right]

    def comparer(self, answer: Answer, extra: Iterable[str] = ()) -> Comparer:
        """The comparer for a line; its random points depend on the exercise and the line alone."""
        target = answer.target.text
        tolerance = self.rules.tolerance_of(target)
        exact = None if tolerance is None else Fraction(tolerance)
        seed = f"{self.exercise}\n{target} = {' = '.join(answer.link_texts)}"
        known = {name: self.rules.rate for name in extra if self.rules.rate is not None}
        return Comparer(self.board, Measure(self.rules.digits, exact, seed, known, tuple(extra), self.until))

    def judge(self, answer: Answer) -> Line:
        """One line. What it claims is kept for the lines after it, but not what a large one that is undecided left behind."""
        mark = self.board.mark()
        line = self.tried(answer)
        if line.found.verdict is Verdict.UNDECIDED and self.board.forget(mark):
            return Line(answer, line.judged, line.tree, replace(line.found, claimed=None))
        return line

    def tried(self, answer: Answer) -> Line:
        """One line, twice if it takes long."""
        for seconds in (self.seconds, _RETRY * self.seconds):
            self.until = monotonic() + seconds
            try:
                return self.in_time(answer)
            except OutOfTime:
                continue
            finally:
                self.until = math.inf
        told = f"judging this line took longer than {_RETRY * self.seconds:g} s (--limit seconds=N)"
        return self.line(answer, answer.links[0], Compared(Verdict.UNDECIDED, "", told))

    def in_time(self, answer: Answer) -> Line:
        """One line, within the time that it has. Raises OutOfTime."""
        kind = answer.target.kind
        foreign = self.foreign(answer)
        if foreign is not None:
            return self.line(answer, answer.links[0], Compared(Verdict.UNREADABLE), complaint=foreign)
        try:
            if kind == "shape":
                return self.of_shape(answer)
            if kind == "update":
                return updates.judged(self, answer)
            return self.of_terms(answer)
        except Misfit as error:
            return self.line(answer, answer.links[0], Compared(Verdict.WRONG, "shapes", str(error)))
        except NoOpinion as error:
            return self.line(answer, answer.links[0], Compared(Verdict.UNDECIDED, "", str(error)))

    def foreign(self, answer: Answer) -> Diagnostic | None:
        """A name that only updates may use, in a line that is none; an update of what is computed."""
        kind, of = answer.target.kind, answer.target.of
        if kind == "update" and of in self.board.values and of not in self.board.leaves:
            hint = f"write  d{of}/dx = ...  for a derivative, or  {of} = ...  for the value"
            return Diagnostic(
                "bad-target", f"{of} is computed from others: it has no new value", Source("<answers>", answer.text), hint=hint
            )
        if kind in ("update", "shape"):
            return None
        names = rates(frozenset(self.board.values) | frozenset(self.board.broken))
        for tree in answer.links:
            for name, span in names_in(tree).items():
                if name in names:
                    return Diagnostic("unknown-name", f"no node is named {name}", *alone(answer, span), hint="only an update has a rate")
        for each in (answer.target.of, answer.target.wrt):
            if each in names:
                return Diagnostic("unknown-name", f"no node is named {each}", Source("<answers>", answer.text))
        return None

    # ---- values and derivatives ----

    def of_terms(self, answer: Answer) -> Line:
        comparer = self.comparer(answer)
        notes: list[str] = []
        line, where = None, 0
        before: Compared | None = None
        number: Compared | None = None  # the last link that is one
        circle = self.circles.of_chain(self.board, answer.target, answer.links)
        if circle:
            return self.line(answer, answer.links[0], Compared(Verdict.WRONG, "", circle))
        for at, tree in enumerate(answer.links):
            found, truth, world, slips = self.link(answer, tree, comparer)
            if before is not None and found.verdict is Verdict.WRONG and once_more(comparer, before, found, tree):
                continue  # the number of the link before, written once more
            if number is not None and found.numeric and not moving(tree) and not agree(comparer, number, found, tree):
                found, slips = Compared(Verdict.WRONG, "value", UNLIKE, claimed=found.claimed, numeric=True), []
            number = found if found.numeric and not moving(tree) else number
            verdict = found.verdict
            if slips and verdict is Verdict.CORRECT:
                verdict = Verdict.FOLLOW_THROUGH
                found = replace(found, verdict=verdict, message=f"right given the answer of line {lines_of(slips)}", example=None)
            notes.extend(note for note in found.notes if note not in notes)
            each = self.line(answer, tree, found, truth, world)
            if line is None or WORST_FIRST.index(verdict) < WORST_FIRST.index(line.found.verdict):
                line, where = each, at
            elif verdict is line.found.verdict:
                last, message = found if found.claimed is not None else line.found, found.message or line.found.message
                kept = Compared(verdict, found.how, message, claimed=last.claimed, numeric=last.numeric)
                line = Line(answer, line.judged, tree, kept, truth, world)
            before = found
            if verdict not in (Verdict.CORRECT, Verdict.FOLLOW_THROUGH, Verdict.CORRECT_AT_POINT):
                break
        assert line is not None
        holds = line.found.verdict in (Verdict.CORRECT, Verdict.FOLLOW_THROUGH)
        broken = None if holds or len(answer.links) == 1 else where + 1
        line = self.line(answer, line.tree, line.found, line.truth, line.world, notes=notes, broken=broken)
        line = forms.required(line, self.rules.form_of(answer.target.text), self)
        self.keep(line)
        return line

    def link(self, answer: Answer, tree: Expr, comparer: Comparer) -> tuple[Compared, Ids | None, World, list[Slip]]:
        """One right side: against the truth, then with numbers as the answers that they are, then where earlier wrong answers hold."""
        first, truth = best(answer.target, tree, comparer, TRUTH)
        if first.verdict not in (Verdict.WRONG, Verdict.CORRECT_AT_POINT):
            return first, truth, TRUTH, []
        target, tree = answer.target, with_quotients(read_as_products(tree) or tree)
        usable = usable_for(self.slips, target)
        for stands in readings(self.board, usable, tree):
            found, _ = best(target, tree, comparer.reading(stands), TRUTH)
            wrong = [slip for slip in stands.slips if not slip.right]
            if not found.right or not all(bears_on(self.board, slip, target) for slip in wrong):
                continue
            found = replace(found, claimed=first.claimed)
            if wrong:
                return found, truth, world_of(self.board, wrong), wrong
            if first.claimed is not None and comparer.digits_agree(truth, first.claimed):
                note = f"right given the number of line {lines_of(stands.slips)}"
                return replace(found, notes=(*found.notes, note)), truth, TRUTH, []
        if first.verdict is not Verdict.WRONG and first.message != ROUNDED_HERE:
            return first, truth, TRUTH, []
        right = [slip for slip in usable if slip.right]
        for slips in worlds(self.wrong, target):
            carried = self.carried(target, tree, comparer, slips)
            for stands in readings(self.board, right, tree, world_of(self.board, slips)) if carried is None else ():
                carried = carried or self.carried(target, tree, comparer.reading(stands), slips)
            if carried is not None:
                needed = self.fewest(target, tree, comparer, slips)
                return carried, truth, world_of(self.board, needed), needed
        return first, truth, TRUTH, []

    def carried(self, target: Target, tree: Expr, comparer: Comparer, slips: list[Slip]) -> Compared | None:
        """How a formula compares where earlier wrong answers hold, if it is right there and something is left to be right about."""
        world = world_of(self.board, slips)
        for each in (world, replace(world, by_value=True)) if world.values else (world,):
            try:
                found, due = best(target, tree, comparer, each, rounding_of(slips))
            except NoOpinion:
                continue
            if found.right and not constant(self.board, due, (0,)):
                return found
        return None

    def fewest(self, target: Target, tree: Expr, comparer: Comparer, slips: list[Slip]) -> list[Slip]:
        """The earlier answers without which a line is not right."""
        needed = list(slips)
        for slip in slips if len(slips) > 1 else ():
            rest = [each for each in needed if each is not slip]
            if rest and self.carried(target, tree, comparer, rest) is not None:
                needed = rest
        return needed

    # ---- shapes ----

    def of_shape(self, answer: Answer) -> Line:
        due = shape_of(self.board, answer.target)
        for tree in answer.links:
            verdict, message = shapes.judged(due, tree, self.sizes)
            if verdict is not Verdict.CORRECT:
                break
        notes = [message] if verdict is Verdict.CORRECT and message else []
        return self.line(answer, tree, Compared(verdict, "shape", "" if notes else message), notes=notes)

    # ---- keeping ----

    def keep(self, line: Line) -> None:
        """What a line claimed, for the lines after it."""
        target, last = line.answer.target, line.answer.links[-1]
        found = line.found
        assert target.of is not None
        if found.claimed is None:
            return
        if found.verdict is Verdict.WRONG:
            found = carried_on(self.comparer(line.answer), found, line.tree, last, world_of(self.board, self.wrong))
        holds = found.verdict in (Verdict.CORRECT, Verdict.FOLLOW_THROUGH)
        self.circles.keep(target, line.answer.links if holds else (line.tree,))
        right = found.verdict is Verdict.CORRECT
        alike = [slip for slip in self.slips if (slip.of, slip.by) == (target.of, target.wrt)]
        before = alike[-1] if alike and target.index is not None else None  # entries add up
        if found.verdict is Verdict.UNDECIDED or (right and not found.numeric and before is None):
            return  # a right formula is the truth
        truth = whole(self.board, target)
        try:
            claimed = shapes.fit(truth if target.index is None else truth[target.index], found.claimed)[0]
        except Misfit:
            return
        made = entry_replaced(truth if before is None else before.claimed, target.index, claimed)
        trivial = not right and any(constant(self.board, made, (each,)) for each in ((0, 1) if target.wrt is None else (0, 1, -1)))
        rounding = numbers.coarseness(last, self.rules.digits) if found.numeric and not right else Fraction(0)
        entries = {} if before is None else dict(before.entries)
        entries[target.index] = Entry(line.answer.line, right, rounding)
        self.slips.append(Slip(target.of, target.wrt, made, entries, trivial, target.partial))

    def line(
        self,
        answer: Answer,
        tree: Expr,
        found: Compared,
        truth: Ids | None = None,
        world: World = TRUTH,
        *,
        notes: Iterable[str] | None = None,
        broken: int | None = None,
        complaint: Diagnostic | None = None,
    ) -> Line:
        """A line and its record."""
        told = (*answer.notes, *(found.notes if notes is None else notes))
        given = " = ".join(answer.link_texts)
        judged = Judged(
            line=answer.line, of=answer.target.text, given=given, verdict=found.verdict, how=found.how, message=found.message,
            notes=told, broken=broken, example=found.example, complaint=complaint, text=answer.text,
        )  # fmt: skip
        return Line(answer, judged, tree, found, truth, world)
