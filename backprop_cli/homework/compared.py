"""What comes of comparing an answer with what is due."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from backprop_cli.homework.verdicts import Example, Verdict
from backprop_cli.homework.world import Ids

EXACT = Fraction(0)  # how coarsely numbers are rounded that are not
ROUNDED_HERE = "agrees at this point alone, within the rounding of its decimals"


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What comes of a comparison. `numeric` tells that numbers were compared at the point; `claimed` are the claim's terms."""

    verdict: Verdict
    how: str = ""
    message: str = ""
    notes: tuple[str, ...] = ()
    example: Example | None = None
    claimed: Ids | None = None
    numeric: bool = False

    @property
    def right(self) -> bool:
        return self.verdict is Verdict.CORRECT
