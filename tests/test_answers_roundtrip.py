"""Answers drawn by hypothesis and printed in three ways, plain, Unicode and LaTeX, are read as the same tree again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_cli.calculus.signatures import signatures
from backprop_cli.errors import BackpropError
from backprop_cli.lang.answers import BESIDE, DERIVATIVE, PARTIAL, PRIME, Answer, Unreadable, Vocabulary, read_answers, written
from backprop_cli.lang.syntax import NEGATE, TRANSPOSE, Apply, Brackets, Expr, Index, Name, Number, Part, children, fold, same
from tests.strategies import hostile

GRAPH = Vocabulary(frozenset({"L", "a", "u", "v", "W", "ŷ", "θ₁", "alpha", "x2", "z"}), frozenset({"g"}), "L", signatures())
NAMES = sorted(GRAPH.names)

# The rungs of grammar/answers.lark, loosest first.
SUM, PRODUCT, UNARY, FACTORS, POWER, POSTFIX, ATOM = range(7)
RUNGS = {"+": SUM, "-": SUM, "*": PRODUCT, "@": PRODUCT, "/": PRODUCT, NEGATE: UNARY, BESIDE: FACTORS, "^": POWER, TRANSPOSE: POSTFIX}
# What each operand must hold together at least, to stand without brackets. Behind / no bare factors may stand.
NEEDS = {
    "+": (SUM, PRODUCT), "-": (SUM, PRODUCT), "*": (PRODUCT, UNARY), "@": (PRODUCT, UNARY), "/": (PRODUCT, POWER), NEGATE: (UNARY,),
    BESIDE: (FACTORS, POWER), "^": (POSTFIX, ATOM), TRANSPOSE: (POSTFIX,),
}  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> Expr:
    """Right sides of answers, with everything that only answers hold."""
    made: list[Expr] = []

    def word() -> Expr:
        kind = draw(st.sampled_from(["number", "name", "name", "symbol"]))
        if kind == "number":
            return Number(draw(st.sampled_from(["1", "2", "10", "0.5", "1e-3", ".25"])))
        names = [Name(draw(st.sampled_from(NAMES))) for _ in range(2)]
        return names[0] if kind == "name" else Apply(draw(st.sampled_from([DERIVATIVE, PARTIAL])), (names[0], names[1]))

    def some(count: int) -> tuple[Expr, ...]:
        return tuple(made.pop(draw(st.integers(0, len(made) - 1))) if made else word() for _ in range(count))

    for _ in range(draw(st.integers(1, 9))):
        head = draw(st.sampled_from([*RUNGS, BESIDE, "*", "/", "call", "call", PRIME, "array", "index", "matrix"]))
        match head:
            case "call":
                made.append(Apply(draw(st.sampled_from(["log", "relu", "sigmoid", "g", "sqrt", "tanh"])), some(1)))
            case "'":
                made.append(Apply(PRIME, (Name(draw(st.sampled_from(["sigmoid", "relu", "g"]))), *some(1))))
            case "array":
                made.append(Brackets(some(draw(st.integers(1, 3)))))
            case "matrix":
                made.append(Brackets((Brackets(some(2)), Brackets(some(2)))))
            case "index":
                (base,) = some(1)  # 2[0, 1] is twice an array
                made.append(Index(Name("W") if isinstance(base, Number) else base, (Number("0"), Number("1"))))
            case _:
                made.append(Apply(head, some(1 if head in (NEGATE, TRANSPOSE) else 2)))
    return made[-1]


def rung(part: Part) -> int:
    if isinstance(part, Index):
        return POSTFIX
    return RUNGS.get(part.head, ATOM) if isinstance(part, Apply) else ATOM


class Printer:
    """Writes a tree in one of the three ways; each way is a table of pieces."""

    name: ClassVar[dict[str, str]] = {name: name for name in NAMES}
    signs: ClassVar[dict[str, str]] = {"+": " + ", "-": " - ", "*": "*", "@": " @ ", "/": "/"}
    brackets = ("(", ")")
    prime, transposed, minus = "'", ".T", "-"

    def enclosed(self, text: str) -> str:
        return text.join(self.brackets)

    def symbol(self, sign: str, of: str, wrt: str) -> str:
        return f"{sign}{of}/{sign}{wrt}"

    def quotient(self, left: str, right: str) -> str:
        return left + self.signs["/"] + right

    def power(self, base: str, exponent: str, short: bool) -> str:
        return f"{base}^{exponent if short else self.enclosed(exponent)}"

    def function(self, head: str) -> str:
        return head

    def call(self, head: str, inner: str) -> str:
        return self.function(head) + self.enclosed(inner)

    def array(self, items: list[str], parts: tuple[Expr, ...]) -> str:
        return f"[{', '.join(items)}]"

    def least(self, head: str) -> tuple[int, ...]:
        return NEEDS[head]

    def rung(self, part: Part) -> int:
        return rung(part)

    def text(self, tree: Expr) -> str:
        return fold(tree, self.one)

    def one(self, part: Part, below: list[str]) -> str:
        match part:
            case Number(text=text):
                return text
            case Name(id=name):
                return self.name.get(name, name)
            case Brackets(items=items):
                return self.array(below, items)
            case Index(base=base):
                bare = self.rung(base) >= POSTFIX and not isinstance(base, Number)
                return f"{below[0] if bare else self.enclosed(below[0])}[{', '.join(below[1:])}]"
            case Apply(head=head) if head in (DERIVATIVE, PARTIAL):
                return self.symbol(head[0], *below)
            case Apply(head=head) if head == PRIME:
                assert isinstance(part.operands[0], Name)
                return self.function(part.operands[0].id) + self.prime + self.enclosed(below[1])
            case Apply(head=head) if head in RUNGS:
                return self.operator(head, part, below)
            case Apply(head=head):
                return self.call(head, below[0])
        raise AssertionError(part)

    def operator(self, head: str, part: Part, below: list[str]) -> str:
        inner = children(part)
        bare = [self.rung(each) >= least for each, least in zip(inner, self.least(head), strict=True)]
        symbols = [isinstance(each, Apply) and each.head in (DERIVATIVE, PARTIAL) for each in inner]
        if head in (TRANSPOSE, "^"):
            bare[0] = bare[0] and not isinstance(inner[0], Number) and not symbols[0]
        if head == "/":  # dL/du behind or before a / may be read with another
            bare = [each and not symbol for each, symbol in zip(bare, symbols, strict=True)]
        if head == BESIDE:
            bare[1] = bare[1] and not re.match(r"[0-9.\[]", below[1])
            bare[0] = bare[0] and not isinstance(inner[1], Brackets)
        texts = [text if b else self.enclosed(text) for text, b in zip(below, bare, strict=True)]
        if head == "^":
            return self.power(texts[0], below[1], isinstance(inner[1], Number) and inner[1].text.isdigit())
        if head == "/":
            return self.quotient(*(texts if self.least("/")[0] else below))
        if head == BESIDE:
            return f"{texts[0]} {texts[1]}"
        if head == NEGATE:
            return self.minus + texts[0]
        return texts[0] + self.transposed if head == TRANSPOSE else texts[0] + self.signs[head] + texts[1]


class Unicode(Printer):
    name: ClassVar[dict[str, str]] = {**Printer.name, "ŷ": "y\u0302", "alpha": "α"}
    signs: ClassVar[dict[str, str]] = {"+": " + ", "-": " − ", "*": " · ", "@": " @ ", "/": " / "}
    prime, transposed, minus = "′", "ᵀ", "−"

    def function(self, head: str) -> str:
        return {"sigmoid": "σ", "sqrt": "√"}.get(head, head)

    def power(self, base: str, exponent: str, short: bool) -> str:
        raised = exponent.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return base + raised if short else super().power(base, exponent, short)


class Latex(Printer):
    name: ClassVar[dict[str, str]] = {**Printer.name, "ŷ": r"\hat{y}", "alpha": r"\alpha", "θ₁": r"\theta_{1}", "x2": r"\mathbf{x}_2"}
    signs: ClassVar[dict[str, str]] = {"+": " + ", "-": " - ", "*": r" \cdot ", "@": " @ "}
    brackets = (r"\left(", r"\right)")
    prime, transposed = r"^{\prime}", r"^\top"

    def symbol(self, sign: str, of: str, wrt: str) -> str:
        d = {"d": r"\mathrm{d}", "∂": r"\partial "}[sign]
        return rf"\frac{{{d}{of}}}{{{d}{wrt}}}"

    def least(self, head: str) -> tuple[int, ...]:
        return (SUM, SUM) if head == "/" else NEEDS[head]

    def rung(self, part: Part) -> int:
        return ATOM if isinstance(part, Apply) and part.head == "/" else rung(part)

    def quotient(self, left: str, right: str) -> str:
        return rf"\frac{{{left}}}{{{right}}}"

    def power(self, base: str, exponent: str, short: bool) -> str:
        return f"{base}^{{{exponent}}}"

    def function(self, head: str) -> str:
        return {"log": r"\log", "tanh": r"\tanh", "sigmoid": r"\sigma"}.get(head, rf"\operatorname{{{head}}}")

    def call(self, head: str, inner: str) -> str:
        return rf"\sqrt{{{inner}}}" if head == "sqrt" else super().call(head, inner)

    def array(self, items: list[str], parts: tuple[Expr, ...]) -> str:
        rows = [each for each in parts if isinstance(each, Brackets)]
        if len(rows) != len(parts) or any(isinstance(entry, Brackets) for row in rows for entry in row.items):
            return super().array(items, parts)
        return r"\begin{pmatrix} " + r" \\ ".join(" & ".join(map(self.text, row.items)) for row in rows) + r" \end{pmatrix}"


@pytest.mark.parametrize("printer", [Printer, Unicode, Latex])
@given(tree=answers())
def test_a_printed_answer_is_read_as_the_same_tree(printer: Callable[[], Printer], tree: Expr) -> None:
    text = printer().text(tree)
    (found,) = read_answers(f"L = {text}", GRAPH)
    assert isinstance(found, Answer), (text, found.diagnostic.message)
    assert same(found.links[0], tree), (text, written(found.links[0]))


@given(tree=answers())
def test_what_is_shown_of_an_answer_can_be_read(tree: Expr) -> None:
    shown = written(tree)
    (found,) = read_answers(f"L = {shown}", GRAPH)
    assert isinstance(found, Answer), (shown, found.diagnostic.message)
    assert written(found.links[0]) == shown


# ---- texts that nobody means well ----

_PIECES = (
    *(r"\frac", r"\frac{", "}", "{", "dL/da", "dL", "/", "d", "∂", "L", "a", "=", " = ", ";", "\n", r"\\", "&", "&=", "$", r"\hat", "_"),
    *("^", "^T", "'", "|", "x", "2", "0,5", "(", ")", "[", "]", r"\begin{pmatrix}", r"\end{pmatrix}", r"\begin{align}", r"\left"),
    *(r"\sqrt[3]", r"\log", "log", "shape(", "<-", ":=", "-=", ".T", ".grad", "∇_", "a_new", "½", "²", "−", "≈", "- ", "1) ", "a) ", "%"),
    *("#", ".", "*", "@", "+", "\\"),
    *(",", r"\text{", r"\mathbf", r"\sum", "==", "σ'", "W", "ŷ", "\u0302", "\u0304", "\u202e", "\x00", "\u200b", "e^", "1e"),
)  # fmt: skip


@given(text=st.lists(st.sampled_from(_PIECES), max_size=25).map("".join) | hostile() | st.text(max_size=60), comma=st.booleans())
def test_any_text_is_answered(text: str, comma: bool) -> None:
    for graph in (GRAPH, Vocabulary(frozenset({"d", "L", "dL", "a", "da", "T", "x"}))):
        for each in read_answers(text, graph, decimal_comma=comma):
            assert isinstance(each, Answer | Unreadable)
            assert 1 <= each.line <= text.count("\n") + len(re.findall("\r\n?|\u2028|\u2029", text)) + 1
            if isinstance(each, Answer):
                assert each.links
                assert len(each.links) == len(each.link_texts)
            else:
                span = each.diagnostic.span
                assert span is not None
                assert 0 <= span.start <= span.end <= len(text) + 1
                assert len(each.diagnostic.message) + len(each.diagnostic.hint) < 600


@given(data=st.binary(max_size=60))
def test_any_bytes_are_answered_or_refused(data: bytes) -> None:
    try:
        found = read_answers(data, GRAPH)
    except BackpropError as error:
        found = []
        refused = error.diagnostics[0].reference
    else:
        refused = ""
    assert refused in ("", "not-utf8")
    assert all(isinstance(each, Answer | Unreadable) for each in found)
