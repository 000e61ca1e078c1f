"""Derivatives as symbols: `dL/du`, `∂L/∂u`, `\\frac{dL}{du}`, `da`, `grad[a]`, `a.grad`, `a_bar`, `∇_W L` are one word each."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from backprop_cli.errors import Span
from backprop_cli.lang.answers_syntax import DERIVATIVE, PARTIAL
from backprop_cli.lang.answers_words import Sheet, Word
from backprop_cli.lang.syntax import Apply, Expr, Name

Found = tuple[Expr, int]


class _Differential(NamedTuple):
    """`dL`, `d L` or `∂L`: the name behind the d, the whole word where it is one, and the word after it."""

    partial: bool
    name: str
    whole: str | None
    start: int
    end: int
    after: int


class Symbols:
    """Finds the derivatives among the words of one side of an answer."""

    def __init__(self, words: list[Word], sheet: Sheet, left: bool, notes: list[str]) -> None:
        self.words, self.sheet, self.left, self.notes = words, sheet, left, notes
        self.known = sheet.known

    def kind(self, at: int) -> str:
        return self.words[at].kind if at < len(self.words) else ""

    def text(self, at: int) -> str:
        return self.words[at].text if at < len(self.words) else ""

    def find(self, at: int) -> Found | None:
        """The derivative that begins at a word, and the word after it."""
        kind = self.kind(at)
        if kind in ("NAME", "PARTIAL"):
            return self.pair(at) or self.operator(at) or self.shorthand(at)
        return self.fraction(at) if kind == "FRACTION" else None

    def symbol(self, partial: bool, of: str, wrt: str, first: int, after: int) -> Found:
        span = Span(self.words[first].start, self.words[after - 1].end)
        return Apply(PARTIAL if partial else DERIVATIVE, (Name(of, span), Name(wrt, span)), (), span), after

    def differential(self, at: int) -> _Differential | None:
        if at >= len(self.words):
            return None
        word = self.words[at]
        if self.kind(at + 1) == "NAME" and (word.kind == "PARTIAL" or (word.kind, word.text) == ("NAME", "d")):
            following = self.words[at + 1]
            return _Differential(word.kind == "PARTIAL", following.text, None, following.start, following.end, at + 2)
        if word.kind == "PARTIAL" and self.kind(at + 1) in ("CARET", "SUPERSCRIPT"):
            self.second(word)
        if word.kind == "NAME" and len(word.text) > 1 and word.text[0] == "d":
            return _Differential(False, word.text[1:], word.text, word.start + 1, word.end, at + 1)
        return None

    def second(self, word: Word) -> None:
        self.sheet.refuse(
            "second-derivative", "second derivatives are no answers here", word.start, word.end, "write first derivatives: dL/da = ..."
        )

    # ---- with a bar ----

    def pair(self, at: int) -> Found | None:
        squared = self.text(at) == "d" and self.kind(at + 1) in ("CARET", "SUPERSCRIPT") and not self.known.name("d")
        if squared and "SLASH" in (self.kind(at + 3), self.kind(at + 4)):
            self.second(self.words[at])
        top = self.differential(at)
        if top is None or self.kind(top.after) != "SLASH":
            return None
        bottom = self.differential(top.after + 1)
        if bottom is None or not self.means_derivative(top, bottom):
            return None
        self.three(at, bottom)
        if at and self.words[at - 1].kind == "SLASH":
            shown = f"d{top.name}/d{bottom.name}"
            self.notes.append(f"{shown} behind a / is read as one symbol: .../({shown})")
        return self.of(top, bottom, at, bottom.after)

    def of(self, top: _Differential, bottom: _Differential, first: int, after: int) -> Found:
        return self.symbol(top.partial or bottom.partial, self.node(top), self.node(bottom), first, after)

    def node(self, given: _Differential) -> str:
        found = self.known.node(given.name)
        assert found is not None
        return found

    def means_derivative(self, top: _Differential, bottom: _Differential) -> bool:
        """Whether two differentials are a derivative; complains where one of them is of nothing known."""
        found = [self.known.node(each.name) for each in (top, bottom)]
        whole = [each.whole is not None and each.whole in self.known.names for each in (top, bottom)]
        shown = f"{'∂' if top.partial else 'd'}{top.name}/{'∂' if bottom.partial else 'd'}{bottom.name}"
        if all(found):
            if not all(whole):
                if top.whole is None and not top.partial and "d" in self.known.names:
                    self.notes.append(f"d {top.name}/d {bottom.name} is read as the derivative, although the graph has a node d")
                return True
            reading = "the derivative" if self.left else f"the node d{top.name} divided by the node d{bottom.name}"
            self.notes.append(f"{shown} is read as {reading}: the graph has nodes d{top.name} and d{bottom.name}")
            return self.left
        partial = top.partial or bottom.partial
        if any(each.whole is not None and self.known.name(each.whole) for each in (top, bottom)) or not (partial or any(found)):
            return False
        missing = bottom if found[0] else top
        self.unknown(missing.name, missing.start, missing.end)
        return False

    def unknown(self, name: str, start: int, end: int) -> None:
        meanings = self.known.meanings(name)
        if len(meanings) > 1:
            several = " or ".join(meanings)
            self.sheet.refuse("ambiguous-name", f"{name} could be {several}", start, end, "spell it as the file does")
        self.sheet.refuse("unknown-name", f"the graph has no {self.shown(name)}", start, end, self.known.hint(name))

    def shown(self, name: str) -> str:
        """A name, with the numbers of characters that look like others."""
        if len(name) > 40:
            name = name[:37] + "..."
        strange = [f"U+{ord(char):04X}" for char in name if not char.isascii()]
        return f"{name} ({', '.join(strange[:4])})" if strange else name

    def three(self, at: int, bottom: _Differential) -> None:
        third = self.differential(bottom.after + 1) if self.kind(bottom.after) == "SLASH" else None
        if third is None or self.known.node(third.name) is None or (third.whole is not None and self.known.name(third.whole)):
            return
        start, end = self.words[at].start, self.words[third.after - 1].end
        self.sheet.refuse(
            "ambiguous-product",
            "this can be read in two ways: which / belongs to the derivative?",
            start,
            end,
            "put the derivative in parentheses",
        )

    def operator(self, at: int) -> Found | None:
        """`d/da L`."""
        if self.kind(at + 1) != "SLASH" or not (self.kind(at) == "PARTIAL" or (self.text(at) == "d" and not self.known.name("d"))):
            return None
        bottom = self.differential(at + 2)
        return self.applied(self.kind(at) == "PARTIAL", bottom, at, bottom.after) if bottom else None

    def applied(self, partial: bool, bottom: _Differential, first: int, after: int) -> Found | None:
        enclosed = self.kind(after) == "LPAR" and self.kind(after + 2) == "RPAR"
        word = after + enclosed
        of = self.known.node(self.text(word)) if self.kind(word) == "NAME" else None
        wrt = self.known.node(bottom.name)
        return self.symbol(partial, of, wrt, first, word + 1 + enclosed) if of and wrt else None

    def fraction(self, at: int) -> Found | None:
        """`\\frac{dL}{da}`, `\\frac{d}{da} L`."""
        top = self.differential(at + 1)
        bare = self.kind(at + 2) == "OVER" and (self.kind(at + 1) == "PARTIAL" or self.text(at + 1) == "d")
        over = at + 2 if bare else top.after if top else at
        if self.kind(over) != "OVER":
            return None
        bottom = self.differential(over + 1)
        if bottom is None or self.kind(bottom.after) != "ENDED":
            return None
        if bare:
            return self.applied(self.kind(at + 1) == "PARTIAL", bottom, at, bottom.after + 1)
        if top is None or not self.means_derivative(top, bottom):
            return None
        return self.of(top, bottom, at, bottom.after + 1)

    # ---- shorthands for the output's gradient ----

    def shorthand(self, at: int) -> Found | None:
        wrt, after = self.shorthand_of(at)
        if wrt is None:
            return None
        if self.known.output is None:
            start, end = self.words[at].start, self.words[after - 1].end
            self.sheet.refuse("no-output", "the graph has no output, so this is the derivative of nothing", start, end, f"write dL/d{wrt}")
        return self.symbol(False, self.known.output, wrt, at, after)

    def shorthand_of(self, at: int) -> tuple[str | None, int]:
        """What the shorthand at a word differentiates by, and the word after it."""
        known, word = self.known, self.words[at]
        if word.kind != "NAME":
            return None, at
        text = word.text
        if (self.kind(at + 1), self.text(at + 1)) == ("ATTRIBUTE", ".grad"):
            return known.node(text), at + 2
        if text.startswith("∇_"):
            return self.nabla(at)
        if known.name(text) is not None:
            return None, at
        brackets = (self.kind(at + 1), self.kind(at + 3))
        if text == "grad" and brackets in (("LSQB", "RSQB"), ("LPAR", "RPAR")) and not known.exact_function("grad"):
            return known.node(self.text(at + 2)), at + 4
        if text == "d" and self.kind(at + 1) == "NAME":
            return known.node(self.text(at + 1)), at + 2
        if text.startswith("d") and known.node(text[1:]):
            return known.node(text[1:]), at + 1
        if text.endswith("_bar"):
            return known.node(text[:-4]), at + 1
        parted = unicodedata.normalize("NFD", text)
        bare = parted.replace("\u0304", "").replace("\u0305", "")
        return (known.node(unicodedata.normalize("NFC", bare)) if bare != parted else None), at + 1

    def nabla(self, at: int) -> tuple[str | None, int]:
        """`∇_W L`; without a name behind it, of the output."""
        wrt = self.known.node(self.text(at).removeprefix("∇_"))
        of = self.known.node(self.text(at + 1)) if self.kind(at + 1) == "NAME" else None
        if of is not None and of != self.known.output:
            word = self.words[at + 1]
            self.sheet.refuse("syntax", "∇ is read for the output alone", word.start, word.end, f"write d{of}/d{wrt}")
        return wrt, at + 1 + (of is not None)
