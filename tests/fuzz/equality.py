"""Made pairs of formulas through the decision on equality, and a share of them through the whole judge.

A pair is made by rewriting that keeps the meaning or by one mutation; what it truly is, mpmath says at many points.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

from mpmath import mp, mpf

from backprop_cli.equality.decide import Region, Status, Witness, decide
from backprop_cli.equality.terms import Terms
from backprop_cli.homework.judge import judge
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.lang.parse import read
from tests.fuzz.parallel import shared_out
from tests.fuzz.tally import Tally
from tests.rewrites import ANY, EVERYWHERE, POSITIVE, WHERE_POSITIVE, Case, Tree, formula, home, reference, rewritten, sized, term

_EVERY_JUDGED = 20
_POINTS = 12
_DIGITS, _SPARED = (300, 900), 50
SLIPS = ("factor 1e-12", "literal 1e-12", "factor 1e-6", "sign", "exponent", "symbol", "dropped", "added")


def run(cases: int, seed: int) -> Tally:
    """So many pairs, with the rates."""
    whole = shared_out(share, cases, seed)
    asked = max(1, whole.cases - sum(whole.skipped.values()))
    for word in ("false correct", "false wrong", "undecided"):
        counted = whole.counts[word] + whole.counts[f"judge: {word}"]
        whole.notes.append(f"{word}: {counted:,} of {asked + whole.counts['judged as answers']:,}, {100 * counted / asked:.4f} %")
    if whole.counts["undecided"] + whole.counts["judge: undecided"] > asked / 1_000:
        whole.failures.append("more than 0.1 % stay undecided")
    return whole


def share(stretch: range, seed: int) -> Tally:
    """A stretch of cases."""
    tally = Tally()
    for number in stretch:
        random = Random(f"{seed}/{number}")
        with tally.timed(f"pair {number}"):
            try:
                one(made(random, number), random, tally, f"pair {number} of seed {seed}", number % _EVERY_JUDGED < 2)
            except Exception as error:  # whatever comes out is a failure, and the next pair is tried
                place = traceback.extract_tb(error.__traceback__)[-1]
                tally.failures.append(f"pair {number} of seed {seed}: {error!r:.300} in {place.name}, line {place.lineno}")
        tally.cases += 1
    return tally


def made(random: Random, number: int) -> Case:
    """Even numbers are rewritten, odd ones have a slip as well."""
    left, at = formula(random, random.choice((2, 3, 3, 4))), home(random)
    if number % 2:
        return mutated(Case(left, rewritten(left, random, EVERYWHERE, random.randint(0, 3)), at, ""), random)
    positive = random.random() < 0.5
    rules = EVERYWHERE + WHERE_POSITIVE * positive
    return Case(left, rewritten(left, random, rules, random.randint(1, 6)), at, "where positive" if positive else "everywhere")


def one(case: Case, random: Random, tally: Tally, name: str, judged: bool) -> None:
    """One pair; a false verdict is a failure."""
    tally.counts[case.what] += 1
    truth = what_it_is(case, random)
    if truth == "undefined":
        tally.skipped["no real value at the points"] += 1
        return
    if case.what in SLIPS and truth == "equal":
        tally.counts["slips that change nothing"] += 1
    with_home = case.what == "where positive" or truth == "differs at home" or random.random() < 0.5
    terms = Terms()
    pair = (term(terms, case.left), term(terms, case.right))
    given = {key: terms.number(value) for key, value in case.home.items()} if with_home else {}
    decision = decide(terms, [pair], Region(given), name)
    if truth == "equal" and case.what in SLIPS and decision.witness is not None and _told_apart(case, decision.witness):
        truth = "differs elsewhere"
    _verdict(decision.status, truth, with_home, tally, f"{name}: {case}")
    if judged and truth != "differs elsewhere" and any(leaf in _parts(case.right) for leaf in ANY + POSITIVE):
        tally.counts["judged as answers"] += 1
        _judged(case, truth, tally, name)


def what_it_is(case: Case, random: Random) -> str:
    """By mpmath alone: "equal", "differs at home", "differs elsewhere", or "undefined" where too few points have a value."""
    found = [_differs(case, home(random) if number else case.home) for number in range(_POINTS)]
    if found[0]:
        return "differs at home"
    if any(found):
        return "differs elsewhere"
    return "equal" if found.count(False) >= _POINTS // 3 else "undefined"


def _differs(case: Case, at: Mapping[str, Any], digits_tried: Sequence[int] = _DIGITS) -> bool | None:
    """Whether the pair has two values at a point; None where one of them has none, or rounding hides which it is.

    By rounding they differ by a part of the largest number on the way: that of `exp(-10^4) + 1 - 1` hides all of it.
    """
    for digits in digits_tried:
        (left, one), (right, other) = (sized(_taken(tree, at), _fractions(at), digits) for tree in (case.left, case.right))
        if left is None or right is None:
            return None
        with mp.workdps(digits):
            apart, rounding, same = (
                abs(left - right),
                max(one, other) * mpf(10) ** (_SPARED - digits),
                abs(left) * mpf(10) ** (-digits // 3),
            )
            if apart > max(rounding, same):
                return True
            if apart <= rounding <= same:
                return False
    return None if apart or left else False


def _told_apart(case: Case, witness: Witness) -> bool:
    """Whether a counterexample holds: two values, or none on the right where the left has one."""
    at = case.home | dict(witness.point)
    if _differs(case, at, _DIGITS[1:]) is True or _settled_apart(case, at):
        return True
    return witness.right is None and _at(case.left, at) is not None and _at(case.right, at) is None


def _settled_apart(case: Case, at: Mapping[str, Any]) -> bool:
    """Whether both values stay what they are with more digits, and are two: what `log(1 + exp(y))` loses on the way does not show."""
    with mp.workdps(_DIGITS[0]):
        both = [[_at(tree, at, digits) for digits in _DIGITS] for tree in (case.left, case.right)]
        if any(each is None for values in both for each in values):
            return False
        (left, _), (right, _) = both
        same = mpf(10) ** -_SPARED
        return abs(left - right) > same * abs(left) and all(abs(few - many) <= same * same * abs(many) for few, many in both)


def _at(tree: Tree, at: Mapping[str, Any], digits: int = _DIGITS[0]) -> Any:
    return reference(_taken(tree, at), _fractions(at), digits)


def _taken(tree: Tree, at: Mapping[str, Any]) -> Tree:
    """The formula with the branches that are taken at a point: the others need no value there."""
    if not isinstance(tree, tuple):
        return tree
    if tree[0] == "where":
        holds = _at(tree[1], at)
        return tree if holds is None else _taken(tree[2 if holds else 3], at)
    return (tree[0], *(_taken(each, at) for each in tree[1:]))


def _fractions(at: Mapping[str, Any]) -> dict[str, Fraction]:
    return {key: Fraction(value) for key, value in at.items()}


def _verdict(status: Status, truth: str, with_home: bool, tally: Tally, name: str) -> None:
    if status is Status.UNDECIDED:
        tally.counts["undecided"] += 1
    elif truth == "equal" and status is Status.DIFFERENT:
        tally.counts["false wrong"] += 1
        tally.failures.append(f"false wrong, with home: {with_home}: {name}")
    elif truth == "differs at home" and status is not Status.DIFFERENT:
        tally.counts["false correct"] += 1
        tally.failures.append(f"false correct ({status.value}): {name}")
    elif truth == "differs elsewhere" and (status is Status.EQUAL or (not with_home and status is not Status.DIFFERENT)):
        tally.counts["false correct"] += 1
        tally.failures.append(f"false correct ({status.value}), with home: {with_home}: {name}")


# ---- through the judge ----


def _judged(case: Case, truth: str, tally: Tally, name: str) -> None:
    """The pair as an exercise whose derivative by z is the left formula, and an answer that gives the right one."""
    leaves = "".join(f"input {leaf} = {_number(value)}\n" for leaf, value in case.home.items())
    text = f"{leaves}input z = 3/7\nL = ({spelled(case.left)})*z\n"
    found = judge(read(text, "made.expr"), f"dL/dz = {spelled(case.right)}\n")
    verdict = found.answers[0].verdict
    if verdict is Verdict.UNDECIDED:
        tally.counts["judge: undecided"] += 1
    elif truth == "equal" and verdict is not Verdict.CORRECT:
        tally.counts["judge: false wrong"] += 1
        tally.failures.append(f"judge: false wrong ({verdict.value}): {name}\n{text}dL/dz = {spelled(case.right)}")
    elif truth == "differs at home" and verdict is not Verdict.WRONG:
        tally.counts["judge: false correct"] += 1
        tally.failures.append(f"judge: false correct ({verdict.value}): {name}\n{text}dL/dz = {spelled(case.right)}")


def spelled(tree: Tree) -> str:
    """A formula as it is typed."""
    if isinstance(tree, Fraction):
        return f"({_number(tree)})"
    if isinstance(tree, str):
        return tree
    head, *below = tree
    operands = [spelled(each) for each in below]
    if head == "u-":
        return f"(-{operands[0]})"
    return f"({operands[0]} {head} {operands[1]})" if not head.isalpha() else f"{head}({', '.join(operands)})"


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


# ---- slips ----


def mutated(case: Case, random: Random) -> Case:
    """The pair with one mutation on the right; what it is is told in `what`."""
    while True:
        slip = random.choice(SLIPS)
        places = [(place, part) for place, part in _placed(case.right) if _fits(slip, part)]
        if places:
            place, part = random.choice(places)
            return replace(case, right=_with(case.right, place, _slipped(slip, part, random)), what=slip)


def _fits(slip: str, part: Tree) -> bool:
    head = part[0] if isinstance(part, tuple) else ""
    match slip:
        case "literal 1e-12":
            return isinstance(part, Fraction) and part != 0
        case "symbol":
            return isinstance(part, str) and part in ANY + POSITIVE
        case "exponent":
            return head == "^" and isinstance(part[2], Fraction)
        case "dropped":
            return head in ("+", "-", "*")
        case _:
            return True


def _slipped(slip: str, part: Any, random: Random) -> Any:
    match slip:
        case "factor 1e-12" | "factor 1e-6":
            return ("*", part, 1 + random.choice((1, -1)) * Fraction(slip.split()[1]))
        case "literal 1e-12":
            return part * (1 + random.choice((1, -1)) * Fraction("1e-12"))
        case "symbol":
            return random.choice([leaf for leaf in ANY + POSITIVE if leaf != part])
        case "exponent":
            return ("^", part[1], part[2] + random.choice((1, -1)))
        case "dropped":
            return part[random.choice((1, 2))]
        case "added":
            return ("+", part, random.choice((Fraction(1, 1000), Fraction("1e-12"), *ANY)))
        case _:
            return ("u-", part)


def _placed(tree: Tree) -> Iterator[tuple[tuple[int, ...], Any]]:
    """All parts with their places, as steps down; exponents and conditions are left alone."""
    pending: list[tuple[tuple[int, ...], Tree]] = [((), tree)]
    while pending:
        place, part = pending.pop()
        yield place, part
        if isinstance(part, tuple):
            kept = {"^": 2, "where": 1}.get(part[0])
            pending += [((*place, at), each) for at, each in enumerate(part[1:], 1) if at != kept]


def _with(tree: Tree, place: tuple[int, ...], new: Tree) -> Tree:
    if not place:
        return new
    assert isinstance(tree, tuple)
    return (*tree[: place[0]], _with(tree[place[0]], place[1:], new), *tree[place[0] + 1 :])


def _parts(tree: Tree) -> set[Tree]:
    return {part for _, part in _placed(tree)}
