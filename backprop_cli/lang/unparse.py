"""Trees to text, with the fewest parentheses that keep the meaning."""

from __future__ import annotations

from collections import deque

from backprop_cli.lang.syntax import NEGATE, TRANSPOSE, Apply, Brackets, Index, Name, Number, Part, Slice, children, postorder

# How tightly each operator holds its operands; the rungs of the grammar's ladder.
COMPARISON, SUM, PRODUCT, UNARY, POWER, POSTFIX, ATOM = range(7)
_RUNGS = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARISON),
    **dict.fromkeys("+-", SUM),
    **dict.fromkeys("*/@", PRODUCT),
    NEGATE: UNARY,
    "^": POWER,
    TRANSPOSE: POSTFIX,
}
_LOOSE = {"+": " + ", "-": " - ", "<": " < ", "<=": " <= ", ">": " > ", ">=": " >= ", "==": " == ", "!=": " != ", "@": " @ "}


def rung(part: Part) -> int:
    """How tightly a part holds together when it stands inside another."""
    if isinstance(part, Apply):
        return _RUNGS.get(part.head, ATOM)
    return POSTFIX if isinstance(part, Index) else ATOM


def needs(part: Part) -> tuple[int, ...]:
    """The least rung that each part directly below may have without parentheses."""
    match part:
        case Apply(head=head) if head in _RUNGS:
            if head == "^":
                return (POSTFIX, UNARY)
            if head == NEGATE:
                return (UNARY,)
            if head == TRANSPOSE:
                # The dot of `2.T` would be read as the number's.
                return (ATOM + 1 if isinstance(part.operands[0], Number) else POSTFIX,)
            own = _RUNGS[head]
            return (own + 1, own + 1) if own == COMPARISON else (own, own + 1)
        case Index(items=items):
            return (POSTFIX, *(COMPARISON for _ in items))
        case _:
            return tuple(COMPARISON for _ in children(part))


def unparse(part: Part) -> str:
    """The text of a tree; reading it gives the same tree again."""
    # Pieces are joined once at the end: a chain of a hundred thousand terms would otherwise copy its text each time.
    written: list[deque[str]] = []
    for each in postorder(part):
        count = len(children(each))
        below = written[len(written) - count :]
        del written[len(written) - count :]
        for piece, inner, least in zip(below, children(each), needs(each), strict=True):
            if rung(inner) < least:
                piece.appendleft("(")
                piece.append(")")
        written.append(_joined(each, below))
    return "".join(written.pop())


def _joined(part: Part, below: list[deque[str]]) -> deque[str]:
    match part:
        case Number(text=text):
            return deque((text,))
        case Name(id=name):
            return deque((name,))
        case Apply(head=head) if head == NEGATE:
            return _merged("-", *below)
        case Apply(head=head) if head == TRANSPOSE:
            return _merged(*below, ".T")
        case Apply(head=head) if head in _RUNGS:
            return _merged(below[0], _LOOSE.get(head, head), below[1])
        case Apply(head=head, operands=operands, keywords=keywords):
            named = [_merged(f"{k}=", v) for (k, _), v in zip(keywords, below[len(operands) :], strict=True)]
            return _merged(f"{head}(", *_listed(below[: len(operands)] + named), ")")
        case Brackets():
            return _merged("[", *_listed(below), "]")
        case Index():
            return _merged(below[0], "[", *_listed(below[1:]), "]")
        case Slice(start=start, stop=stop, step=step):
            rest = iter(below)
            texts = [deque[str]() if p is None else next(rest) for p in (start, stop, step)]
            return _merged(texts[0], ":", texts[1], *((":", texts[2]) if step is not None else ()))


def _listed(pieces: list[deque[str]]) -> list[deque[str]]:
    return [piece if at == 0 else _merged(", ", piece) for at, piece in enumerate(pieces)]


def _merged(*pieces: deque[str] | str) -> deque[str]:
    """One row of texts out of several; the longest is extended in place, so that chains cost linear time."""
    rows = [deque((piece,)) if isinstance(piece, str) else piece for piece in pieces]
    longest = max(range(len(rows)), key=lambda i: len(rows[i]))
    result = rows[longest]
    for piece in rows[longest + 1 :]:
        result.extend(piece)
    for piece in reversed(rows[:longest]):
        result.extendleft(reversed(piece))
    return result
