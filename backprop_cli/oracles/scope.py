"""What every name of a program stands for: the oracles' own reading of it, which shares nothing with the graph."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backprop_cli.lang.program import Assign, Declare, Define, Program, Shape
from backprop_cli.lang.syntax import Apply, Brackets, Expr, Index, Name, Number, names_in, postorder

CONSTANTS = ("pi", "e")


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A leaf whose value comes from outside: an exact number, a constant expression, or an array of float64."""

    name: str
    value: Any


Source = Assign | Declare | Given


class Scope:
    """A program at a point. `place` numbers the statements, since a function means what was defined last above its use."""

    def __init__(self, program: Program, at: Mapping[str, Any]) -> None:
        self.sources: dict[str, Source] = {}
        self.place: dict[str, int] = {}
        self.functions: dict[str, list[tuple[int, Define]]] = {}
        self._reads: dict[Shape, tuple[tuple[int, ...], tuple[str, ...]]] = {}
        for number, statement in enumerate(program):
            match statement:
                case Define(name=name):
                    self.functions.setdefault(name, []).append((number, statement))
                case Assign(name=name) | Declare(name=name):
                    self.sources[name] = statement
                    self.place[name] = number
        for name, value in at.items():
            self.sources[name] = Given(name, exact(value))

    def function(self, head: str, place: int) -> tuple[int, Define] | None:
        """The function of one's own that a head means in statement `place`, with its own place."""
        known = self.functions.get(head)
        if not known:
            return None
        above = bisect_left(known, place, key=lambda each: each[0])
        return known[above - 1] if above else None

    def own_heads(self, tree: Expr) -> tuple[str, ...]:
        """The heads in a tree that some statement defines."""
        if not self.functions:
            return ()
        return tuple({part.head: 0 for part in postorder(tree) if isinstance(part, Apply) and part.head in self.functions})

    def functions_for(self, heads: Iterable[str], place: int) -> list[tuple[int, Define]]:
        """The functions of one's own that an expression in statement `place` uses, those used by others first."""
        found: dict[int, Define] = {}
        pending = [(head, place) for head in heads]
        while pending:
            known = self.function(*pending.pop())
            if known is not None and known[0] not in found:
                found[known[0]] = known[1]
                pending.extend((head, known[0]) for head in self.own_heads(known[1].body))
        return sorted(found.items())

    def reads(self, name: str) -> Iterable[str]:
        """The names that the definition of a name reads directly, those read by its functions included."""
        source = self.sources.get(name)
        if not isinstance(source, Assign):
            return ()
        found = self._reads.get(source.shape)
        if found is None:
            holes = tuple(i for i, text in enumerate(source.holes) if text[0] not in "0123456789.")
            found = self._reads[source.shape] = holes, self.own_heads(source.shape.tree)
        holes, heads = found
        names = [source.holes[i] for i in holes]
        if heads:
            names.extend(self.read_by_functions(heads, self.place[name]))
        return names

    def read_by_functions(self, heads: Iterable[str], place: int) -> Iterator[str]:
        """The names from outside that functions of one's own read, directly or through each other."""
        for _, define in self.functions_for(heads, place):
            yield from (name for name in names_in(define.body) if name not in define.parameters)

    def is_leaf(self, name: str) -> bool:
        """Whether no variable stands on the right side."""
        return not any(read not in CONSTANTS or read in self.sources for read in self.reads(name))

    def needed(self, output: str) -> list[str]:
        """The names that a name depends on, itself included, each after those it reads; free leaves come first."""
        seen = {output}
        pending = [output]
        while pending:
            for read in self.reads(pending.pop()):
                if read not in seen:
                    seen.add(read)
                    pending.append(read)
        return sorted(seen, key=lambda name: self.place.get(name, -1))


def exact(value: Any) -> Fraction | Expr | Any:
    """A given value as the number that the first engine started from; nested lists become arrays."""
    if isinstance(value, Name | Number | Apply | Brackets | Index):
        return value
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, list | tuple) or getattr(value, "ndim", 0) != 0:
        import numpy as np

        array = np.asarray(value, dtype=float)
        return array if array.ndim else Fraction(float(array))
    return Fraction(float(value))
