"""The words of one side of an answer as grammar/answers.lark reads them: names resolved, factors without a sign told apart."""

from __future__ import annotations

from typing import NoReturn

from lark import Token

from backprop_cli.errors import Span
from backprop_cli.lang.answers_symbols import Symbols
from backprop_cli.lang.answers_words import Sheet, Word
from backprop_cli.lang.syntax import Expr, Number

# Between a word that ends an operand and one that begins one, with no sign between them, stands BESIDE.
_ENDS = frozenset(("NAME", "NUMBER", "RPAR", "RSQB", "SYMBOL", "SUPERSCRIPT", "TRANSPOSE", "VULGAR", "ENDED", "CLOSEBAR"))
_BEGINS = frozenset(("NAME", "PRIMED", "POWERED", "LPAR", "SYMBOL", "FRACTION", "RADICAL", "DEGREE", "ROOT", "OPENBAR", "MATRIX"))
_AFTER_BARE = frozenset(("", "PLUS", "MINUS", "RPAR", "RSQB", "COMMA", "OVER", "ENDED", "COMPARE", "EQUAL"))
_SIGNS = frozenset(("STAR", "SLASH", "AT", "CARET"))
_RAISED = frozenset(("SUPERSCRIPT", "TRANSPOSE"))

_COMMANDS = frozenset(("FRACTION", "RADICAL", "DEGREE"))


class Loaded(Token):
    """A token that brings a tree: a derivative, or the power of `sin^2(x)`."""

    tree: Expr


def tokens(words: list[Word], sheet: Sheet, notes: list[str], left: bool = False) -> list[Token]:
    """The tokens of one side. Raises BackpropError for names that nobody knows and for what can be read in two ways."""
    return _Tokens(words, sheet, notes, left).run()


class _Tokens:
    def __init__(self, words: list[Word], sheet: Sheet, notes: list[str], left: bool) -> None:
        self.words, self.sheet, self.notes = words, sheet, notes
        self.known = sheet.known
        self.symbols = Symbols(words, sheet, left, notes)
        self.out: list[Token] = []
        self.calling = False
        self.closings: list[int] = []  # where the arguments of functions without brackets end
        self.bars: list[bool] = [False]  # for each open bracket, whether a | within it is open

    def run(self) -> list[Token]:
        at = 0
        while True:
            while self.closings and self.closings[-1] == at:
                self.closings.pop()
                self.give("RPAR", ")", self.words[at - 1].end, self.words[at - 1].end)
            if at >= len(self.words):
                return self.out
            word = self.words[at]
            found = self.symbols.find(at) if word.kind in ("NAME", "PARTIAL", "FRACTION") else None
            if found is not None:
                tree, at = found
                self.load("SYMBOL", "", tree, tree.span)
            elif word.kind == "NAME":
                at = self.name(at)
            elif word.kind == "BAR":
                self.bar(word)
                at += 1
            else:
                self.sign(word)
                at += 1

    # ---- giving out ----

    def give(self, kind: str, text: str, start: int, end: int) -> None:
        self.separate(kind, start)
        self.out.append(Token("LSQB" if kind == "MATRIX" else kind, text, start_pos=start, end_pos=end))

    def load(self, kind: str, text: str, tree: Expr, span: Span) -> None:
        self.separate(kind, span.start)
        token = Loaded(kind, text, start_pos=span.start, end_pos=span.end)
        token.tree = tree
        self.out.append(token)

    def separate(self, kind: str, at: int) -> None:
        if self.calling:
            self.calling = False
            return
        previous = self.out[-1].type if self.out else ""
        if previous in _ENDS and (kind in _BEGINS or (kind == "LSQB" and previous == "NUMBER")):
            self.out.append(Token("BESIDE", "", start_pos=at, end_pos=at))

    def call(self, kind: str, head: str, word: Word, end: int | None = None) -> None:
        """A function's name; the bracket that follows belongs to it."""
        self.give(kind, head, word.start, word.end if end is None else end)
        self.calling = True

    # ---- signs ----

    def sign(self, word: Word) -> None:
        kind = word.kind
        if kind == "RAISED_T":
            if "T" in self.known.names:
                said = self.sheet.shown(word.start, word.end)
                hint = "write .T for the transpose, or ^(T) for the power"
                self.sheet.refuse("ambiguous-power", f"{said} could be the transpose or the power T", word.start, word.end, hint)
            kind = "TRANSPOSE"
        if kind in ("LPAR", "LSQB", "MATRIX"):
            self.bars.append(False)
        elif kind in ("RPAR", "RSQB") and len(self.bars) > 1:
            self.bars.pop()
        self.give(kind, word.text, word.start, word.end)

    def bar(self, word: Word) -> None:
        if self.bars[-1] and self.out[-1].type in _ENDS:
            self.bars[-1] = False
            self.give("CLOSEBAR", "|", word.start, word.end)
        elif self.bars[-1]:
            self.sheet.refuse("syntax", "bars within bars cannot be told apart", word.start, word.end, "write abs(x)")
        else:
            self.bars[-1] = True
            self.give("OPENBAR", "|", word.start, word.end)

    # ---- names ----

    def kind(self, at: int) -> str:
        return self.symbols.kind(at)

    def name(self, at: int) -> int:
        word, following = self.words[at], self.kind(at + 1)
        text = word.text
        if following == "EQUAL":
            self.give("NAME", text, word.start, word.end)
            return at + 1
        if following == "PRIME":
            return self.primed(at)
        function = self.known.exact_function(text)
        known = self.known.name(text)
        if following == "LPAR":
            head = function or (None if known else self.known.function(text))
            if head is not None:
                self.call("NAME", head, word)
                return at + 1
            if known is None and not self.known.meanings(text) and not self.known.splits(text):
                message = f"there is no function {self.symbols.shown(text)}"
                self.sheet.refuse("unknown-function", message, word.start, word.end, self.known.hint(text, function=True))
        elif known is None and function is not None:
            return self.without_brackets(at, function)
        self.variable(word, known)
        return at + 1

    def variable(self, word: Word, known: str | None) -> None:
        if known is not None:
            self.give("NAME", known, word.start, word.end)
            return
        ways = [] if self.known.meanings(word.text) else self.known.splits(word.text)
        if len(ways) == 1:
            self.notes.append(f"{word.text} is read as {'*'.join(ways[0])}")
            begin = word.start
            for each in ways[0]:
                self.give("NAME", each, begin, begin + len(each))
                begin += len(each)
        elif ways:
            several = " or ".join("*".join(way) for way in ways)
            self.sheet.refuse("ambiguous-product", f"{word.text} could be {several}", word.start, word.end, "write the * signs")
        else:
            self.symbols.unknown(word.text, word.start, word.end)

    # ---- functions without their brackets, with primes, with powers ----

    def primed(self, at: int) -> int:
        word, text = self.words[at], self.words[at].text
        prime = self.words[at + 1]
        head = self.known.function(text)
        if self.kind(at + 2) == "PRIME":
            self.symbols.second(prime)
        if head is None:
            known = self.known.name(text)
            hint = "for the transpose write W.T" if known else self.known.hint(text, function=True)
            message = f"a prime is the derivative of a function, and {self.symbols.shown(text)} is none"
            self.sheet.refuse("unknown-function", message, word.start, prime.end, hint)
        if self.kind(at + 2) != "LPAR":
            message = f"{text}' is applied to nothing"
            self.sheet.refuse("missing-operand", message, word.start, prime.end, f"write {text}'(z), with what {text} was applied to")
        self.call("PRIMED", self.known.head(head), word, prime.end)
        return at + 2

    def without_brackets(self, at: int, head: str) -> int:
        word, text = self.words[at], self.words[at].text
        if self.kind(at + 1) in ("CARET", "SUPERSCRIPT"):
            return self.powered(at, head)
        after = self.operand_end(at + 1)
        told = self.sheet.shown(self.words[at + 1].start, self.words[after - 1].end) if after else "x"
        if after is None:
            message = f"{text} is a function: it is applied to something in brackets"
            self.sheet.refuse("missing-brackets", message, word.start, word.end, f"write {text}(x)")
        if self.kind(after) not in _AFTER_BARE:
            self.two_arguments(at, after, told)
        self.call("NAME", head, word)
        self.enclosed(at, at + 1, after, f"{text}({told})")
        return at + 1

    def enclosed(self, at: int, begin: int, after: int, reading: str) -> None:
        """Puts the brackets that a function's argument is written without."""
        self.notes.append(f"{self.sheet.shown(self.words[at].start, self.words[after - 1].end)} is read as {reading}")
        self.give("LPAR", "(", self.words[begin].start, self.words[begin].start)
        self.closings.append(after)

    def two_arguments(self, at: int, after: int, told: str, power: str = "") -> NoReturn:
        """`log u * x`: does the x belong to the logarithm?"""
        text, next_one = self.words[at].text, self.words[after].text
        last = min(after + 1 + (self.kind(after) in _SIGNS), len(self.words))
        rest = self.sheet.shown(self.words[after].start, self.words[last - 1].end).replace(" ", "")
        rest = rest if self.kind(after) in _SIGNS | _RAISED else f"*{rest}"
        if self.kind(after) == "NAME" and self.known.exact_function(next_one) and not self.known.name(next_one):
            begin = self.power_end(after + 1)
            inner = self.operand_end(begin)
            raised = self.sheet.shown(self.words[after].end, self.words[begin - 1].end).translate({ord("{"): None, ord("}"): None})
            rest = f"*{next_one}({self.sheet.shown(self.words[begin].start, self.words[inner - 1].end) if inner else 'x'}){raised}"
            last = inner or last
        shown = self.sheet.shown(self.words[at].start, self.words[last - 1].end)
        first = f"({text}({told}){power})" if power and self.kind(after) in {"CARET"} | _RAISED else f"{text}({told}){power}"
        hint = f"write {first}{rest} or {text}({told}{rest}){power}"
        self.sheet.refuse("ambiguous-product", f"{shown} can be read in two ways", self.words[at].start, self.words[last - 1].end, hint)

    def operand_end(self, at: int) -> int | None:
        """Where a single name, number or fraction that begins at a word ends."""
        kind = self.kind(at)
        if kind == "NAME":
            function = self.known.exact_function(self.words[at].text) and not self.known.name(self.words[at].text)
            return None if function else at + 1
        if kind not in _COMMANDS:
            return at + 1 if kind == "NUMBER" else None
        depth = 0
        for end in range(at, len(self.words)):
            depth += (self.kind(end) in _COMMANDS) - (self.kind(end) == "ENDED")
            if depth == 0:
                return end + 1
        return None

    def power_end(self, at: int) -> int:
        """Where a power that may begin at a word ends."""
        if self.kind(at) != "CARET":
            return at + (self.kind(at) == "SUPERSCRIPT")
        at += 1 + (self.kind(at + 1) == "MINUS")
        return at + (3 if self.kind(at) == "LPAR" and self.words[at].text == "{" else self.kind(at) == "NUMBER")

    def powered(self, at: int, head: str) -> int:
        """`sin^2(x)` and `sin²(x)`, with brackets or without."""
        word = self.words[at]
        begin = at + 1
        end = self.power_end(begin)
        said = "".join(each.text for each in self.words[begin:end]).strip("^{}")
        power = said.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
        after = end if self.kind(end) == "LPAR" else self.operand_end(end)
        if after is None or not power.isascii() or not power.isdigit():
            inverse = said.replace("−", "-") == "-1" or power == "⁻1"
            hint = f"write 1/{word.text}(x), or the inverse function by its name" if inverse else f"write {word.text}(x)^2"
            stop = self.words[min(end, len(self.words)) - 1].end
            self.sheet.refuse("ambiguous-power", f"this power of {word.text} can be read in two ways", word.start, stop, hint)
        span = Span(word.start, self.words[end - 1].end)
        told = self.sheet.shown(self.words[end].start, self.words[after - 1].end) if after > end else ""
        if told and self.kind(after) not in _AFTER_BARE:
            self.two_arguments(at, after, told, f"^{power}")
        self.load("POWERED", head, Number(power, Span(self.words[begin].start, span.end)), span)
        self.calling = True
        if told:
            self.enclosed(at, end, after, f"{word.text}({told})^{power}")
        return end
