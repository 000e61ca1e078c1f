"""An answer file cut into statements: one a line, at `;`, or at LaTeX's `\\\\`; a line that begins with `=` goes on with a chain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backprop_cli.errors import Source
from backprop_cli.lang.answers_syntax import Unreadable
from backprop_cli.lang.text import line_too_long, strange_character
from backprop_cli.limits import Limits
from backprop_cli.records import record

_DECEPTIVE = re.compile("[\x00\u202a-\u202e\u2066-\u2069]")
_MARKER = re.compile(r"\s*+(?:\\item\b\s*+|[-*•–]\s++|\(?(?:[0-9]{1,3}|[A-Za-z]|[ivx]{1,4})[.)]\s++|\([0-9a-z]\)\s++)(?!\s*+[=:<←])(?=\S)")
_SETTING = re.compile(
    r"\s*+(?:\\(?:begin|end)\s*+\{(?![A-Za-z]*matrix|array)[A-Za-z]*+\*?\}(?:\{[^{}]*+\}|\[[^\]]*+\])*+"
    r"|\\[\[\]]|\$\$|\\(?:documentclass|usepackage|maketitle|section\*?|paragraph)\b.*+|```.*+)\s*+"
)
_SEPARATOR = re.compile(
    r"\\\\(?:\[[0-9.]{1,6} ?[a-z]{2}\])?|\\(begin|end)\s*+\{(?:[A-Za-z]*matrix\*?|array)\}|\\(?:[A-Za-z]++|.)|[()\[\]{};]"
)
_LINK = re.compile(r"[\s&]*+(?:=(?!=)|≈|\\approx\b)")
_SIGN = re.compile(r"=|≈|\\approx\b|←|\\(?:leftarrow|gets)\b")
_UNFINISHED = re.compile(r"(?:[=+*/·×⋅⊙−@-]|\\(?:cdot|times|odot))[\s$&]*+$")
_PADDING = re.compile(r"(?:\s|&|\\q?quad\b|\{\})*+")
_GOING_ON = ("+", "·", "×", "⋅", "⊙", "\\cdot", "\\times", "\\odot")


@record
class Statement:
    """The text of one statement, comments blanked out; a character of it has the offset `start` + its index."""

    text: str
    start: int
    line: int


def statements(origin: Source, limits: Limits) -> Iterator[Statement | Unreadable]:
    """The statements of a file in order, and the lines that cannot be looked at."""
    held: Statement | None = None
    for found in _Cutter(origin, limits).run():
        if isinstance(found, Statement) and held is not None and _goes_on(origin.text, held, found):
            gap = found.start - held.start - len(held.text)
            held = Statement(held.text + " " * gap + found.text, held.start, held.line)
            continue
        if held is not None:
            yield _bounded(held, origin, limits)
        held = found if isinstance(found, Statement) else None
        if isinstance(found, Unreadable):
            yield found
    if held is not None:
        yield _bounded(held, origin, limits)


def _goes_on(text: str, held: Statement, found: Statement) -> bool:
    """Whether a statement goes on with the one in the line before: with the `=` of a chain, or in the middle of a link."""
    if not _LINK.match(found.text):
        if _SIGN.search(found.text) or not _SIGN.search(held.text):
            return False
        if not _UNFINISHED.search(held.text[-80:]) and not _amid(found.text):
            return False
    between = text[held.start + len(held.text) : found.start]
    return ";" not in between and between.count("\n") <= 1


def _amid(text: str) -> bool:
    """Whether a line begins with an operator; a minus may be the mark of a list, unless LaTeX stands before it."""
    found = _PADDING.match(text)
    lead = found.group() if found else ""
    rest = text[len(lead) :]
    return rest.startswith(_GOING_ON) or (rest.startswith(("-", "−")) and ("&" in lead or "\\" in lead))


def _bounded(found: Statement, origin: Source, limits: Limits) -> Statement | Unreadable:
    if len(found.text) > limits.line:
        return _too_long(found.text, found.start, found.line, origin, limits.line)
    return found


def _too_long(text: str, start: int, line: int, origin: Source, limit: int) -> Unreadable:
    return Unreadable(line, text[:60].strip() + "...", line_too_long(origin, start, len(text), limit))


class _Cutter:
    """Goes through the lines once; keeps the lines of a statement whose bracket is still open."""

    def __init__(self, origin: Source, limits: Limits) -> None:
        self.origin, self.limits = origin, limits
        self.open: list[str] = []
        self.start = self.line = self.depth = self.length = 0

    def run(self) -> Iterator[Statement | Unreadable]:
        at = 0
        for number, whole in enumerate(self.origin.text.split("\n"), 1):
            start, at = at, at + len(whole) + 1
            if len(whole) > self.limits.line:
                yield from self.close()
                yield _too_long(whole, start, number, self.origin, self.limits.line)
                continue
            strange = None if whole.isascii() and "\x00" not in whole else _DECEPTIVE.search(whole)
            if strange:
                yield from self.close()
                yield Unreadable(number, whole.strip(), strange_character(self.origin, start + strange.start()))
                continue
            code = _uncommented(whole)
            if self.open and self.begins_anew(code):
                yield from self.close()
            if not code or code.isspace() or (not self.open and _SETTING.fullmatch(code)):
                if self.open:
                    self.keep(" " * len(whole))
                continue
            yield from self.cut(code, start, number)
        yield from self.close()

    def keep(self, text: str) -> None:
        self.open.append(text)
        self.length += len(text) + 1

    def close(self) -> Iterator[Statement]:
        """End the statement that is being read."""
        text = " ".join(self.open).rstrip()
        lead = len(text) - len(text.lstrip())
        if text.strip("$~& "):
            yield Statement(text[lead:], self.start + lead, self.line)
        self.open, self.depth, self.length = [], 0, 0

    def begins_anew(self, code: str) -> bool:
        """Whether a line within an open bracket looks like an answer of its own: then the bracket was never closed."""
        if self.length > self.limits.line:
            return True
        target, sign, _ = code.partition("=")
        if not sign or len(target) > 120 or "," in target or target.endswith(("<", ">", "!")) or code[len(target) + 1 :].startswith("="):
            return False
        if any(target.count(a) != target.count(b) for a, b in ("()", "[]", "{}")) or not any(map(str.isalpha, target)):
            return False
        last = next((text.rstrip() for text in reversed(self.open) if text and not text.isspace()), "")
        return not last.endswith((",", "("))

    def cut(self, code: str, start: int, number: int) -> Iterator[Statement]:
        if not self.open:
            marker = _MARKER.match(code)
            if marker:
                code = " " * marker.end() + code[marker.end() :]
            self.start, self.line = start, number
        begin = 0
        for found in _SEPARATOR.finditer(code):
            sign = found.group()
            if sign in ("(", "[", "{") or found.group(1) == "begin":
                self.depth += 1
            elif sign in (")", "]", "}") or found.group(1) == "end":
                self.depth = max(self.depth - 1, 0)
            elif not self.depth and (sign == ";" or sign.startswith("\\\\")):
                self.keep(code[begin : found.start()])
                yield from self.close()
                begin = found.end()
                self.start, self.line = start + begin, number
        self.keep(code[begin:])
        if self.depth == 0:
            yield from self.close()


def _uncommented(line: str) -> str:
    """The line with its comment blanked out: `#`, and `%` in lines of LaTeX."""
    end = len(line)
    if "#" in line:
        found = re.search(r"(?<!\\)#", line)
        end = found.start() if found else end
    if "%" in line[:end] and ("\\" in line or "$" in line or line.lstrip().startswith("%")):
        found = re.search(r"(?<!\\)%", line[:end])
        end = found.start() if found else end
    return line if end == len(line) else line[:end] + " " * (len(line) - end)
