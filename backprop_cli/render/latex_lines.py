"""Long formulas as LaTeX in one line of text, which may be broken after every sign: no fraction bars, no growing parentheses."""

from __future__ import annotations

import re

from backprop_cli.render.latex_words import parted

_TOKEN = re.compile(r"\s*((?:\d[\d_]*\.?[\d_]*|\.\d+)(?:[eE][+-]?\d+)?|[^\W\d]\w*|\.T\b|<=|>=|==|!=|\S)")
_SIGNS = {
    "*": r" \cdot ", "/": r" / \allowbreak ", "@": r" \,\allowbreak ", ",": r",\allowbreak ", "(": r"(\allowbreak ", "[": r"[\allowbreak ",
    "<=": r" \leq ", ">=": r" \geq ", "==": " = ", "!=": r" \neq ", ".T": r"^{\top}",
}  # fmt: skip
_SHORT = 12  # signs of an exponent that is set as one


def linear(text: str) -> str:
    """The text of an expression, as the language writes it, in mathematics that TeX may break."""
    tokens = _TOKEN.findall(text)
    drawn: list[str] = []
    at = 0
    while at < len(tokens):
        token, after = tokens[at], tokens[at + 1 : at + 2]
        at += 1
        if token == "^":
            end = _exponent(tokens, at)
            if end is None:
                drawn.append(r" \uparrow ")
                continue
            drawn.append("{}" * ("^" in drawn[-1]) + f"^{{{''.join(map(_sign, tokens[at:end]))}}}")
            at = end
        elif after == ["("] and _is_name(token):
            drawn.append(_call(token))
        elif token[0].isdigit() and "e" in token.lower() and (after == ["^"] or (drawn and drawn[-1] == _SIGNS["/"])):
            drawn.append(f"({_sign(token)})")
        else:
            drawn.append(_sign(token))
    return "".join(drawn)


def _exponent(tokens: list[str], start: int) -> int | None:
    """Where a short exponent ends; None where it is long or holds another power."""
    at = start + (tokens[start : start + 1] == ["-"])
    depth = 0
    for end in range(at, min(at + _SHORT, len(tokens))):
        depth += (tokens[end] in "([") - (tokens[end] in ")]")
        if tokens[end] == "^" or len(tokens[end]) > _SHORT:
            return None
        if depth == 0 and tokens[end + 1 : end + 2] not in (["("], ["["], ["^"], [".T"]):
            return end + 1
    return None


def _sign(token: str) -> str:
    if token in _SIGNS:
        return _SIGNS[token]
    if token[0].isdigit() or (token[0] == "." and len(token) > 1):
        mantissa, sign, exponent = token.replace("_", "").lower().partition("e")
        return rf"{mantissa} \times 10^{{{int(exponent)}}}" if sign else mantissa
    return parted(token) if _is_name(token) else token


def _is_name(token: str) -> bool:
    return token[0].isalpha() or token[0] == "_" or not token[0].isascii()


def _call(token: str) -> str:
    if len(token) > _SHORT or not token.isascii():
        return f"{parted(token)} "
    escaped = token.replace("_", r"\_")
    return rf"\operatorname{{{escaped}}}"
