"""Which names and functions of the graph a student's spelling means: `\\hat{y}`, `yhat` and `y_hat` are all `ŷ`."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property

from backprop_cli.errors import nearest
from backprop_cli.lang.answers_latex import FUNCTIONS
from backprop_cli.lang.answers_syntax import Vocabulary

CONSTANTS = ("pi", "e")
_MARKS = {"\u0302": "hat", "\u0304": "bar", "\u0305": "bar", "\u0303": "tilde", "\u0307": "dot", "\u20d7": ""}
_LONGEST_SPLIT = 40


def key(text: str) -> str:
    """What all spellings of a name have in common: Greek letters and accents as words, no underscores, no styles."""
    if text.isascii():
        return text.replace("_", "")
    return "".join(_spelled(char) for char in unicodedata.normalize("NFKD", text)).replace("_", "")


def _spelled(char: str) -> str:
    if char.isascii():
        return char
    called = unicodedata.name(char, "")
    for kind in ("SMALL", "CAPITAL"):
        letter = called.removeprefix(f"GREEK {kind} LETTER ")
        if letter != called and " " not in letter:
            letter = {"LAMDA": "LAMBDA"}.get(letter, letter)
            return letter.lower() if kind == "SMALL" else letter.capitalize()
    return _MARKS.get(char, char)


class Known:
    """A vocabulary in which spellings are looked up."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.names = vocabulary.names
        self.output = vocabulary.output
        self._found: dict[str, tuple[str, ...]] = {}
        self._hints: dict[tuple[str, bool], str] = {}

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in sorted(self.names):
            found.setdefault(key(name), []).append(name)
        return found

    @cached_property
    def _functions_by_key(self) -> dict[str, str]:
        vocabulary = self.vocabulary
        found = {key(name).lower(): name for name in vocabulary.signatures}
        found.update({key(name).lower(): name for name in vocabulary.functions})
        return found

    def meanings(self, text: str) -> tuple[str, ...]:
        """The names of the graph that a spelling may mean: itself where there is one, else those spelled alike."""
        if text in self.names:
            return (text,)
        found = self._found.get(text)
        if found is None:
            found = (text,) if text in CONSTANTS else tuple(self._by_key.get(key(text), ()))
            self._found[text] = found
        return found

    def name(self, text: str) -> str | None:
        """The name of the graph that a spelling means, or None."""
        found = self.meanings(text)
        return found[0] if len(found) == 1 else None

    def node(self, text: str) -> str | None:
        """The same for something one can differentiate: `pi` and `e` are constants unless the graph names them."""
        found = self.name(text)
        return found if found in self.names else None

    def exact_function(self, text: str) -> str | None:
        """The function with exactly this name; `σ` is the file's own `sigma`, else `sigmoid`, as in files."""
        vocabulary = self.vocabulary
        if text == "σ":
            return "sigma" if "sigma" in vocabulary.functions else "sigmoid"
        if text in vocabulary.functions or text in vocabulary.signatures:
            return text
        return text if not vocabulary.signatures and text in FUNCTIONS else None

    def function(self, text: str) -> str | None:
        """The name of the function that a spelling means, capitals or not: `ReLU`."""
        found = self.exact_function(text) or self._functions_by_key.get(key(text).lower())
        if found is None and not self.vocabulary.signatures and not self.meanings(text):
            return "sigmoid" if text == "sigma" else text
        return found or ("sigmoid" if text == "sigma" else None)

    def head(self, function: str) -> str:
        """The own name of a function: `silu` for `swish`."""
        known = self.vocabulary.signatures.get(function)
        return known.head if known and function not in self.vocabulary.functions else function

    def arity_fault(self, head: str, count: int) -> str | None:
        """What is wrong with the number of arguments, or None."""
        known = self.vocabulary.signatures.get(head)
        if known is None or known.fewest <= count <= known.most:
            return None
        takes = str(known.most) if known.most == known.fewest else f"{known.fewest} to {known.most}"
        return f"{head} takes {takes} argument{'s' * (takes != '1')}, not {count}"

    def splits(self, text: str) -> list[list[str]]:
        """The ways, two at most, in which a word is names of the graph written side by side: `zx` is z and x."""
        if len(text) > _LONGEST_SPLIT or len(text) < 2:
            return []
        ways: list[list[list[str]]] = [[[]], *([] for _ in text)]
        for end in range(1, len(text) + 1):
            for begin in range(end):
                if ways[begin] and text[begin:end] in self.names:
                    ways[end].extend([*way, text[begin:end]] for way in ways[begin])
            del ways[end][2:]
        return [way for way in ways[-1] if len(way) > 1]

    def hint(self, text: str, function: bool = False) -> str:
        """What may have been meant by a name that is not known. The same slip is often made twice."""
        told = self._hints.get((text, function))
        if told is None:
            told = self._hints[text, function] = self._hint(text, function)
        return told

    def _hint(self, text: str, function: bool) -> str:
        if text in ("Σ", "∑"):
            return "write sum(...)"
        vocabulary = self.vocabulary
        base = re.fullmatch(r"(.*?[^\W\d])(_?)\{?([0-9]+)\}?", text)
        if base and base.group(1) in self.names and not function:
            name, number = base.group(1), base.group(3)
            entries = f"the entries of {name} are {name}[0], {name}[1], ..."
            return entries if base.group(2) else f"write {name}^{number} or {name}*{number}; {entries}"
        names = self.names - vocabulary.rates
        near = nearest(text, [*vocabulary.functions, *vocabulary.signatures] if function else names)
        if near is not None:
            return f"did you mean {near}?"
        called = self.exact_function(text) or (nearest(text, vocabulary.signatures) if len(text) > 2 else None)
        if called and not function:
            return f"{called} is a function: write what it is applied to in brackets"
        listed = sorted(names, key=lambda name: (len(name), name))
        shown = ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")
        return f"the names are {shown}" if listed and not function else "functions are those of the file and the built-in ones"
