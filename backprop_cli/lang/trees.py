"""What Lark calls while it reads: trees with the places they have in the source, built without recursion."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Transformer, v_args

from backprop_cli.errors import Span
from backprop_cli.lang.program import Declare, Define, Statement
from backprop_cli.lang.syntax import NEGATE, TRANSPOSE, Apply, Brackets, Expr, Index, Name, Number, Part, Slice
from backprop_cli.lang.tables import quick_parser
from backprop_cli.lang.text import canonical, misfit

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_ALIASES = {"−": "-", "·": "*", "×": "*", "⋅": "*", "⊙": "*", "÷": "/", "**": "^"}


def grammar_dir() -> Traversable:
    """Where the grammars lie: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "grammar", package.parent / "grammar"):
        if folder.is_dir():
            return folder
    from importlib.resources import files

    return files("backprop_cli") / "grammar"


def grammar_text(name: str) -> str:
    """The text of a grammar."""
    return (grammar_dir() / f"{name}.lark").read_text("utf-8")


@v_args(inline=True)
class Trees(Transformer[Token, Any]):
    """What Lark calls when a rule is complete. The methods bear the names of the rules' aliases."""

    def __init__(self) -> None:
        super().__init__()
        self.base = 0
        self.outer: dict[int, Span] = {}

    def begin(self, base: int) -> None:
        """A new text starts, `base` code points into its source."""
        self.base = base
        self.outer = {}

    def _at(self, token: Token) -> Span:
        start = self.base + (token.start_pos or 0)
        return Span(start, start + len(token))

    def _span(self, part: Part) -> Span:
        """The place of a part with the parentheses around it."""
        return self.outer.get(id(part), part.span)

    def number(self, token: Token) -> Expr:
        return Number(str(token), self._at(token))

    def name(self, token: Token) -> Expr:
        return Name(canonical(str(token)), self._at(token))

    def infix(self, left: Expr, sign: Token, right: Expr) -> Expr:
        return Apply(_ALIASES.get(sign, str(sign)), (left, right), (), self._span(left).to(self._span(right)))

    def negate(self, sign: Token, operand: Expr) -> Expr:
        return Apply(NEGATE, (operand,), (), self._at(sign).to(self._span(operand)))

    def plus(self, sign: Token, operand: Expr) -> Expr:
        self.outer[id(operand)] = self._at(sign).to(self._span(operand))
        return operand

    def superscript(self, base: Expr, sign: Token) -> Apply:
        at = self._at(sign)
        text = sign.translate(_SUPERSCRIPTS)
        power: Expr = Number(text.lstrip("+-"), at)
        if text.startswith("-"):
            power = Apply(NEGATE, (power,), (), at)
        return Apply("^", (base, power), (), self._span(base).to(at))

    def root(self, sign: Token, operand: Expr) -> Expr:
        return Apply("sqrt", (operand,), (), self._at(sign).to(self._span(operand)))

    def transpose(self, operand: Expr, sign: Token) -> Expr:
        return Apply(TRANSPOSE, (operand,), (), self._span(operand).to(self._at(sign)))

    def call(self, function: Token, opening: Token, arguments: list[Any], closing: Token) -> Expr:
        head = "sigmoid" if function == "σ" else str(function)
        head = canonical(head) if misfit(head) is None else head
        operands = tuple(a for a in arguments if not isinstance(a, tuple))
        keywords = tuple(a for a in arguments if isinstance(a, tuple))
        return Apply(head, operands, keywords, self._at(function).to(self._at(closing)))

    def keyword(self, name: Token, value: Expr) -> tuple[str, Expr]:
        return (str(name), value)

    def arguments(self, *arguments: Any) -> list[Any]:
        return list(arguments)

    items = arguments
    indices = arguments
    bindings = arguments

    def parenthesised(self, opening: Token, inner: Expr, closing: Token) -> Expr:
        self.outer[id(inner)] = self._at(opening).to(self._at(closing))
        return inner

    def brackets(self, opening: Token, items: list[Any], closing: Token) -> Expr:
        return Brackets(tuple(i for i in items if i is not None), self._at(opening).to(self._at(closing)))

    def index(self, base: Expr, opening: Token, items: list[Any], closing: Token) -> Expr:
        return Index(base, tuple(items), self._span(base).to(self._at(closing)))

    def slice(self, start: Expr | None, colon: Token, stop: Expr | None, second: Token | None, step: Expr | None) -> Slice:
        first = self._span(start) if start else self._at(colon)
        last = self._span(step) if step else self._at(second) if second else self._span(stop) if stop else self._at(colon)
        return Slice(start, stop, step, first.to(last))

    def binding(self, name: Token, value: Expr | None) -> tuple[str, Span, Expr | None]:
        return (str(name), self._at(name), value)

    def declare(self, role: Token, bound: list[tuple[str, Span, Expr | None]]) -> list[Statement]:
        return [Declare(str(role), canonical(str(name)), at, value) for name, at, value in bound]

    def define(self, name: Token, opening: Token, *rest: Any) -> list[Statement]:
        *parameters, _closing, body = rest
        head = "sigmoid" if name == "σ" else canonical(str(name))
        return [Define(head, self._at(name), tuple(canonical(str(p)) for p in parameters), body, self._at(name).to(self._span(body)))]

    def assign(self, name: Token, value: Expr) -> list[Statement]:
        raise AssertionError("an assignment is read by its shape")


TREES = Trees()
STARTS = ("statement", "bindings", "expr")


@cache
def lark_parser() -> Lark:
    """The parser of `.expr` texts; it builds trees by TREES."""
    return quick_parser("expr", STARTS, TREES, grammar_text)
