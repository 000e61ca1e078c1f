"""Gradients of random programs against PyTorch and SymPy; every difference is explained or a failure."""

from __future__ import annotations

import traceback
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import torch

from backprop_cli.autodiff.differentiate import Gradients
from backprop_cli.door import grad
from backprop_cli.errors import BackpropError
from backprop_cli.lang.parse import parse
from backprop_cli.limits import OWN
from backprop_cli.oracles.opinion import Abstains, Agrees, Disagrees
from backprop_cli.oracles.second import second_opinion
from tests.fuzz.grown import Program, program
from tests.fuzz.parallel import shared_out
from tests.fuzz.spelled import text
from tests.fuzz.tally import Tally
from tests.fuzz.textbook_engine import DIGITS, MORE_DIGITS, MOST_DIGITS, Undefined, true_gradients
from tests.fuzz.torch_engine import Run

TOLERANCE = 1e-9  # of the sum of the absolute contributions
_CORNER = 1e-7  # relative distance from a corner, below which the engines may take different sides
_UNDERFLOW, _LARGEST = 1e-290, 1e150
_UNMEASURED = 1e-100  # below it, nothing says how large the contributions were where PyTorch has 0
_EVERY_SYMPY = 200
_AMPLIFIED = 64.0  # how many times the spread under rounding noise a difference may be
_OURS = frozenset(("domain", "overflow", "infinite-derivative", "no-derivative"))
_SYMPY_FAILS = (ArithmeticError, AttributeError, LookupError, NameError, NotImplementedError, RecursionError, TypeError, ValueError)
_NOTHING_WHOLE = 1  # SymPy is asked for each statement, not for all of them written out as one: that would take days
_STATEMENTS, _WHOLE = "agreed with SymPy, statement by statement", "agreed with SymPy once more, by other definitions"
Arrays = dict[str, Any]


def run(cases: int, seed: int) -> Tally:
    """So many programs; the numbers of cases that fail are told."""
    whole = shared_out(share, cases, seed, every=5_000)
    compared = whole.cases - sum(whole.skipped.values())
    whole.notes.append(
        f"{compared:,} compared with PyTorch, {whole.counts[_STATEMENTS]:,} with SymPy, {whole.counts[_WHOLE]:,} of them once more"
    )
    whole.notes.append(f"{len(whole.failures)} unexplained differences above {TOLERANCE:g} of the sum of absolute contributions")
    return whole


def share(stretch: range, seed: int) -> Tally:
    """A stretch of cases."""
    tally = Tally()
    for number in stretch:
        made = program(Random(f"{seed}/{number}"))
        with tally.timed(f"program {number}"):
            try:
                one(made, tally, f"program {number} of seed {seed}", number % _EVERY_SYMPY == 0)
            except Exception as error:  # whatever comes out is a failure, and the next program is tried
                place = traceback.extract_tb(error.__traceback__)[-1]
                tally.failures.append(f"program {number} of seed {seed}: {error!r:.300} in {place.name}, line {place.lineno}")
        tally.cases += 1
    return tally


def one(made: Program, tally: Tally, case: str, with_sympy: bool = False) -> None:
    """One program: agreement, a difference that is explained, or a failure."""
    tally.counts["with arrays" if made.arrays else "scalars alone"] += 1
    theirs = Run(made)
    right = theirs.gradients()
    finite = bool(torch.isfinite(theirs.output)) and all(np.isfinite(each).all() for each in right.values())
    try:
        found = grad(text(made), at=made.leaves, wrt=list(made.leaves))
    except BackpropError as error:
        _refused(made, theirs, finite, error, tally, case)
        return
    ours = {name: np.asarray(each, dtype=float) for name, each in found.gradients.items()}
    if any(ours[name].shape != np.shape(value) for name, value in made.leaves.items()):
        tally.failures.append(f"{case}: a gradient has another shape than its leaf")
        return
    if not finite or not _near(ours, right, {name: abs(each) for name, each in right.items()}):
        verdict = explained(made, ours, theirs, right if finite else None)
        if verdict.startswith("skipped: "):
            tally.skipped[verdict.removeprefix("skipped: ")] += 1
            return
        if verdict.startswith("unexplained"):
            tally.failures.append(f"{case}: {verdict}\n{text(made)}\n{made.leaves}")
            return
        tally.counts[verdict] += 1
    if theirs.corner <= _CORNER:
        tally.counts["on a kink, or next to one: by the same convention as PyTorch, and SymPy is not asked"] += 1
    else:
        _by_statements(made, found, theirs, tally, case)
        if with_sympy:
            _sympy(made, ours, theirs, tally, case)


def _refused(made: Program, theirs: Run, finite: bool, error: BackpropError, tally: Tally, case: str) -> None:
    """Ours has no gradient: neither may the others."""
    reference = error.diagnostics[0].reference
    if reference not in _OURS:
        tally.failures.append(f"{case}: refused with {error}\n{text(made)}\n{made.leaves}")
    elif not finite:
        tally.skipped[f"{reference}, for PyTorch too"] += 1
    elif theirs.corner < _CORNER:
        tally.skipped["kink"] += 1
    elif reference == "overflow" and theirs.largest > _LARGEST:
        tally.skipped["overflow of a step that the output does not show"] += 1
    elif true_gradients(made) is None:
        tally.skipped[f"{reference}, by the textbook's definitions"] += 1
    elif theirs.without_slope():
        tally.skipped[f"{reference}: a step without a finite slope behind one that is flat"] += 1
    else:
        tally.failures.append(f"{case}: unexplained refusal: {error}\n{text(made)}\n{made.leaves}")


def explained(made: Program, ours: Arrays, theirs: Run, right: Arrays | None) -> str:
    """Why two gradients differ by more than a little of themselves. `right` is PyTorch's, None where it is not finite."""
    if theirs.corner < _CORNER:
        return "skipped: kink"
    sizes = theirs.contributions()
    bounded = all(np.isfinite(each).all() for each in sizes.values())
    if right is not None and bounded and _near(ours, right, sizes):
        return "equal to the rounding of contributions that cancel"
    for digits in (DIGITS, MORE_DIGITS, MOST_DIGITS):
        truth = true_gradients(made, digits)
        if truth is None:
            return "skipped: domain or overflow, by the textbook's definitions"
        sizes = {name: np.maximum(abs(truth[name]), sizes[name] if bounded else 0.0) for name in truth}
        if _near(ours, truth, sizes):
            return "equal to high precision, where PyTorch " + ("lost digits" if right is not None else "has no number")
    if theirs.largest > _LARGEST:
        return "skipped: overflow"
    assert truth is not None
    apart = [name for name in ours if not _near(ours, truth, sizes, name)]
    if right is not None and all(not right[name].any() and (abs(ours[name]) + abs(truth[name]) < _UNMEASURED).all() for name in apart):
        return "skipped: below 1e-100, where PyTorch has 0 and no contributions to measure by"
    noisy = [Run(made, torch.Generator().manual_seed(number)).gradients() for number in range(8)]
    calm = right or noisy[0]
    spread = {name: np.max([abs(each[name] - calm[name]) for each in noisy], axis=0) for name in ours}
    if all((abs(ours[name] - truth[name]) <= _AMPLIFIED * spread[name]).all() for name in ours):
        return "skipped: cancellation: the rounding of each step is amplified as much"
    # Where PyTorch has lost the size of the contributions as well (its sigmoid' is 0 beyond 37), points an ulp away tell the noise.
    shaken = [_shaken(made, number) for number in range(6)]
    spread = {name: np.max([abs(each[name] - ours[name]) for each in shaken], axis=0) for name in ours}
    if all((abs(ours[name] - truth[name]) <= _AMPLIFIED * spread[name]).all() for name in ours):
        return "skipped: cancellation: a point an ulp away differs as much"
    worst = {name: (ours[name].tolist(), truth[name].tolist()) for name in apart}
    return f"unexplained: ours and high precision are {worst}"


def _shaken(made: Program, number: int) -> Arrays:
    """Our gradients at a point about an ulp away."""
    random = np.random.default_rng(number)
    leaves = {name: np.asarray(each) * (1 + 2.0**-52 * random.integers(-2, 3, np.shape(each))) for name, each in made.leaves.items()}
    return {name: np.asarray(each, dtype=float) for name, each in grad(text(made), at=leaves, wrt=list(leaves)).gradients.items()}


def _near(ours: Arrays, right: Arrays, sizes: Arrays, only: str | None = None) -> bool:
    names = ours if only is None else [only]
    return all((abs(ours[name] - right[name]) <= TOLERANCE * sizes[name] + _UNDERFLOW).all() for name in names)


def _by_statements(made: Program, found: Gradients, theirs: Run, tally: Tally, case: str) -> None:
    """The second opinion that the tool itself asks for, with SymPy's derivative of each statement at fifty digits."""
    program = parse(text(made))
    opinion = second_opinion(program, made.leaves, found.output, found.gradients, found.kinked, replace(OWN, expanded=_NOTHING_WHOLE))
    match opinion:
        case Agrees():
            tally.counts[_STATEMENTS] += 1
        case Abstains(reason=reason):
            tally.counts[f"SymPy abstains: {reason.partition(',')[0].partition(' of ')[0]}"] += 1
        case Disagrees(detail=detail):
            ours = {name: np.asarray(each, dtype=float) for name, each in found.gradients.items()}
            verdict = explained(made, ours, theirs, None)
            if verdict.startswith("unexplained"):
                tally.failures.append(f"{case}: {detail}; {verdict}\n{text(made)}\n{made.leaves}")
            else:
                tally.counts[f"SymPy differs: {verdict.removeprefix('skipped: ')}"] += 1


def _sympy(made: Program, ours: Arrays, theirs: Run, tally: Tally, case: str) -> None:
    from tests.fuzz.sympy_engine import TooMuch, gradients

    try:
        found = gradients(made)
    except TooMuch:
        tally.counts["too large to ask SymPy"] += 1
        return
    except Undefined:
        tally.counts["SymPy has no real number"] += 1
        return
    except _SYMPY_FAILS:
        tally.counts["SymPy fails"] += 1
        return
    if _near(ours, found, {name: abs(each) for name, each in found.items()}) or _near(ours, found, theirs.contributions()):
        tally.counts[_WHOLE] += 1
        return
    verdict = explained(made, ours, theirs, None)
    if verdict.startswith("unexplained"):
        tally.failures.append(f"{case}: SymPy differs; {verdict}\n{text(made)}\n{made.leaves}")
    else:
        tally.counts["SymPy lost digits"] += 1
