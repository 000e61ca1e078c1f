"""Lark's «unexpected token» in the words of the person who wrote the line."""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from backprop_cli.errors import Diagnostic, Source, Span
from backprop_cli.lang.foreign import Meant, foreign, unbound
from backprop_cli.lang.text import Stretch, misfit, strange_character
from backprop_cli.records import record

_WORD = re.compile(r"\*\*|[<>=!]=|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[^\W\d]\w*|\S")
_ENDS_OPERAND = re.compile(r"[\w.)\]⁰¹²³⁴⁵⁶⁷⁸⁹]")
_BEGINS_OPERAND = re.compile(r"[\w.(\[√]")
_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
_SIGNS = "·×⋅⊙÷−√⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_CLOSED_BY = {"(": ")", "[": "]"}
_OPENED_BY = {")": "(", "]": "["}


def syntax_complaint(error: UnexpectedInput, stretch: Stretch, origin: Source, kind: str) -> Diagnostic:
    """What is wrong with a text that Lark could not read, and the likely fix. `kind`: it should be a statement, bindings or an expr."""
    text = stretch.text
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    where = len(text.rstrip()) if ended else error.pos_in_stream or 0
    case = _Case(text, stretch.start, origin, where, ended)
    if isinstance(error, UnexpectedCharacters):
        return case.character()
    known = case.statement if kind == "statement" else case.bindings if kind == "bindings" else lambda: None
    return case.bracket() or known() or case.operand() or case.operator()


@record(eq=True)
class _Case:
    """A text, and the place in it where it stopped making sense."""

    text: str
    start: int
    origin: Source
    where: int
    ended: bool

    # ---- what stands where ----

    @property
    def before(self) -> str:
        return self.text[: self.where].rstrip()

    @property
    def previous(self) -> str:
        words = _WORD.findall(self.before[-80:])
        return str(words[-1]) if words else ""

    @property
    def token(self) -> str:
        found = _WORD.match(self.text, self.where)
        return "" if self.ended or not found else found.group()

    @property
    def lead(self) -> int:
        return len(self.text) - len(self.text.lstrip())

    def complaint(self, start: int, end: int, reference: str, message: str, hint: str = "", label: str = "") -> Diagnostic:
        span = Span(self.start + start, self.start + max(end, start + 1))
        return Diagnostic(reference, message, self.origin, span, label=label, hint=hint)

    def meant(self, found: Meant | None) -> Diagnostic | None:
        return self.complaint(found.start, found.end, found.reference, found.message, found.hint) if found else None

    def with_inserted(self, at: int, sign: str) -> str:
        return self.text[:at].strip() + sign + self.text[at:].strip()

    # ---- the kinds of mistake, in the order in which they are tried ----

    def character(self) -> Diagnostic:
        if self.text[self.where] == "." and re.match(r"\.\s*[^\W\d]", self.text[self.where :]):
            word = _WORD.match(self.text, self.where + 1)
            said = word.group() if word else ""
            return self.complaint(
                self.where,
                self.where + 1 + len(said),
                "unknown-attribute",
                f"there is no .{said} here",
                "the transpose is W.T; functions are called, as in sum(W)",
            )
        return strange_character(self.origin, self.start + self.where)

    def bracket(self) -> Diagnostic | None:
        opened: list[int] = []
        for at, sign in enumerate(self.text):
            if sign in _CLOSED_BY:
                opened.append(at)
            elif sign in _OPENED_BY and not opened:
                if self.where < at:
                    return None
                return self.complaint(
                    at, at + 1, "unmatched-bracket", f"this {sign} closes nothing", f"delete it, or open it with {_OPENED_BY[sign]} before"
                )
            elif sign in _OPENED_BY and _CLOSED_BY[self.text[opened.pop()]] != sign:
                if self.where < at:
                    return None
                return self.complaint(
                    at,
                    at + 1,
                    "unmatched-bracket",
                    f"this {sign} stands where {_CLOSED_BY[_last_open(self.text[:at])]} is due",
                    f"write {_CLOSED_BY[_last_open(self.text[:at])]}",
                )
        if opened and self.ended:
            sign = self.text[opened[-1]]
            return self.complaint(
                opened[-1],
                opened[-1] + 1,
                "unclosed-bracket",
                f"this {sign} is never closed",
                f"add {_CLOSED_BY[sign]} where the group ends",
            )
        return None

    def statement(self) -> Diagnostic | None:
        equals = _EQUALS.search(self.text)
        first = _WORD.match(self.text, self.lead)
        word = first.group() if first else ""
        if word in ("input", "param"):
            return self.declaration(word)
        if word in ("input", "param") or self.token in ("input", "param"):
            return self.reserved(self.token, self.where)
        if equals is None or self.depth_at(equals.start()):
            end = len(self.text.rstrip())
            said = self.text.strip()
            compared = re.fullmatch(r"([^\W\d]\w*)\s*==\s*(.*)", said, re.DOTALL)
            hint = f"{compared.group(1)} = {compared.group(2)}" if compared else f"y = {said}" if end - self.lead < 60 else "y = ..."
            return self.complaint(self.lead, end, "no-name", "this statement gives its result no name", f"write  {hint}")
        if self.where <= equals.start():
            return self.target(equals.start())
        if self.token == "=" and not self.depth_at(self.where):
            hint = "compare with ==" if "where" in self.text else "give one name to one value: write two statements"
            return self.complaint(self.where, self.where + 1, "second-equals", "a second = in one statement", hint)
        return None

    def bindings(self) -> Diagnostic | None:
        return self.meant(unbound(self.text, self.where, self.previous, self.token))

    def declaration(self, word: str) -> Diagnostic | None:
        rest = self.text[self.lead + len(word) :].strip()
        if rest.startswith(("=", "(")) or not rest:
            hint = f"choose another name, or write  {word} x = 2" if rest else f"write  {word} x, y = 1"
            return self.complaint(self.lead, self.lead + len(word), "reserved-word", f"`{word}` declares leaves and is no name", hint)
        if self.before.strip() == word and self.token and not self.token[0].isalpha():
            end = self.where + len(self.token)
            return self.complaint(self.where, end, "bad-target", f"{word} declares names, not {self.token}", f"write  {word} x = 2")
        if self.token not in ("", ",", "=") and _ENDS_OPERAND.match(self.before[-1:]):
            return self.complaint(
                self.where,
                self.where + len(self.token),
                "missing-comma",
                "declared names are separated by commas",
                f"write  {self.with_inserted(self.where, ', ')}",
            )
        return None

    def reserved(self, word: str, where: int) -> Diagnostic:
        return self.complaint(where, where + len(word), "reserved-word", f"`{word}` declares leaves and is no name", "choose another name")

    def target(self, equals: int) -> Diagnostic:
        target = self.text[:equals].strip()
        end = self.lead + len(target)
        if target.endswith(("+", "-", "*", "/", "^", "@")):
            return self.complaint(
                self.lead,
                equals + 1,
                "name-assigned-twice",
                f"a name is assigned once: there is no {target[-1]}=",
                "give the new value a new name",
            )
        if not target:
            return self.complaint(equals, equals + 1, "bad-target", "nothing stands before the =", "write a name there")
        if "(" in target and re.match(r"[^\W\d]\w*\s*\(", target):
            message = "parameters of a function are names" if not target.endswith("()") else "a function has at least one parameter"
            return self.complaint(self.lead, end, "bad-target", message, "write  f(x, y) = ...")
        return self.complaint(self.lead, end, "bad-target", "only a name can stand before the =", "write  name = expression")

    def operand(self) -> Diagnostic | None:
        token, previous = self.token, self.previous
        if token and not token[0].isascii() and token[0] not in _SIGNS and misfit(token[0]) is not None:
            return strange_character(self.origin, self.start + self.where)
        if not self.ended and _BEGINS_OPERAND.match(token) and not (token in "([" and not _ENDS_OPERAND.match(self.before[-1:])):
            return None
        end = len(self.before)
        if token == "^" and self.before[-1:] in "⁰¹²³⁴⁵⁶⁷⁸⁹":
            return self.complaint(
                self.where,
                self.where + 1,
                "ambiguous-power",
                "a power of a raised digit can be read in two ways",
                "add parentheses: (x²)^3, or x^(2^3)",
            )
        if token in ("<", "<=", ">", ">=", "==", "!=") and _ENDS_OPERAND.match(self.before[-1:]):
            return self.complaint(
                self.where, self.where + len(token), "chained-comparison", "comparisons cannot be chained", "multiply them: (a < b)*(b < c)"
            )
        if previous in "([" and token in (")", "]") and previous:
            what = {"(": "parentheses", "[": "brackets"}[previous]
            named = self.before[:-1].rstrip()
            if previous == "(" and re.search(r"\w$", named):
                return self.complaint(
                    end - 1,
                    self.where + 1,
                    "wrong-number-of-arguments",
                    "a function needs at least one argument",
                    "write what it is applied to",
                )
            return self.complaint(end - 1, self.where + 1, "missing-operand", f"these {what} are empty", "write an expression between them")
        if token == "=" and self.depth_at(self.where):
            return self.complaint(self.where, self.where + 1, "syntax", "= names a keyword, as in axis=1; comparing is ==", "write ==")
        if token == "," and _ENDS_OPERAND.match(self.before[-1:]):
            return self.comma()
        if token and _ENDS_OPERAND.match(self.before[-1:]):
            return self.complaint(self.where, self.where + len(token), "syntax", f"{token} cannot stand after {previous}")
        if token:
            return self.complaint(
                self.where,
                self.where + len(token),
                "missing-operand",
                f"{token} stands where a number, a name or a bracket is due" + (f", after {previous}" if previous else ""),
                "delete it, or write what is missing",
            )
        sign = previous or "this"
        return self.complaint(
            max(end - len(previous), 0),
            end,
            "missing-operand",
            f"nothing stands after {sign}",
            "the line ends too early: write what follows, or put the whole in parentheses to go on in the next line",
        )

    def comma(self) -> Diagnostic:
        following = _WORD.match(self.text, self.where + 1)
        if self.depth_at(self.where):
            hint = "an array stands in brackets: [1, 2]"
        elif following and (self.previous + following.group()).isdecimal():
            hint = f"write  {self.previous}.{following.group()}  with a point, or an array:  [{self.previous}, {following.group()}]"
        else:
            hint = "separate statements with ; or a new line"
        return self.complaint(self.where, self.where + 1, "unexpected-comma", "a comma separates arguments and entries only", hint)

    def operator(self) -> Diagnostic:
        token, previous = self.token, self.previous
        if not _ENDS_OPERAND.match(self.before[-1:]):
            return self.complaint(
                self.where, self.where + len(token), "syntax", f"{token} cannot stand after {previous or 'the beginning'}"
            )
        meant = self.meant(foreign(self.text, self.where, previous, token))
        if meant is not None:
            return meant
        sign = ", " if self.within_array() and self.text[self.where - 1] == " " else "*"
        shown = f"write  {self.with_inserted(self.where, sign)}" if len(self.text) < 70 else f"write  {previous}{sign}{token}"
        if sign == "*" and len(previous) > 1 and previous.isalpha() and token[0].isalnum():
            shown += f", or  {previous}({token})  if {previous} is a function"
        what = "a comma" if sign == ", " else "an operator"
        return self.complaint(
            self.where, self.where + len(token), "missing-operator", f"{what} is missing between {previous} and {token}", shown
        )

    def depth_at(self, where: int) -> int:
        part = self.text[:where]
        return part.count("(") + part.count("[") - part.count(")") - part.count("]")

    def within_array(self) -> bool:
        return self.depth_at(self.where) > 0 and _last_open(self.before) == "["


def _last_open(text: str) -> str:
    depth = 0
    for sign in reversed(text):
        depth += (sign in ")]") - (sign in "([")
        if depth < 0:
            return sign
    return "("
