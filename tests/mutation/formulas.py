"""Mutants of the table's formulas, which are texts: one operator more for Cosmic Ray, whose own change Python alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[A-Za-z_]\w*|<=|>=|==|!=|[-+*/^<>]")
_SIGNS = {
    "+": "-", "*": "/", "/": "*", "^": "*",
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
}  # fmt: skip
_NAMES = {
    "sin": "cos", "cos": "sin", "tan": "sin", "sinh": "cosh", "cosh": "sinh", "exp": "exp2", "log": "log2", "log1p": "expm1",
    "expm1": "log1p", "sqrt": "cbrt", "abs": "relu", "floor": "ceil", "minimum": "maximum", "maximum": "minimum",
    "erf": "erfc", "erfc": "erf", "sigmoid": "tanh", "a": "b", "b": "a", "lo": "hi", "hi": "lo", "y": "x", "sign": "abs",
}  # fmt: skip
_FORMULA_FIELDS = {"computed", "textbook"}
_FORMULA_MAKERS = {"Domain", "Kink"}
_HEAD_AND_OPERANDS = 2


def mutations(formula: str) -> list[str]:
    """The formula with one sign, number, name or function another, for every place and in every way the tables above know."""
    found = []
    for token in _TOKEN.finditer(formula):
        before, word, after = formula[: token.start()], token.group(), formula[token.end() :]
        if word[0].isdigit():
            other = str(int(word) + 1) if word.isdigit() else f"{word}1"
        elif word == "-":
            binary = bool(before.strip()) and before.rstrip()[-1] not in "(,*/^<>="
            other = "+" if binary else ""
        else:
            other = _SIGNS.get(word) or _NAMES.get(word, "")
            if not other:
                continue
        found.append(before + other + after)
    return found


class FormulaReplacer(Operator):  # type: ignore[misc]
    """Changes one token of a text in a row that is a formula: value, derivatives, definition, domain, kink."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """A place for every change of every formula."""
        if _is_formula(node):
            for _ in mutations(_text(node)):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The formula with that change."""
        return parso.python.tree.String(f'"{mutations(_text(node))[index]}"', node.start_pos, prefix=node.prefix)

    @classmethod
    def examples(cls) -> Sequence[Any]:
        """What Cosmic Ray's own operators show too."""
        return (Example('row = elementwise("*", "a b", "a*b")', 'row = elementwise("*", "a b", "b*b")'),)


def _text(node: Any) -> str:
    return str(node.value)[1:-1]


def _is_formula(node: Any) -> bool:
    """Whether a text is a formula of an elementwise row. (The texts of rows for whole arrays are shown only; code computes them.)"""
    if node.type != "string" or not node.value.startswith('"') or node.value.startswith('"""'):
        return False
    each = node
    while each.parent is not None and each.parent.type in ("atom", "testlist_comp"):
        each = each.parent
    field = ""
    if each.parent is not None and each.parent.type == "argument":
        field, each = each.parent.children[0].value, each.parent
    listed, maker = _call(each)
    if maker in _FORMULA_MAKERS:
        return each is node and listed[0] is node
    return maker == "elementwise" and (field in _FORMULA_FIELDS or (each is node and listed.index(each) >= _HEAD_AND_OPERANDS))


def _call(argument: Any) -> tuple[list[Any], str]:
    """The arguments among which one stands, and the name of what is called."""
    around = argument.parent
    if around is None or around.type not in ("arglist", "trailer"):
        return [argument], ""
    trailer = around if around.type == "trailer" else around.parent
    listed = [one for one in around.children if one.type != "operator"]
    return listed, getattr(trailer.parent.children[0], "value", "")


class Provider(dict[str, type[Operator]]):
    """What Cosmic Ray asks for operators."""

    def __init__(self) -> None:
        super().__init__(FormulaReplacer=FormulaReplacer)
