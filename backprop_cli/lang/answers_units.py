"""Names as LaTeX writes them: Greek letters, styles, accents and subscripts become one word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from backprop_cli.lang.answers_latex import ACCENTS, FONTS, GREEK
from backprop_cli.lang.answers_words import Word
from backprop_cli.lang.text import canonical

_LONGEST = 24  # words of one name, its subscript included
_MINUS = str.maketrans("−–", "--")


def command(word: Word) -> str:
    """The command that a word is, without its backslash; empty for other words."""
    return word.text[1:] if word.kind == "COMMAND" else ""


def unit(words: Sequence[Word], at: int) -> tuple[Word, int] | None:
    """The name that begins at a word, and where it ends; None where there is none."""
    found = _core(words, at)
    if found is None:
        return None
    text, end, latex = found
    while end < len(words):
        following = words[end]
        if text.endswith("_"):
            subscript = _subscript(words, end)
            if subscript is None:
                break
            inside, end = subscript
            text = text + inside if re.fullmatch(r"\w+", inside) else f"{text}{{{inside}}}"
        elif latex and following.kind == "NAME" and following.text.startswith("_"):
            text, end = text + following.text, end + 1
        else:
            break
    return Word("NAME", canonical(text), words[at].start, words[end - 1].end, latex), end


def _core(words: Sequence[Word], at: int) -> tuple[str, int, bool] | None:
    """A name without its subscript: its text, where it ends, and whether LaTeX had a part in it."""
    word = words[at]
    if word.kind == "NAME":
        return word.text, at + 1, False
    accents: list[str] = []
    opened = 0
    while at < len(words):
        name = command(words[at])
        if name in ACCENTS or name in FONTS:
            accents.insert(0, ACCENTS.get(name, ""))
            opened += at + 1 < len(words) and words[at + 1].kind == "LBRACE"
            at += 1 + (at + 1 < len(words) and words[at + 1].kind == "LBRACE")
        else:
            break
    if at == len(words) or not (accents or command(words[at]) in GREEK or words[at].kind == "NABLA"):
        return None
    text, end = _letters(words, at, many=opened > 0)
    if not text or any(each.kind != "RBRACE" for each in words[end : end + opened]) or end + opened > len(words):
        return None
    mark = "".join(accents)
    base, underscore, rest = text.partition("_")
    return unicodedata.normalize("NFC", base + mark + underscore + rest), end + opened, True


def _letters(words: Sequence[Word], at: int, many: bool) -> tuple[str, int]:
    """The letters from a word on: one word, or within braces all up to their end."""
    text = ""
    start = at
    while at < len(words) and at - start < _LONGEST:
        word, name = words[at], command(words[at])
        if word.kind == "NAME" or (word.kind == "NUMBER" and text and many):
            text += word.text
        elif name in GREEK:
            text += GREEK[name]
        elif word.kind == "NABLA":
            text += "∇"
        elif name == "_" and text:
            text += "_"
        elif many and text.endswith("_") and word.kind == "LBRACE":
            found = _subscript(words, at)
            if found is None:
                return "", at
            text, at = text + found[0], found[1]
            continue
        else:
            break
        at += 1
        if not many:
            break
    return text, at


def _subscript(words: Sequence[Word], at: int) -> tuple[str, int] | None:
    """What stands below: a group in braces, or one word of LaTeX."""
    if words[at].kind != "LBRACE":
        found = _core(words, at) if words[at].kind == "COMMAND" else None
        return (found[0], found[1]) if found else None
    text, depth = "", 0
    for end in range(at, min(at + _LONGEST, len(words))):
        word, name = words[end], command(words[end])
        depth += (word.kind == "LBRACE") - (word.kind == "RBRACE")
        if depth == 0:
            return (text, end + 1) if text else None
        if word.kind == "COMMAND" and name not in FONTS and name not in GREEK:
            return None
        text += GREEK.get(name, "") if name else "" if word.kind in ("LBRACE", "RBRACE") else word.text.translate(_MINUS)
    return None
