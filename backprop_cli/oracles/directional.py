"""The second opinion on large arrays: derivatives along random directions, and a search for the entry that is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_cli.oracles.derived import Differentiated
from backprop_cli.oracles.judging import disagreement
from backprop_cli.oracles.lowering import label
from backprop_cli.oracles.numeric import Duals, Pieces
from backprop_cli.oracles.opinion import TINY, TOLERANCE, Abstains, Agrees, Disagrees, NoOpinion, Opinion
from backprop_cli.oracles.predicted import Predicted
from backprop_cli.oracles.statements import KINK
from backprop_cli.oracles.walk import Walk

if TYPE_CHECKING:
    from backprop_cli.oracles.arrays import Problem

METHOD = "directional"
DIRECTIONS = 3
# Work units (about a nanosecond) of one entry of a value and of one product in a matrix product; NumPy multiplies float64 much
# faster than longer numbers. A check may cost so many of them.
_LONG, _DOUBLE, _MOST = (60, 5.5), (25, 0.4), 6e9
# How many others a function costs that NumPy does not bring.
_SLOWER = 15
# So many names are followed each by itself.
_APART = 6
# Float64 explains a difference of so many times its own distance from longer numbers, or, where there are none, of this part of
# the sum of the absolute contributions.
_NOISE, _DUST = 100, 1e-13
# A difference along a direction is looked into from here on: a single entry is only a small part of it.
_SHARP = 1e-11
_WRONG_SHOWN = 3

Steps = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Along:
    """One direction: the derivative by our gradients and by the second engine, and the sum of the absolute terms of ours."""

    ours: float
    theirs: float
    scale: float

    @property
    def gap(self) -> float:
        apart = abs(self.ours - self.theirs)
        return 0.0 if apart < TINY else apart / max(self.scale, abs(self.theirs), TINY)

    @property
    def differs(self) -> bool:
        return not self.gap <= _SHARP


def opinion(problem: Problem, tick: Callable[[], None]) -> Opinion:
    """Our gradients along a few random directions."""
    check = _Check(problem, tick)
    method = METHOD
    try:
        groups, count = check.plan()
        method = f"directional, {count} random direction{'s' * (count > 1)} at {check.digits} digits"
        covered = "for each name by itself" if len(groups) == len(check.gradients) else "of all names together"
        return check.opinion(method, [check.direction(group) for group in groups for _ in range(count)], covered)
    except NoOpinion as reason:
        return Abstains(method, str(reason))


class _Check:
    """Directional derivatives of one problem, an output with several entries weighted at random."""

    def __init__(self, problem: Problem, tick: Callable[[], None]) -> None:
        self.problem, self.tick = problem, tick
        self.derive = Differentiated().of
        self.gradients = {name: array.astype(float) for name, array in problem.gradients.items()}
        self.random = np.random.default_rng(self._seed())
        self.weights = self._some(problem.entries) if problem.entries else np.ones(())
        if problem.entries:
            axes = len(problem.entries)
            self.gradients = {name: np.tensordot(self.weights, array, axes) for name, array in self.gradients.items()}
        self.cornered = False
        self.pieces: dict[Any, Pieces] = {}
        self.kind: Any = np.longdouble if np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant else np.float64

    @property
    def digits(self) -> int:
        return int(np.finfo(self.kind).precision)

    def _seed(self) -> int:
        """Drawn from the problem itself, so that the same problem always meets the same directions."""
        text = hashlib.sha256()
        for name in self.problem.names:
            text.update(name.encode())
        for name, array in self.gradients.items():
            text.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return int.from_bytes(text.digest()[:8], "big")

    def _some(self, shape: Sequence[int]) -> Any:
        """Random entries of either sign, none of them near 0."""
        return self.random.uniform(0.5, 1.5, shape) * self.random.choice([-1.0, 1.0], shape)

    def plan(self) -> tuple[list[list[str]], int]:
        """Which names move together, along how many directions, within what may be spent; chooses the kind of numbers."""
        names = list(self.gradients)
        apart = [[name] for name in names] if len(names) <= _APART else [names]
        kinds = [(np.longdouble, _LONG), (np.float64, _DOUBLE)] if self.kind is np.longdouble else [(np.float64, _DOUBLE)]
        predicted = self.problem.predicted
        for kind, (entry, product) in kinds:
            for groups, count in ((apart, DIRECTIONS), ([names], DIRECTIONS), ([names], 1)):
                if self.cost(len(groups) * count, entry, product, predicted) <= _MOST:
                    self.kind = kind
                    return groups, count
        raise NoOpinion(f"its arrays are too large for a check: {predicted.entries:,} entries, {predicted.products:,} products")

    @staticmethod
    def cost(directions: int, entry: float, product: float, predicted: Predicted) -> float:
        # A product of two arrays that both move costs twice for each direction.
        values = predicted.entries * (1 + directions) + predicted.slow * _SLOWER
        return values * entry + predicted.products * product * (1 + 1.5 * directions)

    def opinion(self, method: str, directions: Sequence[Steps], covered: str) -> Opinion:
        """Agreement along all directions, or what stands against it. Raises NoOpinion where there is no value."""
        found = self.along(directions)
        gap = max((each.gap for each in found if not each.differs), default=0.0)
        for steps, each in zip(directions, found, strict=True):
            if not each.differs:
                continue
            doubt = self.doubt(steps, each)
            if isinstance(doubt, Abstains):
                return Abstains(method, doubt.reason)
            if doubt is None:
                return self.disagreement(method, steps, each)
            gap = max(gap, doubt)
        return Agrees(method, gap, f"{covered}; single entries were not compared")

    def direction(self, names: Sequence[str]) -> Steps:
        """A direction in which each of the names counts equally."""
        steps: Steps = {}
        for name in names:
            gradient = self.gradients[name]
            size = float(np.sqrt(np.sum(gradient * gradient))) if len(names) > 1 else 1.0
            steps[name] = self._some(gradient.shape) / (size if size > TINY else 1.0)
        return steps

    def along(self, directions: Sequence[Steps], kind: Any = None, absolute: bool = False) -> list[Along]:
        """What both engines find along some directions."""
        kind = kind or self.kind
        pieces = self.pieces.setdefault(kind, Pieces(self.derive, kind))
        steps = [{name: each.astype(kind) for name, each in direction.items()} for direction in directions]
        engine = Duals(self.problem.planner, pieces, steps, absolute)
        walk = Walk(self.problem.scope, self.problem.planner, engine, self.problem.held)
        whole = walk.run(self.problem.names, self.tick)[self.problem.output].value
        self.cornered |= engine.cornered
        weights = np.abs(self.weights) if absolute else self.weights
        if not np.isfinite(whole.value).all():
            raise NoOpinion(f"{self.problem.output} has no real value at {self.digits} digits")
        found: list[Along] = []
        for direction, tangent in zip(directions, whole.tangents, strict=True):
            theirs = float(np.sum(weights * tangent.reshape(weights.shape))) if tangent is not None else 0.0
            terms = [self.gradients[name] * step for name, step in direction.items()]
            ours, scale = sum(float(np.sum(each)) for each in terms), sum(float(np.sum(np.abs(each))) for each in terms)
            if not np.isfinite(theirs):
                raise NoOpinion(f"a derivative has no real value at {self.digits} digits")
            found.append(Along(ours, theirs, scale))
        return found

    def doubt(self, steps: Steps, found: Along) -> Abstains | float | None:
        """What explains a difference other than a mistake of ours: a corner, or float64, in which case it is measured against
        the sum of the absolute contributions. None where nothing does.
        """
        if self.cornered:
            return Abstains(METHOD, KINK)
        (size,) = self.along([steps], absolute=True)
        noise: float = _DUST * size.theirs
        apart = abs(found.ours - found.theirs)
        if self.kind is np.longdouble:
            (rough,) = self.along([steps], np.float64)
            noise = max(noise, _NOISE * abs(rough.theirs - found.theirs))
        if apart > noise:
            return None
        if apart <= TOLERANCE * size.theirs:
            return float(apart / size.theirs)
        told = f"{found.ours:.6g} for us and {found.theirs:.6g} at {self.digits} digits"
        return Abstains(METHOD, f"float64 loses the digits of a derivative along a direction, which is {told}")

    def disagreement(self, method: str, steps: Steps, found: Along) -> Disagrees:
        """Both numbers of the entries that make the difference, as far as they are found in time."""
        wrong: list[tuple[str, float, float]] = []
        try:
            while len(wrong) < _WRONG_SHOWN:
                name, at, theirs = self.search(steps)
                wrong.append((label(name, at), float(self.gradients[name][at]), theirs))
                self.gradients[name][at] = theirs
                if not self.along([steps])[0].differs:
                    break
        except NoOpinion:
            pass
        output = self.problem.output if not self.problem.entries else f"(a weighted sum of {self.problem.output})"
        if wrong:
            return disagreement(method, found.gap, output, wrong)
        names = ", ".join(list(steps)[:_APART])
        told = f"along a random direction of {names} the derivative is {found.ours!r} for us and {found.theirs!r} for SymPy"
        return Disagrees(method, found.gap, told, ((f"{names} (a direction)", found.ours, found.theirs),))

    def search(self, steps: Steps) -> tuple[str, tuple[int, ...], float]:
        """The entry that differs, found by halving: its name, its place, and the second engine's number."""
        while len(steps) > 1:
            names = list(steps)
            half = len(names) // 2
            steps = self.worse({name: steps[name] for name in names[:half]}, {name: steps[name] for name in names[half:]})
        ((name, step),) = steps.items()
        low, high = 0, step.size
        while high - low > 1:
            middle = (low + high) // 2
            first = {name: _only(step, low, middle)}
            low, high = (low, middle) if self.worse(first, {name: _only(step, middle, high)}) is first else (middle, high)
        at = tuple(int(i) for i in np.unravel_index(low, step.shape))
        return name, at, self.along([{name: np.where(_only(step, low, high) != 0, 1.0, 0.0)}])[0].theirs

    def worse(self, first: Steps, second: Steps) -> Steps:
        """The direction in which the two engines are further apart."""
        one, other = self.along([first, second], np.float64)
        return first if abs(one.ours - one.theirs) >= abs(other.ours - other.theirs) else second


def _only(step: Any, low: int, high: int) -> Any:
    """A direction restricted to a stretch of entries."""
    made = np.zeros_like(step)
    made.ravel()[low:high] = step.ravel()[low:high]
    return made
