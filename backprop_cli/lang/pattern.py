"""A tree with holes, written out once and filled many times: statements of one shape differ only in their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from backprop_cli.lang.syntax import Expr, Name, Number, Part, Slice, fold, names_in, rebuilt
from backprop_cli.lang.unparse import unparse
from backprop_cli.records import record

# No name of the language holds these: they are private-use characters, and no letters.
_OPEN, _CLOSE = "\ue000", "\ue001"
_HOLE = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


class Pattern:
    """A tree in which some words are holes. `number_of` tells for a part which hole it is, None for other parts."""

    def __init__(self, tree: Expr, number_of: Callable[[Part], int | None]) -> None:
        self.tree, self.number_of = tree, number_of

    @cached_property
    def pieces(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The texts between the holes, and the holes."""
        found = _HOLE.split(self._marked())
        return tuple(found[::2]), tuple(map(int, found[1::2]))

    def _marked(self) -> str:
        return unparse(self._replaced(lambda number: Name(f"{_OPEN}{number}{_CLOSE}")))

    def _replaced(self, word: Callable[[int], Expr]) -> Expr:
        def combine(part: Part, below: list[Part]) -> Part:
            number = self.number_of(part)
            return word(number) if number is not None else rebuilt(part, below) if below else part

        result = fold(self.tree, combine)
        assert not isinstance(result, Slice)
        return result

    def text(self, words: Sequence[str]) -> str:
        """The text with these words in the holes."""
        between, holes = self.pieces
        return "".join([piece + word for piece, word in zip(between, [*(words[hole] for hole in holes), ""], strict=True)])

    def filled(self, words: Sequence[str]) -> Expr:
        """The tree with these words in the holes."""
        return self._replaced(lambda number: Number(words[number]) if words[number][0] in "0123456789." else Name(words[number]))


@record
class Filled:
    """A pattern with words in its holes: an expression that may be written without its tree being made."""

    pattern: Pattern
    words: Sequence[str]

    @property
    def text(self) -> str:
        return self.pattern.text(self.words)

    @property
    def tree(self) -> Expr:
        return self.pattern.filled(self.words)


def whole(tree: Expr) -> Filled:
    """A tree without holes."""
    return Filled(Pattern(tree, lambda part: None), ())


def opened(tree: Expr) -> Filled:
    """A tree whose names are the holes."""
    words = tuple(names_in(tree))
    numbers = {word: number for number, word in enumerate(words)}
    return Filled(Pattern(tree, lambda part: numbers.get(part.id) if isinstance(part, Name) else None), words)
