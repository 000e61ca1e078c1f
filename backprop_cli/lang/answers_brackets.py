"""The brackets and signs of a statement: matched, and in the few kinds that grammar/answers.lark knows."""

from __future__ import annotations

from backprop_cli.lang.answers_units import unit
from backprop_cli.lang.answers_words import Sheet, Word

_CLOSES = {"RPAR": "LPAR", "RSQB": "LSQB", "RBRACE": "LBRACE"}
_SPELLED = {"LPAR": ")", "LSQB": "]", "LBRACE": "}", "MATRIX": r"\end{...}"}


class _Open:
    """A bracket that is open, or (`ARGUMENTS`) a command such as \\frac that waits for `wanted` groups."""

    __slots__ = ("kind", "optional", "wanted", "word")

    def __init__(self, kind: str, word: Word, wanted: int = 0, optional: bool = False) -> None:
        self.kind, self.word, self.wanted, self.optional = kind, word, wanted, optional


class Brackets:
    """Goes through the words once; a subclass reads the powers and commands."""

    def __init__(self, raw: list[Word], sheet: Sheet) -> None:
        self.raw, self.sheet = raw, sheet
        self.at = 0
        self.out: list[Word] = []
        self.open: list[_Open] = []
        self.linked = False

    def run(self) -> list[Word]:
        while self.at < len(self.raw):
            word = self.raw[self.at]
            if self.open and self.open[-1].kind == "ARGUMENTS":
                self.argument(word)
                continue
            found = unit(self.raw, self.at) if word.kind in ("NAME", "COMMAND", "NABLA") else None
            if found is not None:
                self.out.append(found[0])
                self.at = found[1]
                continue
            self.at += 1
            handler = getattr(self, f"on_{word.kind.lower()}", None)
            if handler is not None:
                handler(word)
            else:
                self.out.append(word)
        if self.open:
            self.unclosed(self.open[-1])
        while self.out and self.out[-1].kind == "COMMA":
            self.out.pop()  # the comma after a displayed formula
        return self.out

    def emit(self, kind: str, text: str, like: Word) -> None:
        self.out.append(Word(kind, text, like.start, like.end, True))

    def linkable(self) -> bool:
        """Whether an `=` here would stand between two links: outside all brackets."""
        return all(each.kind == "BOX" for each in self.open)

    def peek(self) -> Word | None:
        return self.raw[self.at] if self.at < len(self.raw) else None

    # ---- brackets ----

    def push(self, kind: str, word: Word, wanted: int = 0, optional: bool = False) -> None:
        self.open.append(_Open(kind, word, wanted, optional))
        if len(self.open) > self.sheet.limits.nesting:
            message = f"brackets nest deeper than {self.sheet.limits.nesting:,} levels, the limit"
            self.sheet.refuse(
                "nested-too-deeply", message, word.start, word.end, "write it in several lines, or allow more with --limit nesting=N"
            )

    def unclosed(self, opened: _Open) -> None:
        word = opened.word
        if opened.kind == "ARGUMENTS":
            self.sheet.refuse("missing-operand", f"{word.text} wants groups in braces", word.start, word.end, r"write \frac{a}{b}")
        hint = f"add {_SPELLED.get(opened.kind, '}')} where the group ends"
        self.sheet.refuse("unclosed-bracket", f"this {word.text} is never closed", word.start, word.end, hint)

    def on_lpar(self, word: Word) -> None:
        self.push(word.kind, word)
        self.out.append(word)

    on_lsqb = on_lpar

    def on_lbrace(self, word: Word) -> None:
        self.push(word.kind, word)
        self.emit("LPAR", "{", word)

    def close(self, word: Word) -> _Open:
        if not self.open or self.open[-1].word.kind != _CLOSES[word.kind]:
            due = _SPELLED.get(self.open[-1].kind, "}") if self.open else ""
            message = f"this {word.text} stands where {due} is due" if due else f"this {word.text} closes nothing"
            self.sheet.refuse("unmatched-bracket", message, word.start, word.end, f"write {due}" if due else "delete it, or open it before")
        return self.open.pop()

    def on_rpar(self, word: Word) -> None:
        self.close(word)
        self.out.append(word)

    def on_rsqb(self, word: Word) -> None:
        if self.close(word).kind == "GROUP":
            self.group_done(word)
        else:
            self.out.append(word)

    def on_rbrace(self, word: Word) -> None:
        closed = self.close(word).kind
        if closed == "GROUP":
            self.group_done(word)
        elif closed != "BOX":
            self.emit("RPAR", "}", word)

    # ---- the arguments of \frac and \sqrt ----

    def argument(self, word: Word) -> None:
        """The next argument: a group in braces, or as in \\frac12 a single sign."""
        top = self.open[-1]
        if word.kind == "LBRACE" or (top.optional and word.kind == "LSQB"):
            top.optional = False
            self.at += 1
            self.push("GROUP", word)
            return
        found = unit(self.raw, self.at) if word.kind == "COMMAND" else None
        if found is not None:
            self.out.append(found[0])
            self.at = found[1]
        elif word.kind in ("NUMBER", "NAME") and word.text[0] != "_":
            cut = word.start + 1
            self.out.append(Word(word.kind, word.text[0], word.start, cut))
            if len(word.text) > 1:
                rest = word.text[1:]
                self.raw[self.at] = Word("NUMBER" if rest[0].isdigit() else "NAME", rest, cut, word.end)
            else:
                self.at += 1
        else:
            self.unclosed(top)
        self.group_done(self.out[-1])

    def group_done(self, word: Word) -> None:
        top = self.open[-1]
        top.wanted -= 1
        place = Word("", "", word.end, word.end)
        if top.wanted:
            self.emit("OVER", "", place)
        else:
            self.open.pop()
            self.emit("ENDED", "", place)

    # ---- signs ----

    def on_equal(self, word: Word) -> None:
        self.link(word) if self.linkable() else self.out.append(word)

    on_about = on_equal

    def link(self, word: Word) -> None:
        self.linked = True
        self.out.append(word._replace(kind="LINK"))

    def on_arrow(self, word: Word) -> None:
        text = {"←": "<-"}.get(word.text, word.text)
        if self.linkable() and not self.linked:
            self.link(word._replace(text=text))
        elif text == "<-":
            self.out.append(Word("COMPARE", "<", word.start, word.start + 1))
            self.out.append(Word("MINUS", "-", word.start + 1, word.end))
        else:
            hint = "write the answer first, as in  w := ..."
            self.sheet.refuse("syntax", f"{word.text} cannot stand here", word.start, word.end, hint)

    def on_compare(self, word: Word) -> None:
        if word.text == "==" and self.linkable():
            self.sheet.refuse("syntax", "== compares; an answer is told with one =", word.start, word.end, "write =")
        self.out.append(word._replace(text={"≤": "<=", "≥": ">=", "≠": "!="}.get(word.text, word.text)))

    def on_minus(self, word: Word) -> None:
        self.out.append(word._replace(text="-"))

    def on_star(self, word: Word) -> None:
        self.out.append(word._replace(text="*"))

    def on_semicolon(self, word: Word) -> None:
        if not self.sheet.decimal_comma:
            hint = "close the bracket before the ;, or write a comma"
            self.sheet.refuse("semicolon-in-brackets", "a ; ends an answer, but a bracket is still open", word.start, word.end, hint)
        self.out.append(word._replace(kind="COMMA"))

    def on_attribute(self, word: Word) -> None:
        if word.text not in (".grad", ".shape"):
            hint = "the transpose is W.T; functions are called, as in sum(W)"
            self.sheet.refuse("unknown-attribute", f"there is no {word.text} here", word.start, word.end, hint)
        self.out.append(word)

    def on_ampersand(self, word: Word) -> None:
        if self.open and self.open[-1].kind == "MATRIX":
            self.emit("COMMA", "&", word)
        elif self.open:
            self.sheet.refuse("syntax", "& has no meaning within brackets", word.start, word.end, "delete it")
