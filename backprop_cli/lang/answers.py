"""The text of an answer file to a list of typed answers; what cannot be read is told line by line and stops no other line."""

from __future__ import annotations

import re

from backprop_cli.errors import BackpropError, Diagnostic, Source, Span
from backprop_cli.lang.answers_lines import Statement, statements
from backprop_cli.lang.answers_markup import plain_words
from backprop_cli.lang.answers_names import Known
from backprop_cli.lang.answers_syntax import (
    BESIDE,
    DERIVATIVE,
    PARTIAL,
    PRIME,
    Answer,
    Signature,
    Target,
    Unreadable,
    Vocabulary,
    written,
)
from backprop_cli.lang.answers_targets import target
from backprop_cli.lang.answers_tokens import tokens
from backprop_cli.lang.answers_trees import holds_no_name, tree_of
from backprop_cli.lang.answers_words import Sheet, Word, raw_words
from backprop_cli.lang.syntax import Apply, Expr, Name, postorder
from backprop_cli.lang.text import decode, source
from backprop_cli.limits import SUBMISSION, Limits

__all__ = [
    "BESIDE",
    "DERIVATIVE",
    "PARTIAL",
    "PRIME",
    "Answer",
    "Signature",
    "Target",
    "Unreadable",
    "Vocabulary",
    "read_answers",
    "written",
]

Read = Answer | Unreadable
_AROUND = re.compile(r"(?:\\\\|\\[\])]|\\end\{[a-z]+\*?\}|\\(?:nonumber|notag))$")


def read_answers(
    text: str | bytes | Source,
    vocabulary: Vocabulary,
    name: str = "<answers>",
    limits: Limits = SUBMISSION,
    decimal_comma: bool = False,
) -> list[Read]:
    """Read an answer file, in the order of its lines.

    With `decimal_comma`, `0,25` is a number and `;` separates arguments within brackets. Raises BackpropError for a
    text that is no UTF-8 or larger than the limits allow.
    """
    origin = text if isinstance(text, Source) else decode(text, name, limits) if isinstance(text, bytes) else source(text, name)
    if len(origin.text) > limits.file_bytes:
        raise BackpropError(
            Diagnostic(
                "file-too-large",
                f"{origin.name} is larger than {limits.file_bytes:,} bytes, the limit for a file",
                hint="split the file, or allow more with --limit file-bytes=N",
            )
        )
    sheet = Sheet(origin, Known(vocabulary), limits, decimal_comma)
    return [each if isinstance(each, Unreadable) else _read(each, sheet) for each in statements(origin, limits)]


def _read(statement: Statement, sheet: Sheet) -> Read:
    shown = sheet.origin.text[statement.start : statement.start + len(statement.text)].strip()
    try:
        return _answer(statement, sheet, shown)
    except BackpropError as error:
        return Unreadable(statement.line, shown, error.diagnostics[0])


def _answer(statement: Statement, sheet: Sheet, shown: str) -> Answer:
    end = statement.start + len(statement.text)
    sheet.latex = "\\" in statement.text or "$" in statement.text
    sides, signs = _sides(plain_words(raw_words(statement.text, statement.start, sheet), sheet))
    if not signs:
        sheet.refuse("no-answer", "this line gives no answer", statement.start, end, "write  dL/da = ...,  u = ...,  or # before a remark")
    notes: list[str] = []
    about = target(sides[0], signs[0], sheet, notes)
    if any(sign.text == "≈" for sign in signs):
        notes.append("≈ is read as =")
    links: list[Expr] = []
    for side, sign in zip(sides[1:], signs, strict=True):
        if not side:
            sheet.refuse("missing-operand", f"nothing stands after {sign.text}", sign.start, sign.end, "write what follows")
        links.append(_sizes(side, sheet) if about.kind == "shape" else tree_of(tokens(side, sheet, notes), sheet))
    _two_on_a_line(links, sheet)
    parts = sum(1 for link in links for _ in postorder(link))
    if parts > sheet.limits.nodes:
        message = f"an answer of {parts:,} nodes; the limit is {sheet.limits.nodes:,}"
        sheet.refuse(
            "too-many-nodes", message, statement.start, end, "name parts of it in lines of their own, or allow more with --limit nodes=N"
        )
    about = _told_update(about, links, notes)
    if signs[0].text in ("-=", "+="):
        links = [Apply(signs[0].text[0], (Name(about.text, each.span), each), (), each.span) for each in links]
    texts = tuple(
        _trimmed(statement.text[sign.end - statement.start : following.start - statement.start])
        for sign, following in zip(signs, [*signs[1:], Word("", "", end, end)], strict=True)
    )
    return Answer(statement.line, about, tuple(links), texts, Span(statement.start, end), shown, tuple(dict.fromkeys(notes)))


def _trimmed(text: str) -> str:
    """A link as it was written, without what LaTeX puts around a formula."""
    while True:
        shorter = _AROUND.sub("", text.strip(" \t\n$&~,"))
        if shorter.endswith("}") and shorter.count("}") > shorter.count("{"):
            shorter = shorter[:-1]  # the end of \\boxed{...}
        if shorter == text:
            return " ".join(text.split())
        text = shorter


def _sides(words: list[Word]) -> tuple[list[list[Word]], list[Word]]:
    """The words between the signs `=`, `<-`, `≈` of a chain, and those signs."""
    sides: list[list[Word]] = [[]]
    signs: list[Word] = []
    for word in words:
        if word.kind == "LINK":
            signs.append(word)
            sides.append([])
        else:
            sides[-1].append(word)
    return sides, signs


def _sizes(words: list[Word], sheet: Sheet) -> Expr:
    """The sizes of a shape: `(2, 3)`, `[2, 3]`, `2 x 3`, `R^{2×3}`."""
    from lark import Token

    if [each.kind for each in words[:2]] == ["NAME", "CARET"] and words[0].text in ("R", "ℝ"):
        words = words[2:]
        if words and words[0].kind == "LPAR":
            words = words[1:-1]
    given: list[Token] = []
    for word in words:
        crossed = word.kind == "NAME" and given and given[-1].type == "NUMBER" and word.text[0] == "x"
        rest = word.text[1:]
        if crossed and (not rest or rest.isdigit()):
            given.append(Token("STAR", "*", start_pos=word.start, end_pos=word.start + 1))
            if rest:
                given.append(Token("NUMBER", rest, start_pos=word.start + 1, end_pos=word.end))
        else:
            given.append(Token(word.kind, word.text, start_pos=word.start, end_pos=word.end))
    return tree_of(given, sheet, "sizes")


def _two_on_a_line(links: list[Expr], sheet: Sheet) -> None:
    """`a = 0 b = 1` is no chain."""
    for link in links[:-1]:
        if not (isinstance(link, Apply) and link.head == BESIDE):
            continue
        left, right = link.operands
        apart = left.span.end < right.span.start
        if (
            apart
            and holds_no_name(left)
            and (isinstance(right, Name) or (isinstance(right, Apply) and right.head in (DERIVATIVE, PARTIAL)))
        ):
            hint = "separate two answers with ; or a new line, and write a product with *"
            message = "this can be read as a product or as the beginning of another answer"
            sheet.refuse("ambiguous-product", message, link.span.start, link.span.end, hint)


def _told_update(about: Target, links: list[Expr], notes: list[str]) -> Target:
    """`w = w - 0.1*dL/dw` is an update, as programs write it."""
    if about.kind != "value" or about.index is not None or not links:
        return about
    parts = list(postorder(links[0]))
    symbols = [part for part in parts if isinstance(part, Apply) and part.head in (DERIVATIVE, PARTIAL)]
    inside = {id(name) for symbol in symbols for name in symbol.operands}
    if symbols and any(isinstance(part, Name) and part.id == about.of and id(part) not in inside for part in parts):
        notes.append(f"{about.of} = {about.of} ... is read as an update")
        return Target("update", about.of, None, False, None, about.text)
    return about
