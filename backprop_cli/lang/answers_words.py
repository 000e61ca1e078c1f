"""A statement of an answer file cut into words, LaTeX and typographic spellings as they stand."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple, NoReturn

from backprop_cli.errors import BackpropError, Diagnostic, Source, Span
from backprop_cli.lang.answers_names import Known
from backprop_cli.lang.literals import out_of_range, too_long
from backprop_cli.lang.text import misfit, strange_character
from backprop_cli.limits import Limits

VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_SPACES = " \t\v\f\n\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
# Signs that cannot stand in a name; all other characters beyond ASCII may, until `misfit` refuses them.
_SIGNS = f"·×⋅⊙÷−–∗∘∙√⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻∂′’″ᵀ⊤⊺←≈≤≥≠∇∑∏{VULGAR}{_SPACES}"
_BEYOND = rf"[^\x00-\x7F{_SIGNS}]"
_LETTER = rf"(?:[A-Za-z0-9_]|{_BEYOND})"
_KINDS = (
    ("SPACE", rf"[{_SPACES}]++|[$~]"),
    ("COMMAND", r"\\(?:[A-Za-z]++\*?|.)"),
    ("DECIMAL", r"[0-9]++(?:,|\{,\})[0-9]++(?:[eE][+-]?[0-9]++)?"),  # only where a comma is decimal
    ("NUMBER", r"(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"),
    ("NAME", rf"(?:[A-Za-z_]|{_BEYOND}){_LETTER}*+"),
    ("TRANSPOSE", rf"\.T(?!{_LETTER})|[ᵀ⊤⊺]"),
    ("ATTRIBUTE", rf"\.[A-Za-z_]{_LETTER}*+"),
    ("ARROW", r"<-|:=|[-+]=|←"),
    ("COMPARE", r"[<>]=?|==|!=|[≤≥≠]"),
    ("EQUAL", r"="),
    ("ABOUT", r"≈"),
    ("PLUS", r"\+"),
    ("MINUS", r"[-−–]"),
    ("CARET", r"\^|\*\*"),
    ("STAR", r"[*·×⋅⊙∗∘∙]"),
    ("SLASH", r"[/÷]"),
    ("AT", r"@"),
    ("SUPERSCRIPT", r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]++"),
    ("RAISED", r"[⁺⁻]"),
    ("ROOT", r"√"),
    ("PARTIAL", r"∂"),
    ("NABLA", r"∇"),
    ("PRIME", r"['′’]"),
    ("VULGAR", rf"[{VULGAR}]"),
    ("LPAR", r"\("),
    ("RPAR", r"\)"),
    ("LSQB", r"\["),
    ("RSQB", r"\]"),
    ("LBRACE", r"\{"),
    ("RBRACE", r"\}"),
    ("COLON", r":"),
    ("COMMA", r","),
    ("SEMICOLON", r";"),
    ("BAR", r"\|"),
    ("AMPERSAND", r"&"),
)


# The full stop of a sentence, and what LaTeX may put behind it.
_STOP = re.compile(r"\.(?:[\s$~&]|\\[\])\\]|\\end\{\w++\*?\})*+$")


class Word(NamedTuple):
    """A word of a statement: what it is, how it is spelled once styles are gone, and where it stands in the source."""

    kind: str
    text: str
    start: int
    end: int
    latex: bool = False


class Sheet:
    """The file that is read, what may be said in it, and how complaints are made."""

    def __init__(self, origin: Source, known: Known, limits: Limits, decimal_comma: bool) -> None:
        self.origin, self.known, self.limits, self.decimal_comma = origin, known, limits, decimal_comma
        self.latex = False  # whether the statement at hand is written in LaTeX

    def refuse(self, reference: str, message: str, start: int, end: int, hint: str = "") -> NoReturn:
        """Raise the complaint. What it quotes may be as long as a line; it is shown up to a length that can be read."""
        span = Span(start, max(end, start + 1))
        raise BackpropError(Diagnostic(reference, _cut(message), self.origin, span, hint=_cut(hint)))

    def shown(self, start: int, end: int) -> str:
        """What stands between two places of the source, in one line."""
        return _cut(" ".join(self.origin.text[start:end].split()), 60)

    def strange(self, at: int) -> NoReturn:
        raise BackpropError(strange_character(self.origin, at))


def _cut(text: str, most: int = 240) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


@cache
def _pattern(decimal_comma: bool) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind}>{text})" for kind, text in _KINDS if decimal_comma or kind != "DECIMAL"), re.DOTALL)


def raw_words(text: str, start: int, sheet: Sheet) -> list[Word]:
    """The words of a statement that starts at `start`. Raises BackpropError for what cannot stand in an answer."""
    words: list[Word] = []
    at = 0
    match = _pattern(sheet.decimal_comma).match
    while at < len(text):
        found = match(text, at)
        if found is None:
            if _STOP.match(text, at):
                break
            sheet.strange(start + at)
        kind, word = str(found.lastgroup), found.group()
        begin, at = start + at, found.end()
        if kind == "SPACE":
            continue
        if kind == "NAME":
            wrong = misfit(word)
            if wrong is not None:
                sheet.strange(begin + wrong)
        elif kind in ("NUMBER", "DECIMAL"):
            kind, word = "NUMBER", word.replace("{,}", ".").replace(",", ".")
            _check_number(word, begin, start + at, sheet)
        words.append(Word(kind, word, begin, start + at))
    return words


def _check_number(text: str, start: int, end: int, sheet: Sheet) -> None:
    long = too_long(text, sheet.limits)
    if long:
        sheet.refuse("literal-too-long", long, start, end, "round it: 17 digits are more than enough; or allow more with --limit digits=N")
    far = out_of_range(text, sheet.limits)
    if far:
        sheet.refuse("literal-out-of-range", far, start, end, "check the number, or allow more with --limit exponent=N")
