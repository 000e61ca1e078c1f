"""What a student takes to be so, which may be the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Ids = Any  # an array of terms, in the shape of what it stands for


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What a student takes to be so: values of names, derivatives of one name by another, and local derivatives along edges.

    `totals` are derivatives through every path between two names, where there is another path than the edge, or no edge.
    The array of an edge or a total has the user's shape, then the operand's. With `by_value`, values enter also where a
    derivative is written with the value of its own node, as that of a sigmoid.
    """

    values: Mapping[str, Ids] = field(default_factory=dict)
    derivatives: Mapping[tuple[str, str], Ids] = field(default_factory=dict)
    edges: Mapping[tuple[str, str], Ids] = field(default_factory=dict)
    totals: Mapping[tuple[str, str], Ids] = field(default_factory=dict)
    by_value: bool = False

    def __bool__(self) -> bool:
        return bool(self.values or self.derivatives or self.edges)


TRUTH = World()
