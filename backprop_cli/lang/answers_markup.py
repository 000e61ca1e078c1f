"""LaTeX gone: the words of a statement in the few kinds that grammar/answers.lark knows."""

from __future__ import annotations

from backprop_cli.errors import nearest
from backprop_cli.lang import answers_latex as latex
from backprop_cli.lang.answers_brackets import Brackets
from backprop_cli.lang.answers_units import command
from backprop_cli.lang.answers_words import Sheet, Word

_NEW = frozenset(("new", "neu", "next", "updated", "+"))


def plain_words(raw: list[Word], sheet: Sheet) -> list[Word]:
    """The words without LaTeX; `LINK` stands for the `=`, `<-` or `≈` between the links of a chain."""
    return _Markup(raw, sheet).run()


class _Markup(Brackets):
    # ---- powers, and what is raised like one ----

    def on_caret(self, word: Word) -> None:
        """A power, unless a T, a prime or `new` is raised."""
        inside, end = self.raised()
        texts = [each.text for each in inside]
        commands = [command(each) for each in inside]
        last = self.raw[end - 1] if end > self.at else word
        whole = Word("", "", word.start, last.end)
        upright = any(name in latex.UPRIGHT for name in commands)
        core = [text for text, name in zip(texts, commands, strict=True) if name not in latex.FONTS and text not in "(){}"]
        if core and all(text in (r"\top", r"\intercal", "⊤", "⊺", "ᵀ") for text in core[:1]) and len(core) == 1:
            self.emit("TRANSPOSE", ".T", whole)
        elif core == ["T"]:
            self.emit("TRANSPOSE" if upright else "RAISED_T", ".T", whole)
        elif core and all(text == r"\prime" for text in core):
            for _ in core:
                self.emit("PRIME", "'", whole)
        elif len(core) == 1 and core[0] in _NEW and (core[0] != "+" or end == len(self.raw) or self.raw[end].kind in ("EQUAL", "RBRACE")):
            self.emit("NEW", core[0], whole)
        else:
            self.out.append(word._replace(text="^"))
            self.cut_transpose(word)
            return
        self.at = end

    def cut_transpose(self, caret: Word) -> None:
        """`W^Tdz`: TeX raises the T alone."""
        word, known = self.peek(), self.sheet.known
        if word is None or word.kind != "NAME" or not word.text.startswith("T") or known.name(word.text) is not None:
            return
        rest = word.text[1:]
        if known.name(rest) is not None or (rest.startswith("d") and known.name(rest[1:]) is not None):
            self.out.pop()
            self.emit("RAISED_T", ".T", Word("", "", caret.start, word.start + 1))
            self.raw[self.at] = Word("NAME", rest, word.start + 1, word.end)

    def raised(self) -> tuple[list[Word], int]:
        """The words of a short exponent, and where it ends."""
        first = self.peek()
        if first is None:
            return [], self.at
        if first.kind != "LBRACE":
            if command(first) in latex.FONTS:
                end = min(self.at + 4, len(self.raw))
                return self.raw[self.at : end], end
            return [first], self.at + 1
        depth = 0
        for end in range(self.at, min(self.at + 8, len(self.raw))):
            depth += (self.raw[end].kind == "LBRACE") - (self.raw[end].kind == "RBRACE")
            if depth == 0:
                return self.raw[self.at : end + 1], end + 1
        return [], self.at

    # ---- commands ----

    def on_command(self, word: Word) -> None:
        name = command(word)
        if name in latex.SIGNS:
            self.sign(word, *latex.SIGNS[name])
        elif name in latex.FRACTIONS:
            self.out.append(word._replace(kind="FRACTION", latex=True))
            self.push("ARGUMENTS", word, wanted=2)
        elif name == "sqrt":
            following = self.peek()
            degree = following is not None and following.kind == "LSQB"
            self.out.append(word._replace(kind="DEGREE" if degree else "RADICAL", latex=True))
            self.push("ARGUMENTS", word, wanted=2 if degree else 1, optional=degree)
        elif name in latex.FUNCTIONS:
            self.emit("NAME", name, word)
        elif name in ("begin", "end"):
            self.environment(word)
        elif name == "boxed":
            self.boxed()
        elif name == "\\":
            self.row(word)
        elif name in latex.WITH_GROUP:
            self.environment_name()
        elif name in latex.IGNORED:
            following = self.peek()
            if name in latex.SIZED and following is not None and following.text == ".":
                self.at += 1
        elif name in latex.FONTS:
            return  # a style around more than a name: its braces are a group
        elif name in latex.REFUSED:
            self.sheet.refuse("unknown-command", f"{word.text} cannot be read", word.start, word.end, latex.REFUSED[name])
        else:
            self.unknown(word)

    def unknown(self, word: Word) -> None:
        name = command(word)
        if not name.isalpha():
            self.sheet.strange(word.start)
        if name in latex.ACCENTS:
            self.sheet.refuse("missing-operand", f"{word.text} wants a name", word.start, word.end, rf"write \{name}{{y}}")
        every = [*latex.GREEK, *latex.SIGNS, *latex.FRACTIONS, *latex.FUNCTIONS, *latex.ACCENTS, "sqrt", "left", "right"]
        near = nearest(name, [each for each in every if each[0].islower() == name[0].islower()])
        hint = rf"did you mean \{near}?" if near else rf"functions are \operatorname{{{name}}}(x), or without the backslash"
        self.sheet.refuse("unknown-command", f"{word.text} is not a command that is known here", word.start, word.end, hint)

    def boxed(self) -> None:
        """A frame around a whole answer is no bracket; one around a part of it is."""
        following = self.peek()
        if following is None or following.kind != "LBRACE" or not self.linkable():
            return
        depth = 0
        for word in self.raw[self.at :]:
            depth += (word.kind == "LBRACE") - (word.kind == "RBRACE")
            if depth == 0 or (depth == 1 and word.kind == "EQUAL"):
                break
        if depth:
            self.at += 1
            self.push("BOX", following)

    def sign(self, word: Word, kind: str, text: str) -> None:
        standing = Word(kind, text, word.start, word.end, True)
        handler = getattr(self, f"on_{kind.lower()}", None)
        if handler is not None:
            handler(standing)
        else:
            self.out.append(standing)

    def environment_name(self) -> str:
        """The group in braces that follows, read over."""
        text = ""
        following = self.peek()
        if following is None or following.kind != "LBRACE":
            return text
        while self.at < len(self.raw) and self.raw[self.at].kind != "RBRACE":
            text += self.raw[self.at].text
            self.at += 1
        self.at += 1
        return text[1:].rstrip("*")

    def environment(self, word: Word) -> None:
        name = self.environment_name()
        if not name.endswith("matrix") and name != "array":
            return
        if command(word) == "begin":
            if name == "array":
                self.environment_name()
            self.push("MATRIX", word)
            self.emit("MATRIX", "[", word)
            self.emit("LSQB", "[", word)
            return
        if not self.open or self.open[-1].kind != "MATRIX":
            self.sheet.refuse("unmatched-bracket", r"this \end closes nothing", word.start, word.end, rf"begin with \begin{{{name}}}")
        self.open.pop()
        self.emit("RSQB", "]", word)
        self.emit("RSQB", "]", word)

    def row(self, word: Word) -> None:
        """The end of a matrix's row; anywhere else the end of a line, which says nothing."""
        following = self.peek()
        if self.open and self.open[-1].kind == "MATRIX" and following is not None and command(following) != "end":
            for kind in ("RSQB", "COMMA", "LSQB"):
                self.emit(kind, word.text, word)
