"""Trees as LaTeX: each function's own template with holes, and visible parentheses put in by one rule."""

from __future__ import annotations

import re
from functools import lru_cache

from backprop_cli.calculus.primitive import Primitive
from backprop_cli.calculus.table import SEVERAL, row, row_of_several
from backprop_cli.lang.pattern import Filled, Pattern
from backprop_cli.lang.syntax import NEGATE, TRANSPOSE, Apply, Brackets, Expr, Index, Name, Number, Part, Slice, fold
from backprop_cli.render.latex_words import escaped, name

# How tightly a drawing holds together: as in the text form, but a fraction bar groups, and LaTeX braces do not show.
COMPARISON, SUM, PRODUCT, FRACTION, WHOLE = range(5)
Drawn = tuple[str, int]

_TIGHTNESS = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "where"), COMPARISON),
    **dict.fromkeys(("+", "-", NEGATE, "expm1"), SUM),
    **dict.fromkeys(("*", "@", "mod", "dot", "outer", "sum", "prod", "max", "min", "logsumexp", "logsigmoid", "log_softmax"), PRODUCT),
    **dict.fromkeys(("/", "^", "exp", "exp2", TRANSPOSE, "inv"), FRACTION),
}
# What an operand must hold together at least, where the template does not enclose it.
_NEEDS = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), (SUM, SUM)),
    "+": (SUM, PRODUCT),
    "-": (SUM, PRODUCT),
    NEGATE: (PRODUCT,),
    **dict.fromkeys(("*", "@", "dot"), (PRODUCT, PRODUCT)),
    "^": (WHOLE, COMPARISON),
    **dict.fromkeys(("mod", "outer"), (WHOLE, WHOLE)),
    **dict.fromkeys(("sum", "prod", "max", "min"), (FRACTION,)),
    **dict.fromkeys((TRANSPOSE, "inv"), (WHOLE,)),
}
_HOLE = re.compile(r"<(\w+)>")
_OPEN, _CLOSE = "\ue100", "\ue101"  # around the number of a hole; private-use characters, which are no letters of names
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


def number(text: str) -> Drawn:
    """A literal as it was spelled, powers of ten written out."""
    mantissa, sign, exponent = text.lower().partition("e")
    mantissa = mantissa.replace("_", "")
    return (rf"{mantissa} \times 10^{{{int(exponent)}}}", PRODUCT) if sign else (mantissa, WHOLE)


def latex(expr: Expr) -> str:
    """An expression in LaTeX's mathematics."""
    return fold(expr, _draw)[0]


def latex_filled(filled: Filled) -> str:
    """The same of a pattern with words in its holes, drawn once for all statements that are made alike."""
    between, holes = _pieces(filled.pattern, len(filled.words))
    words = [filled.words[hole] for hole in holes]
    if any(word[0] in "0123456789." and (word == "0.5" or "e" in word.lower()) for word in words):
        return latex(filled.tree)  # a power of ten is a product, a power of a half is a root
    drawn = [number(word)[0] if word[0] in "0123456789." else name(word) for word in words]
    return "".join([piece + word for piece, word in zip(between, [*drawn, ""], strict=True)])


@lru_cache(maxsize=1024)
def _pieces(pattern: Pattern, count: int) -> tuple[list[str], list[int]]:
    found = _MARK.split(latex(pattern.filled([f"{_OPEN}{hole}{_CLOSE}" for hole in range(count)])))
    return found[::2], list(map(int, found[1::2]))


def _draw(part: Part, below: list[Drawn]) -> Drawn:
    match part:
        case Number(text=text):
            return number(text)
        case Name(id=word):
            return word if word[0] == _OPEN else name(word), WHOLE
        case Brackets():
            return _matrix(part, below), WHOLE
        case Index():
            base = grouped(below[0], WHOLE)
            return f"{{{base}}}_{{{', '.join(text for text, _ in below[1:])}}}", WHOLE
        case Slice():
            rest = iter(text for text, _ in below)
            cuts = [next(rest) if each is not None else "" for each in (part.start, part.stop)]
            return ":".join([*cuts, *([next(rest)] if part.step is not None else [])]), WHOLE
        case Apply():
            return _apply(part, below)


def _matrix(part: Brackets, below: list[Drawn]) -> str:
    """Rows of entries; the drawing of a row is taken apart again where it stands in a matrix."""
    start, end = r"\begin{bmatrix} ", r" \end{bmatrix}"
    if all(isinstance(item, Brackets) for item in part.items):
        return start + r" \\ ".join(text[len(start) : -len(end)] for text, _ in below) + end
    return start + " & ".join(text for text, _ in below) + end


def grouped(drawn: Drawn, least: int) -> str:
    """A drawing with visible parentheses where it does not hold together by itself."""
    text, tightness = drawn
    return text if tightness >= least else rf"\left({text}\right)"


def _apply(part: Apply, below: list[Drawn]) -> Drawn:
    found = row_of_several(SEVERAL[part.head], len(below)) if part.head in SEVERAL and len(below) > 1 else row(part.head)
    if found is None or part.keywords or len(found.operands) != len(below) or not found.operands:
        return _call(part, below), WHOLE
    if found.head == "^" and _simple(part) is not None:
        return rf"\sqrt{{{below[0][0]}}}", WHOLE
    return _filled(found, below), _TIGHTNESS.get(found.head, WHOLE)


def _simple(part: Apply) -> Expr | None:
    """What stands under the root, where a power is one."""
    power = part.operands[1]
    return part.operands[0] if isinstance(power, Number) and power.text == "0.5" else None


def _filled(found: Primitive, below: list[Drawn]) -> str:
    needs = _NEEDS.get(found.head, ())
    pieces = {
        operand: grouped(drawn, needs[at] if at < len(needs) else COMPARISON)
        for at, (operand, drawn) in enumerate(zip(found.operands, below, strict=True))
    }
    if found.head == "*" and below[0][0].startswith("-") and below[0][1] == SUM:
        pieces["a"] = grouped(below[0], PRODUCT)
    if found.head in ("@", "outer"):  # names of several letters would run together
        second = pieces["b"] if found.head == "@" else rf"{{{pieces['b']}}}^{{\top}}"
        return rf"{pieces['a']} \, {second}"
    return _HOLE.sub(lambda hole: pieces[hole.group(1)], found.latex)


def _call(part: Apply, below: list[Drawn]) -> str:
    """A function of one's own, or one that is given more than its template shows."""
    given = [text for text, _ in below[: len(part.operands)]]
    given += [
        rf"\mathrm{{{escaped(word)}}} = {text}" for (word, _), (text, _) in zip(part.keywords, below[len(part.operands) :], strict=True)
    ]
    head = rf"\operatorname{{{escaped(part.head)}}}" if part.head.isascii() else name(part.head)
    return rf"{head}\left({', '.join(given)}\right)"
