"""Lark's «unexpected token» in the words of the person who wrote the answer."""

from __future__ import annotations

from typing import NoReturn

from lark import Token

from backprop_cli.lang.answers_words import Sheet

_OPERATORS = frozenset(("PLUS", "MINUS", "STAR", "SLASH", "AT", "CARET", "COMPARE", "BESIDE", "ROOT"))
_OPENING = frozenset(("LPAR", "LSQB", "OPENBAR", "FRACTION", "RADICAL", "DEGREE", "OVER"))
_CLOSING = frozenset(("RPAR", "RSQB", "CLOSEBAR", "ENDED", "OVER"))
_OPERANDS = frozenset(("NUMBER", "NAME", "SYMBOL", "RPAR", "RSQB", "SUPERSCRIPT", "TRANSPOSE", "VULGAR", "ENDED", "CLOSEBAR"))


def complain(token: Token, given: list[Token], sheet: Sheet, start: str) -> NoReturn:
    """Raise the complaint about a token that cannot stand where it stands. `start` is what was being read."""
    at = next((number for number, each in enumerate(given) if each is token), len(given))
    previous = given[at - 1] if at else None
    text = sheet.origin.text

    def said(each: Token) -> str:
        shown = text[each.start_pos : each.end_pos].strip()
        return shown if shown and len(shown) <= 30 else str(each)[:30]

    ended = at == len(given)
    place = previous if ended and previous is not None else token
    begin, end = place.start_pos or 0, place.end_pos or 0

    def refuse(reference: str, message: str, hint: str = "") -> NoReturn:
        sheet.refuse(reference, message, begin, end, hint)

    if start == "sizes":
        refuse("bad-shape", "this is not the shape of an array", "write (2, 3), or (3) for a vector of three entries, or () for a number")
    if ended:
        shown = said(previous) if previous is not None else "="
        refuse("missing-operand", f"nothing stands after {shown}", "write what follows")
    shown = said(token)
    before = said(previous) if previous is not None else ""
    if token.type == "COMMA":
        following = given[at + 1] if at + 1 < len(given) else None
        numbers = previous is not None and following is not None and (previous.type, following.type) == ("NUMBER", "NUMBER")
        depth = sum((each.type in _OPENING) - (each.type in _CLOSING) for each in given[:at])
        refuse("unexpected-comma", *_comma(depth, f"{before}.{said(following)}" if numbers and following is not None else ""))
    if token.type in ("NUMBER", "VULGAR") and previous is not None and previous.type in _OPERANDS:
        if previous.type == "NUMBER":
            refuse(
                "missing-operator", f"two numbers stand side by side: {before} and {shown}", "write one number, or a sign between the two"
            )
        hint = f"write {before}*{shown}" + (f" or {before}^{shown}" if previous.type in ("NAME", "RPAR") else "")
        refuse("missing-operator", f"an operator is missing between {before} and {shown}", hint)
    if token.type == "CARET" and previous is not None and previous.type == "SUPERSCRIPT":
        refuse("ambiguous-power", "a power of a raised digit can be read in two ways", "add parentheses: (x²)^3, or x^(2^3)")
    if token.type == "COMPARE" and previous is not None and previous.type in _OPERANDS:
        refuse("chained-comparison", "comparisons cannot be chained", "multiply them: (a < b)*(b < c)")
    if token.type == "EQUAL":
        refuse("syntax", "= names a keyword, as in axis=1; comparing is ==", "write ==")
    if token.type in _CLOSING and previous is not None and previous.type in _OPENING:
        refuse("missing-operand", "these brackets are empty", "write an expression between them")
    if token.type in _CLOSING and previous is not None and previous.type in _OPERATORS:
        refuse("missing-operand", f"nothing stands after {before}", "write what follows")
    if token.type in ("CLOSEBAR", "OPENBAR"):
        refuse("syntax", "this | cannot be paired with another", "write abs(x)")
    if token.type in ("PRIME", "NEW", "RAISED"):
        refuse("syntax", f"{shown} cannot stand here", "a prime is the derivative of a function: relu'(z)")
    if previous is None or previous.type in _OPERATORS or previous.type in _OPENING:
        after = f", after {before}" if before else ""
        refuse(
            "missing-operand", f"{shown} stands where a number, a name or a bracket is due{after}", "delete it, or write what is missing"
        )
    refuse("syntax", f"{shown} cannot stand after {before}", "write one expression on each side of =")


def _comma(depth: int, number: str) -> tuple[str, str]:
    """What is wrong with a comma, and the likely fix; `number` is what it may have been meant for."""
    if depth > 0:
        hint = "an array stands in brackets: [1, 2]" + ("; decimal commas are read with --decimal-comma" if number else "")
        return "a comma separates arguments and entries only", hint
    if number:
        return "a comma cannot stand in a number", f"write {number}, or read commas as decimal ones with --decimal-comma"
    return "a comma separates arguments and entries only", "separate answers with ; or a new line"
