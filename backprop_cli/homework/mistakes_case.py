"""One wrong answer on the desk: its numbers at generic points or at home, and the suspects that may explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from backprop_cli.equality.terms import LEAF
from backprop_cli.homework.board import Board
from backprop_cli.homework.catalogue import CATALOGUE
from backprop_cli.homework.formulas import half_unit
from backprop_cli.homework.mistakes_field import Field, Row, generic_points, home_field
from backprop_cli.homework.mistakes_sweep import Change, Edge, Ground, pairs_of
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.syntax import Apply, Expr, Number, postorder

# Points drawn, the fewest that must lie in every domain, and the most that are kept.
DRAWN, FEWEST, KEPT = 48, 8, 15
_NEAR, _NOISE = 1e-9, 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """Another line of the student's: a derivative of `of` by `by` (or a value, with no `by`), and whether it is right."""

    of: str
    by: str | None
    claimed: Ids
    right: bool


@dataclass(frozen=True, slots=True, eq=False)
class Mistaken:
    """What is known of a wrong answer.

    `claimed` are the student's terms in the student's own shape (None where the formula's shapes do not fit together),
    `truth` the true ones. `numeric` tells that numbers were
    given for the point; then `half_unit` is half a unit in the last place written (None: exact). `world` holds the student's
    other wrong answers. `read` makes terms of a tree; `rate` is that of descent, where it is known. `secret` names the
    derivatives, as in `dt/dw`, that are asked for and that no line has right: none of them is told.
    """

    of: str
    by: str | None
    claimed: Ids
    truth: Ids
    numeric: bool = False
    half_unit: float | None = None
    world: World = TRUTH
    others: Sequence[Other] = ()
    tree: Expr | None = None
    rate: Fraction | None = None
    kind: str = "derivative"
    read: Callable[[Expr], Ids] | None = None
    secret: Set[str] = frozenset()


# What a term costs: to find it, to work out its numbers, to hand its adjoint down, to make it.
FOUND, WORKED, HANDED, MADE = 1_500, 3_000, 4_000, 20_000


@dataclass(slots=True)
class Budget:
    """Work that may still be done, counted; a unit is about a nanosecond on a machine of today."""

    left: int = 900_000_000

    def spend(self, work: int) -> bool:
        """Whether so much work may be done; if so, it is counted."""
        if work > self.left:
            return False
        self.left -= work
        return True

    def charge(self, work: int) -> None:
        """Counts work that has been done already."""
        self.left -= work


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """A slip that may explain the answer.

    `said` is what happened; {edge} in it stands for the edge. `changes` are what it does to the way back, so that it predicts
    the student's other lines; `rows` the numbers that it gives for this one, where these are known already. `where` and `row`
    name a derivative and a row of the trace where no edge does; `hint` is the strongest help,
    `agrees` the number of other lines that it explains by its own nature.
    """

    slip: str
    said: str
    edge: Edge | None = None
    changes: tuple[Change, ...] | None = None
    rows: Row | None = None
    extra: float = 0.0
    slips: int = 1
    also: tuple[str, ...] = ()
    where: str | None = None
    row: str | None = None
    hint: str | None = None
    agrees: int = 0

    @property
    def cost(self) -> float:
        """How far-fetched it is."""
        return CATALOGUE[self.slip].rank + self.extra + 10 * (self.slips - 1)


@dataclass(slots=True, eq=False)
class Case:
    """A wrong answer with its numbers: `claimed` and `truth` are arrays of entries and points."""

    board: Board
    mistaken: Mistaken
    numbers: Field
    budget: Budget
    claimed: Row
    truth: Row
    pairs: list[tuple[int, int]] | None = None
    ground: Ground | None = None
    checked: set[int] = field(default_factory=set)
    shapeless: bool = False

    @property
    def plain(self) -> bool:
        """Whether claim and truth have the same shape, so that entries can be compared."""
        return bool(self.mistaken.claimed.shape == self.mistaken.truth.shape)

    @property
    def asked(self) -> str:
        """What was asked, as in `dL/da`."""
        return f"d{self.mistaken.of}/d{self.mistaken.by}" if self.mistaken.by is not None else self.mistaken.of

    def matches(self, rows: Row) -> Row:
        """Which of many predictions (entries, predictions, points) are what the student has."""
        claimed = self.claimed[:, None, :]
        with np.errstate(all="ignore"):
            gap = np.abs(rows - claimed)
            size = np.maximum(np.abs(rows), np.abs(claimed))
            if self.mistaken.numeric:
                allowed = self.coarseness[:, None, None] * (1 + 1e-6) + _NEAR * size
            else:
                largest = np.maximum(np.max(np.abs(self.claimed), axis=0), np.max(np.abs(self.truth), axis=0))
                allowed = _NEAR * size + _NOISE * largest
            return np.all((gap <= allowed) & np.isfinite(rows), axis=(0, 2))

    @property
    def coarseness(self) -> Row:
        """How far each number given may lie from what was meant: half a unit in the last place, or what that does to a product."""
        half, tree = self.mistaken.half_unit or 0.0, self.mistaken.tree
        if not isinstance(tree, Apply) or not half:
            return np.full(len(self.claimed), half)
        decimals = [part for part in postorder(tree) if isinstance(part, Number) and part.exact and not part.text.isdecimal()]
        relative = min(sum(float(half_unit(part.text) / abs(part.exact)) for part in decimals), 0.5)
        return np.maximum(half, relative * np.abs(self.claimed[:, 0]))

    def fits(self, rows: Row) -> bool:
        """Whether one prediction (entries, points) is what the student has."""
        return rows.shape == self.claimed.shape and bool(self.matches(rows[:, None, :])[0])

    def rows(self, ids: Ids) -> Row:
        """The numbers of an array of terms: entries and points."""
        return self.numbers.rows(ids.ravel().tolist())

    def known(self, ids: Ids) -> bool:
        """Whether these terms have numbers here: every variable below them has a value."""
        terms, points = self.board.terms, self.numbers.points
        new = terms.below(ids.ravel().tolist(), self.checked.__contains__)
        if any(terms.heads[each] == LEAF and str(terms.data[each]) not in points for each in new):
            return False
        self.checked.update(new)
        return True

    def coarse(self) -> bool:
        """Whether the answer has so few digits that far-fetched slips would fit by chance."""
        return self.mistaken.numeric and bool(np.any(self.coarseness[:, None] > 0.004 * np.abs(self.claimed)))


def opened(board: Board, mistaken: Mistaken, seed: str, budget: Budget, labels: Sequence[Sequence[str]]) -> Case | None:
    """The numbers of a wrong answer; None where they cannot be had or do not differ from the truth.

    An answer whose shapes do not fit together has the numbers of the truth. In each group of `labels` one leaf stays 1.
    """
    terms = board.terms
    shapeless = mistaken.claimed is None
    mistaken = replace(mistaken, claimed=mistaken.truth) if shapeless else _fitted(mistaken)
    claimed, truth = mistaken.claimed.ravel().tolist(), mistaken.truth.ravel().tolist()
    roots = [*claimed, *truth, *(each for name in (mistaken.of, mistaken.by) if name for each in board.values[name].ravel().tolist())]
    needed = terms.leaves(roots)
    known = set(board.values)
    rates = {each: terms.number(mistaken.rate) for each in needed if each.split("[")[0] not in known and mistaken.rate is not None}
    leaves = terms.leaves([*roots, *(each for ids in board.values.values() for each in ids.ravel().tolist())])
    if not budget.spend(len(terms.below(roots)) * (10 * FOUND + WORKED)):
        return None
    chosen = (
        home_field(terms, {**board.home, **rates}, needed, leaves)
        if mistaken.numeric
        else _generic(board, leaves, [*claimed, *truth], seed, labels)
    )
    if chosen is None:
        return None
    case = Case(board, mistaken, chosen, budget, chosen.rows(claimed), chosen.rows(truth), shapeless=shapeless)
    if not np.all(np.isfinite(case.claimed)) or (not shapeless and case.plain and case.fits(case.truth)):
        return None
    return case


def _fitted(mistaken: Mistaken) -> Mistaken:
    """A vector where a column is due, or the reverse, is taken for it."""
    claimed, truth = mistaken.claimed, mistaken.truth
    longer = [tuple(size for size in ids.shape if size > 1) for ids in (claimed, truth)]
    if claimed.shape == truth.shape or longer[0] != longer[1] or claimed.size != truth.size:
        return mistaken
    if claimed.ndim == truth.ndim:
        return mistaken
    return replace(mistaken, claimed=claimed.reshape(truth.shape))


def _generic(board: Board, leaves: Sequence[str], ids: Sequence[int], seed: str, labels: Sequence[Sequence[str]]) -> Field | None:
    """Generic points at which both answers have values; None where too few were found."""
    at_home = Field(board.terms, {}, 1)
    home = {each: float(at_home.row(board.home[each])[0]) for each in leaves if each in board.home}
    for attempt in range(3):
        points = generic_points(leaves, home if attempt < 2 else {}, board.fixed, labels, f"{attempt} {seed}", DRAWN)
        drawn = Field(board.terms, points, DRAWN)
        good = np.flatnonzero(np.all(np.isfinite(drawn.rows(ids)), axis=0))[:KEPT]
        if len(good) >= FEWEST:
            return Field(board.terms, {each: row[good] for each, row in points.items()}, len(good))
    return None


def grounded(case: Case, world: World = TRUTH) -> None:
    """Gives a derivative's case its part of the graph, in the truth or in what the student takes for it."""
    mistaken, board = case.mistaken, case.board
    assert mistaken.by is not None
    shape = mistaken.truth.shape
    pairs = pairs_of(board, mistaken.of, mistaken.by, shape)
    if pairs is None and mistaken.truth.size == 1:
        whole = board.derivative(mistaken.of, mistaken.by)
        every = pairs_of(board, mistaken.of, mistaken.by, whole.shape) or []
        (entry,) = mistaken.truth.ravel().tolist()
        pairs = [pair for pair, each in zip(every, whole.ravel().tolist(), strict=True) if each == entry][:1] or None
    if pairs is not None:
        tops, bottoms = zip(*pairs, strict=True)
        case.pairs = pairs
        case.ground = Ground(board, case.numbers, tops, bottoms, world)


def believed(case: Case) -> Case | None:
    """The same case in the world of the student's other wrong answers; None where there are none that matter."""
    mistaken, board = case.mistaken, case.board
    world, asked = mistaken.world, (mistaken.of, mistaken.by)
    derivatives = {key: ids for key, ids in world.derivatives.items() if key != asked and case.known(ids)}
    edges = {key: ids for key, ids in world.edges.items() if key != asked and case.known(ids)}
    instead: dict[int, Row] = {}
    for name, ids in world.values.items():
        own = board.values[name]
        if own.shape == ids.shape and case.known(ids):
            instead.update(zip(own.ravel().tolist(), case.rows(ids), strict=True))
    if not (derivatives or edges or instead):
        return None
    numbers = case.numbers.otherwise(instead) if instead else case.numbers
    own_case = Case(board, mistaken, numbers, case.budget, case.claimed, case.truth)
    grounded(own_case, World({}, derivatives, edges))
    return own_case


def sweeping(case: Case, slips: int, pairs: Sequence[tuple[int, int]]) -> int:
    """What it costs to sweep so many slips back at once."""
    assert case.ground is not None
    return len({root for root, _ in pairs}) * len(case.ground.inside) * (HANDED + 4 * slips * case.numbers.count)


def in_chunks(case: Case, suspects: Iterator[Suspect], size: int = 256) -> Iterator[list[Suspect]]:
    """Suspects in lists that are swept together, as long as the budget lasts."""
    assert case.ground is not None
    assert case.pairs is not None
    chunk: list[Suspect] = []
    for each in suspects:
        chunk.append(each)
        if len(chunk) == size:
            if not case.budget.spend(sweeping(case, size, case.pairs)):
                return
            yield chunk
            chunk = []
    if chunk and case.budget.spend(sweeping(case, len(chunk), case.pairs)):
        yield chunk
