"""From bytes to statements: decoding, line ends, comments, and what may stand in a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Generator, Iterator

from backprop_cli.errors import MOST_REPORTED, BackpropError, Diagnostic, Source, Span
from backprop_cli.limits import Limits

# Zs, tabs and form feeds are spaces; the narrow and the ideographic space come from word processors.
_SPACES = dict.fromkeys(
    map(ord, "\t\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
)
_BEGINS_A_PART = frozenset(" (+-*/^,=<>[:@")  # what may stand before a parenthesis that is no call's
_LINE_END = re.compile("\r\n?|\u2028|\u2029")
# What makes a text look other than it is, in comments too (Unicode Technical Report 36).
_DECEPTIVE = re.compile("[\x00\u202a-\u202e\u2066-\u2069]")
_ASSIGNMENT = re.compile(r"\s*[^\W\d]\w*\s*=(?!=)")


class Stretch:
    """The text of one statement, comments blanked out, and where it starts in the source."""

    __slots__ = ("start", "text")

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.start = start


def decode(data: bytes, name: str, limits: Limits) -> Source:
    """Bytes to a source with uniform line ends; complains about anything but UTF-8 and about texts past the limit."""
    if len(data) > limits.file_bytes:
        raise BackpropError(
            Diagnostic(
                "file-too-large",
                f"{name} is larger than {limits.file_bytes:,} bytes, the limit for a file",
                hint="split the file, or allow more with --limit file-bytes=N",
            )
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BackpropError(_not_utf8(name, "byte 1 begins a UTF-16 text"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        lead = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        at = error.start + lead
        line = data.count(b"\n", 0, at) + 1
        raise BackpropError(_not_utf8(name, f"byte {at + 1} (line {line}) is 0x{data[at]:02x}")) from None
    return source(text, name)


def source(text: str, name: str) -> Source:
    """A source with uniform line ends, from text that is decoded already."""
    return Source(name, _LINE_END.sub("\n", text.removeprefix("\ufeff")))


def _not_utf8(name: str, what: str) -> Diagnostic:
    return Diagnostic("not-utf8", f"{name} is not UTF-8: {what}", hint="save the file as UTF-8")


def stretches(origin: Source, faults: list[Diagnostic]) -> Iterator[Stretch]:
    """The statements of a source, in order. What cannot be told apart is added to `faults`."""
    text = origin.text
    if not text.isascii() or "\x00" in text:
        faults.extend(strange_character(origin, found.start()) for found in _DECEPTIVE.finditer(text))
    if not text.isascii() or "\t" in text or "\f" in text or "\v" in text:
        text = text.translate(_SPACES)

    lines = text.split("\n")
    number = at = 0
    # Each bracket that is never closed makes the reading start again below it, as often as complaints are told.
    for _ in range(MOST_REPORTED + 1):
        number, at = yield from _stretches(lines, number, at, origin, faults)
        if number == len(lines):
            break


def _stretches(
    lines: list[str], first: int, at: int, origin: Source, faults: list[Diagnostic]
) -> Generator[Stretch, None, tuple[int, int]]:
    """The statements from a line on; ends at the end, or below a statement whose bracket is never closed."""
    open_text: list[str] = []
    open_number = open_at = depth = 0
    for number, whole in enumerate(lines[first:], first):
        here, at = at, at + len(whole) + 1
        line = whole.partition("#")[0]
        if depth == 0 and ";" in line and not ("(" in line or "[" in line):
            for part in line.split(";"):
                if part and not part.isspace():
                    yield Stretch(part, here)
                here += len(part) + 1
            continue
        change = line.count("(") + line.count("[") - line.count(")") - line.count("]")
        if depth == 0 and change == 0 and ";" not in line:
            if line and not line.isspace():
                yield Stretch(line, here)
            continue
        if open_text and _ASSIGNMENT.match(line) and not _awaits_more(open_text):
            yield from _split("\n".join(open_text).rstrip(), open_at, origin, faults)
            return number, here
        if not open_text:
            open_number, open_at = number, here
        open_text.append(line.ljust(at - 1 - here))
        depth += change
        if depth <= 0:
            yield from _split("\n".join(open_text), open_at, origin, faults)
            open_text, depth = [], 0
    if not open_text:
        return len(lines), at
    end = next((count for count, line in enumerate(open_text) if count and _ASSIGNMENT.match(line)), len(open_text))
    begun = "\n".join(open_text[:end])
    yield from _split(begun.rstrip(), open_at, origin, faults)
    return open_number + end, open_at + len(begun) + 1


def _awaits_more(open_text: list[str]) -> bool:
    """Whether a keyword such as `axis=1` may begin the next line."""
    return next((line for line in reversed(open_text) if not line.isspace() and line), "").rstrip().endswith((",", "("))


def _split(text: str, start: int, origin: Source, faults: list[Diagnostic]) -> Iterator[Stretch]:
    """Cut at the semicolons that stand outside brackets."""
    depth = begin = 0
    for found in re.finditer(r"[()\[\];]", text):
        sign = found.group()
        if sign in "([":
            depth += 1
        elif sign in ")]":
            depth = max(depth - 1, 0)
        elif depth:
            here = start + found.start()
            faults.append(
                Diagnostic(
                    "semicolon-in-brackets",
                    "a ; ends a statement, but a bracket is still open",
                    origin,
                    Span(here, here + 1),
                    hint="close the bracket before the ;, or write a comma",
                )
            )
            return
        else:
            if text[begin : found.start()].strip():
                yield Stretch(text[begin : found.start()].replace("\n", " "), start + begin)
            begin = found.end()
    if text[begin:].strip():
        yield Stretch(text[begin:].replace("\n", " "), start + begin)


# Letters and marks that Unicode tells programs not to show (Default_Ignorable_Code_Point): two names could look the same.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def canonical(name: str) -> str:
    """A name in the form in which names are compared."""
    return name if name.isascii() else "pi" if name == "π" else unicodedata.normalize("NFC", name)


def misfit(name: str) -> int | None:
    """Where a name holds a character that is no letter, digit, mark or subscript digit, or cannot be seen; None where all is well."""
    if name.isascii():
        return None
    unseen = _UNSEEN.search(name)
    if unseen:
        return unseen.start()
    for at, char in enumerate(name):
        kind = unicodedata.category(char)
        if char == "_" or kind in ("Lu", "Ll", "Lt", "Lm", "Lo"):
            continue
        if at and (kind in ("Nd", "Mn", "Mc") or "₀" <= char <= "₉"):
            continue
        return at
    return None


def line_too_long(origin: Source, start: int, length: int, limit: int) -> Diagnostic:
    """The complaint about a line or a statement of more characters than the limit."""
    hint = "split it, or allow more with --limit line=N"
    message = f"a line of {length:,} characters; the limit is {limit:,}"
    return Diagnostic("line-too-long", message, origin, Span(start, start + 1), hint=hint)


def strange_character(origin: Source, at: int) -> Diagnostic:
    """The complaint about a character that no statement holds."""
    char = origin.text[at]
    called = unicodedata.name(char, "")
    title = f"U+{ord(char):04X}" + (f" ({called.lower()})" if called else "")
    shown = f"{char!r} " if char.isprintable() else ""
    return Diagnostic(
        "unexpected-character",
        f"{shown}{title} has no meaning here",
        origin,
        Span(at, at + 1),
        hint=_MEANT.get(char, "delete it, or write it with letters and the signs + - * / ^ @"),
    )


_MEANT = {
    "%": "mod(x, y) is the remainder",
    "&": "multiply conditions, as in (x > 0)*(y > 0), or nest where(...)",
    "|": "abs(x) is the absolute value",
    "!": "there is no factorial; != compares",
    "{": "write ( ) or [ ]",
    "}": "write ( ) or [ ]",
    "\\": "this is no LaTeX: write log(x), x*y, a/b",
    "$": "this is no LaTeX: leave the $ out",
    "'": "leave the quote out; for a derivative make a node of its own",
    '"': "texts have no meaning here: leave the quotes out",
    "`": "leave the quotes out",
    ",": "separate statements with ; or a new line",
    "?": "where(condition, x, y) chooses",
    "~": "delete it",
    "∂": "∂ belongs into answers; backprop grad computes derivatives",
    "∑": "write sum(x)",
    "∞": "there is no infinity here: use a large number",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "∗": "write *",
    "•": "write *",
    "–": "write - (this is an en dash)",
    "—": "write - (this is an em dash)",
    "½": "write (1/2)",
}


def without_double_parentheses(text: str) -> str:
    """The same formula with blanks for every pair of parentheses that stands directly within another one, which is no call's."""
    kept = list(text)
    opened: list[tuple[int, bool]] = []
    inner = (-1, -1)  # the pair that was closed last
    before = " "
    for at, sign in enumerate(text):
        if sign == "(":
            opened.append((at, before in _BEGINS_A_PART))
        elif sign == ")" and opened:
            start, alone = opened.pop()
            if alone and inner == (start + 1, at - 1):
                kept[start + 1] = kept[at - 1] = " "
            inner = start, at
        if sign != " ":
            before = sign
    return "".join(kept)
