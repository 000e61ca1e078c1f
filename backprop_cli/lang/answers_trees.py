"""What Lark calls while it reads an answer: the trees of files, and those that only answers hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from threading import Lock
from typing import Any, NoReturn, cast

from lark import Lark, Token, v_args
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from backprop_cli.errors import Span
from backprop_cli.lang.answers_syntax import BESIDE, PRIME, written
from backprop_cli.lang.answers_tokens import Loaded
from backprop_cli.lang.answers_words import Sheet
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Name, Number, names_in
from backprop_cli.lang.tables import quick_parser
from backprop_cli.lang.trees import Trees, grammar_text

_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")


@v_args(inline=True)
class AnswerTrees(Trees):
    """The methods bear the names of the aliases in grammar/answers.lark; those of grammar/expr.lark are inherited."""

    sheet: Sheet

    def __getattr__(self, name: str) -> Any:
        if name.startswith("expr__"):  # how Lark calls what is imported
            return getattr(self, name.removeprefix("expr__"))
        raise AttributeError(name)

    def at(self, token: Token) -> Span:
        return Span(token.start_pos or 0, token.end_pos or 0)

    def refuse(self, message: str, tree: Expr, readings: tuple[str, str], reference: str = "ambiguous-product") -> NoReturn:
        at = self._span(tree)
        self.sheet.refuse(reference, message, at.start, at.end, f"write {readings[0]} or {readings[1]}")

    def infix(self, left: Expr, sign: Token, right: Expr) -> Expr:
        product = right
        while isinstance(product, Apply) and product.head == NEGATE and id(product) not in self.outer:
            product = product.operands[0]
        if sign.type == "SLASH" and isinstance(product, Apply) and product.head == BESIDE and id(product) not in self.outer:
            whole = Apply("/", (left, right), (), self._span(left).to(self._span(right)))
            first, *rest = _factors(product)
            below = right
            while isinstance(below, Apply) and below is not product:
                first, below = Apply(NEGATE, (first,)), below.operands[0]
            readings = (written(whole), _enclosed_first(written(Apply("/", (left, first))), rest))
            shown = self.sheet.shown(whole.span.start, whole.span.end)
            self.refuse(f"{shown} can be read in two ways", whole, readings)
        found: Expr = super().infix(left, sign, right)
        return found

    def beside(self, left: Expr, sign: Token, right: Expr) -> Expr:
        last = left.operands[1] if isinstance(left, Apply) and left.head == BESIDE and id(left) not in self.outer else left
        if isinstance(last, Apply) and last.head == "^" and id(last) not in self.outer:
            base, power = last.operands
            bare = power.operands[0] if isinstance(power, Apply) and power.head == NEGATE else power
            open_base = isinstance(base, Number) or (isinstance(base, Name) and base.id == "e")
            closed = isinstance(bare, Name | Number) and self.apart(last, right)
            if id(power) not in self.outer and not self.sheet.latex and not closed and (open_base or not isinstance(bare, Number)):
                whole = Apply(BESIDE, (last, right), (), self._span(last).to(self._span(right)))
                within = Apply("^", (base, Apply("*", (power, right))))
                shown = self.sheet.shown(whole.span.start, whole.span.end)
                self.refuse(f"{shown} can be read in two ways", whole, (written(whole), written(within)), "ambiguous-power")
        return Apply(BESIDE, (left, right), (), self._span(left).to(self._span(right)))

    def apart(self, left: Expr, right: Expr) -> bool:
        """Whether a call, or a power of one, stands behind a space: `e^x cos(y)` has its exponent in one piece."""
        called = right.operands[0] if isinstance(right, Apply) and right.head == "^" and id(right) not in self.outer else right
        call = isinstance(called, Apply) and called.head.isidentifier() and id(called) not in self.outer
        return call and self._span(left).end < self._span(right).start

    def index(self, base: Expr, opening: Token, items: list[Any], closing: Token) -> Expr:
        found: Expr = super().index(base, opening, items, closing)
        if isinstance(base, Number):
            compared = len(items) == 1 and isinstance(items[0], Apply)
            hint = f"write where({written(items[0])}, {base.text}, 0)" if compared else f"write {base.text}*[...]"
            at = self._span(found)
            self.sheet.refuse("number-indexed", f"the number {base.text} has no entries", at.start, at.end, hint)
        return found

    def superscript(self, base: Expr, sign: Token) -> Apply:
        raised = super().superscript(base, sign)
        self.outer[id(raised.operands[1])] = self._at(sign)  # what is raised ends where the digits do
        return raised

    def call(self, function: Token, opening: Token, arguments: list[Any], closing: Token) -> Expr:
        found: Expr = super().call(function, opening, arguments, closing)
        assert isinstance(found, Apply)
        self.check_arity(found.head, len(arguments), found.span)
        return found

    def check_arity(self, head: str, count: int, at: Span) -> None:
        wrong = self.sheet.known.arity_fault(head, count)
        if wrong is not None:
            self.sheet.refuse("wrong-number-of-arguments", wrong, at.start, at.end, "write what it is applied to, with commas between")

    # ---- what only answers hold ----

    def symbol(self, token: Loaded) -> Expr:
        return token.tree

    def primed(self, function: Token, opening: Token, arguments: list[Any], closing: Token) -> Expr:
        at = self._at(function).to(self._at(closing))
        if len(arguments) != 1 or isinstance(arguments[0], tuple):
            hint = "write a derivative by each argument in words of its own"
            self.sheet.refuse("wrong-number-of-arguments", f"{function}' is applied to one argument", at.start, at.end, hint)
        self.check_arity(str(function), 1, at)
        return Apply(PRIME, (Name(str(function), self._at(function)), arguments[0]), (), at)

    def powered(self, function: Loaded, opening: Token, arguments: list[Any], closing: Token) -> Expr:
        inner = self.call(function, opening, arguments, closing)
        return Apply("^", (inner, function.tree), (), inner.span)

    def fraction(self, opening: Token, top: Expr, over: Token, bottom: Expr, closing: Token) -> Expr:
        return self.whole(Apply("/", (top, bottom), (), self._at(opening).to(self._at(closing))))

    def radical(self, opening: Token, inner: Expr, closing: Token) -> Expr:
        return Apply("sqrt", (inner,), (), self._at(opening).to(self._at(closing)))

    def nth_root(self, opening: Token, degree: Expr, over: Token, inner: Expr, closing: Token) -> Expr:
        at = self._at(opening).to(self._at(closing))
        known = {"2": "sqrt", "3": "cbrt"}.get(degree.text) if isinstance(degree, Number) else None
        if known:
            return Apply(known, (inner,), (), at)
        return self.whole(Apply("^", (inner, Apply("/", (Number("1", at), degree), (), at)), (), at))

    def absolute(self, opening: Token, inner: Expr, closing: Token) -> Expr:
        return Apply("abs", (inner,), (), self._at(opening).to(self._at(closing)))

    def vulgar(self, token: Token) -> Expr:
        at = self._at(token)
        value = Fraction(unicodedata.numeric(str(token))).limit_denominator(10)
        return self.whole(Apply("/", (Number(str(value.numerator), at), Number(str(value.denominator), at)), (), at))

    def whole(self, tree: Apply) -> Apply:
        """A tree that holds together as if it stood in parentheses."""
        self.outer[id(tree)] = tree.span
        return tree

    def size_list(self, *sizes: Expr | None) -> list[Expr]:
        return [each for each in sizes if each is not None]

    def sizes(self, *parts: Any) -> Expr:
        inside: list[Expr] = []
        for part in parts:
            if not isinstance(part, Token):
                inside.extend(part if isinstance(part, list) else [part])
        spans = [self._at(part) if isinstance(part, Token) else part.span for part in parts if not isinstance(part, list)]
        for each in inside:
            if isinstance(each, Number) and not each.text.isdigit():
                self.sheet.refuse("bad-shape", "a size is a whole number or a name", each.span.start, each.span.end, "write (2, 3)")
        return Brackets(tuple(inside), spans[0].to(spans[-1]))


def _enclosed_first(quotient: str, rest: list[Expr]) -> str:
    """The reading in which only the first factor is below the bar."""
    return f"({quotient})*" + "*".join(written(each) if isinstance(each, Name | Number) else f"({written(each)})" for each in rest)


def _factors(product: Apply) -> list[Expr]:
    found: list[Expr] = []
    tree: Expr = product
    while isinstance(tree, Apply) and tree.head == BESIDE:
        found.append(tree.operands[1])
        tree = tree.operands[0]
    return [tree, *reversed(found)]


class Given(Lexer):
    """The tokens are made before Lark is called."""

    __future_interface__ = 1

    def __init__(self, conf: Any) -> None:
        pass

    def lex(self, state: Any, parser_state: Any) -> Iterator[Token]:
        return iter(state.text)


STARTS = ("expr", "sizes")
_TREES = AnswerTrees()
_ONE_AT_A_TIME = Lock()


@cache
def _parser() -> Lark:
    return quick_parser("answers", STARTS, _TREES, grammar_text, Given)


def tree_of(given: list[Token], sheet: Sheet, start: str = "expr") -> Expr:
    """The tree of the tokens of one side. Raises BackpropError."""
    with _ONE_AT_A_TIME:  # Lark's callbacks are shared
        _TREES.begin(0)
        _TREES.sheet = sheet
        try:
            found: Any = _parser().parse(given, start=start)
        except UnexpectedToken as error:
            from backprop_cli.lang.answers_complaints import complain

            complain(error.token, given, sheet, start)
        return cast(Expr, found)


def holds_no_name(tree: Expr) -> bool:
    """Whether a tree is a number, however it is written."""
    return not names_in(tree)
