"""Every view of random programs, and the judge on their own gradients: no fault, no control byte, no right answer called wrong."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np

from backprop_cli.commands import run as command
from backprop_cli.door import grad
from backprop_cli.errors import BackpropError
from backprop_cli.homework.judge import judge
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.lang.parse import parse
from backprop_cli.limits import SUBMISSION
from tests.fuzz.grown import program
from tests.fuzz.parallel import shared_out
from tests.fuzz.spelled import text
from tests.fuzz.tally import Tally
from tests.fuzz.trial import told

# One word of each group, or none.
_GROUPS = (
    ("--symbolic", "--elementwise", "--paths", "--expand", "--mode forward", "--mode reverse", "--style tape", "--algorithm recursive"),
    ("--ops",),
    ("--exact",),
    ("--format latex", "--format markdown", "--json", "--ascii", "--digits 3"),
)
_GRADIENTS = ("--symbolic", "--exact", "--json", "--digits 17", "--no-check")
_REPORTS = (
    ("--format markdown", "--format csv", "--format gradescope", "--format prairielearn", "--format junit", "--json", "--ascii"),
    ("--reveal", "--hints none", "--hints local", "--quiet", "--form number", "--digits 5"),
)
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
# An answer, or a complaint about the program: all have values, but some leave a domain. Those of `verify` tell verdicts, too.
_ORDINARY, _VERDICTS = (0, 2), (0, 1, 2, 3)
_VIEWS = 3
_ENTRIES = 12  # of a gradient that is given as an answer
_NOISE = 1e-9  # what is no larger may be what cancellation left of 0
_LONG = 5_000  # characters of an answer
_TOO_LONG = re.compile(rf"\d{{{SUBMISSION.digits + 1}}}")
_LOST = "float64 loses the digits"
_SAID = "right answers: no failure, since `grad` says that float64 loses digits, or that there is no second opinion"
_ACCUSED = frozenset({Verdict.WRONG, Verdict.UNREADABLE, Verdict.FOLLOW_THROUGH})
_ACCEPTED = frozenset({Verdict.CORRECT, Verdict.FOLLOW_THROUGH, Verdict.CONVENTION, Verdict.CORRECT_AT_POINT})


def run(cases: int, seed: int) -> Tally:
    """So many programs, some views of each; then its own gradients as answers, and the same a thousandth off."""
    return shared_out(share, cases, seed, every=500)


def share(stretch: range, seed: int) -> Tally:
    """A stretch of programs."""
    tally = Tally()
    for number in stretch:
        made = program(Random(f"{seed}/{number}"))
        written = "\n".join([*(f"{leaf} = {json.dumps(value)}" for leaf, value in made.leaves.items()), text(made)])
        look_at(written, f"program {number} of seed {seed}", Random(f"{seed}/{number}/screens"), tally)
    return tally


def look_at(written: str, case: str, random: Random, tally: Tally) -> None:
    """One program: its views, and its own gradients through the judge."""
    for words in _views(random):
        name = f"{case}: {' '.join(words)}"
        with tally.timed(name):
            found = shown([words[0], "-e", written, *words[1:]])
        tally.counts["views"] += 1
        if found:
            tally.failures.append(f"{found}: {name}\n{written}")
    with tally.timed(f"{case}: judged"):
        found = judged(written, random, tally)
    if found:
        tally.failures.append(f"{found}: {case}\n{written}")
    tally.cases += 1


def _views(random: Random) -> Iterator[list[str]]:
    for _ in range(_VIEWS):
        chosen = [random.choice(group) for group in _GROUPS if random.random() < 0.4]
        yield ["trace", *" ".join(chosen).split()]
    yield ["grad", *" ".join(each for each in _GRADIENTS if random.random() < 0.3).split()]


def shown(arguments: list[str]) -> str:
    """What is wrong with a run of the command; nothing where it answers, or says what is amiss with the program."""
    output, complaint = io.StringIO(), io.StringIO()
    before = os.environ.get("BACKPROP_DEBUG")
    os.environ["BACKPROP_DEBUG"] = "1"  # a fault comes out as it is
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(complaint):
            status = command(arguments)
    except Exception as error:  # whatever comes out is what is looked for
        return told(error)
    finally:
        if before is None:
            del os.environ["BACKPROP_DEBUG"]
    printed = output.getvalue()
    if status not in (_VERDICTS if arguments[0] == "verify" else _ORDINARY):
        return f"status {status}"
    if status == 2 and "error" not in printed + complaint.getvalue():
        return f"status {status} without a complaint"
    if _CONTROL.search(printed) or _CONTROL.search(complaint.getvalue()):
        return "a control byte"
    if "--json" in arguments:
        try:
            json.loads(complaint.getvalue() if status == 2 else printed, parse_constant=_no_number)
        except ValueError as error:
            return f"no JSON: {error}"
    return ""


def _no_number(word: str) -> Any:
    raise ValueError(word)


def judged(written: str, random: Random, tally: Tally) -> str:
    """What the judge gets wrong about gradients, about the same a thousandth off, and in showing slips; nothing where it is right."""
    try:
        found = grad(written)
    except BackpropError:
        tally.skipped["no gradient"] += 1
        return ""
    output = found.output
    given = {name: np.asarray(value, dtype=float) for name, value in found.gradients.items()}
    plain = {
        name: value
        for name, value in given.items()
        if 0 < value.size <= _ENTRIES and np.isfinite(value).all() and abs(value).max() > _NOISE
    }
    right = (
        [f"d{output}/d{name} = {_spelled(value)}" for name, value in plain.items()] + _formulas(written, output) + _steps(written, output)
    )
    readable = [each for each in right if not _TOO_LONG.search(each)]
    if len(readable) < len(right):
        tally.counts["right answers left out: a number in them has more digits than the limit"] += len(right) - len(readable)
    # With more digits than a rounded answer has: 1.72 is right for 1.71828.
    # On a kink, a slope beside ours is another convention.
    off = [] if found.kinked else [f"d{output}/d{name} = {_spelled(value * 1.001234567)}" for name, value in plain.items()]
    source = parse(written)
    for lines, due, never in ((readable, "right", _ACCUSED), (off, "off", _ACCEPTED)):
        try:
            answers = judge(source, "\n".join(lines)).answers if lines else ()
        except Exception as error:  # whatever comes out is what is looked for
            return told(error)
        for each in answers:
            tally.counts[f"{due} answers: {each.verdict.value}"] += 1
            if each.verdict in never and due == "right" and _doubted(written):
                tally.counts[_SAID] += 1
            elif each.verdict in never:
                return f"{due}, but {each.verdict.value}: {each.text}"
    slips = [_slipped(each, random) for each in random.sample(readable + off, min(len(readable + off), 5))]
    slips += [f"{name} = {random.uniform(-2, 2):.4g}" for name in re.findall(r"^(v\d+) = ", written, re.M) if random.random() < 0.3]
    slips += [
        f"d{output}/d{name} = {random.uniform(-2, 2):.4g}" for name in re.findall(r"^(v\d+) = ", written, re.M) if random.random() < 0.3
    ]
    random.shuffle(slips)
    chosen = [random.choice(group) for group in _REPORTS if random.random() < 0.4]
    tally.counts["reports"] += 1
    told_by = (
        shown(["verify", "-e", written, *(word for each in slips for word in ("-a", each)), *" ".join(chosen).split()]) if slips else ""
    )
    return f"{told_by} in {chosen} on {slips}" if told_by else ""


def _slipped(line: str, random: Random) -> str:
    """An answer with the slip of a pen."""
    asked, _, formula = line.partition(" = ")
    slips = [("sin", "cos"), ("+", "-"), ("*", "/"), ("^2", "^3"), ("2", "3"), ("exp", "log"), ("(", "-("), (".", "")]
    old, new = random.choice([each for each in slips if each[0] in formula] or [("", "-")])
    return f"{asked} = {formula.replace(old, new, 1)}"


def _formulas(written: str, output: str) -> list[str]:
    """The closed forms that the tool finds, as answers."""
    status, printed = _printed(["grad", "-e", written, "--symbolic", "--json", "--no-check"])
    found = json.loads(printed).get("formulas", {}) if not status else {}
    return [f"d{output}/d{name} = {each['in_leaves']}" for name, each in found.items() if 0 < len(each["in_leaves"] or "") < _LONG]


def _steps(written: str, output: str) -> list[str]:
    """The local derivatives that a trace prints, and the chain rule over each name's users, as answers; none where there are arrays."""
    status, printed = _printed(["trace", "-e", written, "--json"])
    steps = [] if status else json.loads(printed)["backward"]
    if any(np.ndim(each["contribution"]) or each["local"]["formula"] is None for each in steps):
        return []
    users: dict[str, dict[str, str]] = {}
    for each in steps:
        users.setdefault(each["operand"], {})[each["user"]] = each["local"]["formula"]
    local = [f"∂{user}/∂{name} = {formula}" for name, by in users.items() for user, formula in by.items() if len(formula) < _LONG]
    chains = [
        f"d{output}/d{name} = " + " + ".join(f"∂{user}/∂{name}" if user == output else f"d{output}/d{user}*∂{user}/∂{name}" for user in by)
        for name, by in users.items()
        if set(by) != {output}
    ]
    return local + chains


def _doubted(written: str) -> bool:
    """Whether `grad` itself warns of its number."""
    printed = _printed(["grad", "-e", written])[1]
    return _LOST in printed or "agrees with SymPy" not in printed


def _printed(arguments: list[str]) -> tuple[int, str]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = command(arguments)
    return status, printed.getvalue()


def _spelled(value: Any) -> str:
    """Numbers to seven digits, all of them written: cancellation leaves no more of some."""
    return str(np.vectorize(lambda each: f"{each:.6e}")(value).tolist()).replace("'", "")
