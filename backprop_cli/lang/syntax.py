"""The trees that a text is read into, and the one walk over them. Nothing here recurses, however deep a tree is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from backprop_cli.errors import Span
from backprop_cli.records import record

if TYPE_CHECKING:
    from fractions import Fraction

NOWHERE = Span(0, 0)
_put = object.__setattr__

# Heads that are no function names. None of them can be spelled as a name.
NEGATE = "u-"
TRANSPOSE = ".T"
INFIX = ("<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/", "@", "^")


@record
class Number:
    """A literal as it was spelled; it stands for the exact rational that it spells."""

    text: str
    span: Span = NOWHERE

    def __init__(self, text: str, span: Span = NOWHERE) -> None:
        _put(self, "text", text)
        _put(self, "span", span)

    @property
    def exact(self) -> Fraction:
        """The rational number spelled: `0.1` is 1/10. The parser has checked digits and exponent against the limits."""
        from fractions import Fraction

        return Fraction(self.text)


@record
class Name:
    """A name in Unicode NFC."""

    id: str
    span: Span = NOWHERE

    def __init__(self, id: str, span: Span = NOWHERE) -> None:
        _put(self, "id", id)
        _put(self, "span", span)


@record
class Apply:
    """An operator or a function applied to operands: `+` and `log` are both heads.

    Unary minus has the head `NEGATE`, a postfix `.T` the head `TRANSPOSE`. `keywords` are such as `axis=1`.
    """

    head: str
    operands: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...] = ()
    span: Span = NOWHERE

    def __init__(self, head: str, operands: tuple[Expr, ...], keywords: tuple[tuple[str, Expr], ...] = (), span: Span = NOWHERE) -> None:
        _put(self, "head", head)
        _put(self, "operands", operands)
        _put(self, "keywords", keywords)
        _put(self, "span", span)


@record
class Brackets:
    """An array literal; its items may be any expressions, array literals too."""

    items: tuple[Expr, ...]
    span: Span = NOWHERE


@record
class Slice:
    """`start:stop:step` inside an index; each part may be missing."""

    start: Expr | None
    stop: Expr | None
    step: Expr | None
    span: Span = NOWHERE


@record
class Index:
    """`base[items]`."""

    base: Expr
    items: tuple[Expr | Slice, ...]
    span: Span = NOWHERE


Expr = Number | Name | Apply | Brackets | Index
Part = Expr | Slice
T = TypeVar("T")


def children(part: Part) -> Sequence[Part]:
    """The parts directly below a part, in the order of the text."""
    match part:
        case Apply(operands=operands, keywords=keywords):
            return (*operands, *(value for _, value in keywords)) if keywords else operands
        case Brackets(items=items):
            return items
        case Index(base=base, items=items):
            return (base, *items)
        case Slice(start=start, stop=stop, step=step):
            return tuple(p for p in (start, stop, step) if p is not None)
        case _:
            return ()


def _outline(part: Part) -> tuple[list[Part], list[int]]:
    """Every part of a tree before the parts below it, from right to left; and how many are directly below each."""
    pending = [part]
    found: list[Part] = []
    counts: list[int] = []
    while pending:
        each = pending.pop()
        found.append(each)
        kind = type(each)
        if kind is Name or kind is Number:
            counts.append(0)
            continue
        below = each.operands if kind is Apply and not each.keywords else children(each)  # type: ignore[union-attr]
        counts.append(len(below))
        pending.extend(below)
    return found, counts


def postorder(part: Part) -> Iterator[Part]:
    """Every part of a tree, each after the parts below it, from left to right."""
    return reversed(_outline(part)[0])


def fold(part: Part, combine: Callable[[Part, list[T]], T]) -> T:
    """The one walk over trees: `combine(part, results of the parts below it)`, from the leaves up, without recursion."""
    found, counts = _outline(part)
    results: list[T] = []
    for each, count in zip(reversed(found), reversed(counts), strict=True):
        if not count:
            results.append(combine(each, []))
        elif count == 1:
            results[-1] = combine(each, [results[-1]])
        else:
            given = results[-count:]
            del results[-count:]
            results.append(combine(each, given))
    return results.pop()


def rebuilt(part: Part, below: Sequence[Any], span: Span | None = None) -> Part:
    """The same part with other parts below it, and in another place if one is given."""
    at = part.span if span is None else span
    match part:
        case Apply(head=head, operands=operands, keywords=keywords):
            named = tuple([(name, value) for (name, _), value in zip(keywords, below[len(operands) :], strict=True)])
            return Apply(head, tuple(below[: len(operands)]), named, at)
        case Brackets():
            return Brackets(tuple(below), at)
        case Index():
            return Index(below[0], tuple(below[1:]), at)
        case Slice(start=start, stop=stop, step=step):
            rest = iter(below)
            first, last, stride = [None if each is None else next(rest) for each in (start, stop, step)]
            return Slice(first, last, stride, at)
        case Name(id=name) if span is not None:
            return Name(name, span)
        case Number(text=text) if span is not None:
            return Number(text, span)
        case _:
            return part


def substitute(expr: Expr, values: dict[str, Expr]) -> Expr:
    """The tree with every name that `values` knows replaced by its tree."""

    def combine(part: Part, below: list[Part]) -> Part:
        if isinstance(part, Name):
            return values.get(part.id, part)
        return rebuilt(part, below) if below else part

    result = fold(expr, combine)
    assert not isinstance(result, Slice)
    return result


def names_in(expr: Expr) -> dict[str, Span]:
    """The variables of an expression, each with the place where it stands first."""
    found: dict[str, Span] = {}
    for part in postorder(expr):
        if isinstance(part, Name):
            found.setdefault(part.id, part.span)
    return found


def same(left: Part, right: Part) -> bool:
    """Whether two trees say the same; places do not count."""
    pairs = [(left, right)]
    while pairs:
        a, b = pairs.pop()
        if _face(a) != _face(b):
            return False
        pairs.extend(zip(children(a), children(b), strict=True))
    return True


def _face(part: Part) -> tuple[object, ...]:
    match part:
        case Number(text=text):
            return ("number", text)
        case Name(id=name):
            return ("name", name)
        case Apply(head=head, operands=operands, keywords=keywords):
            return ("apply", head, len(operands), tuple(k for k, _ in keywords))
        case Brackets(items=items):
            return ("brackets", len(items))
        case Index(items=items):
            return ("index", len(items))
        case Slice(start=start, stop=stop, step=step):
            return ("slice", start is None, stop is None, step is None)
