"""What crosses the worker's pipe: flat lists of tokens from a fixed vocabulary, in frames of known length.

An expression is a sequence of tokens in post-order. Every token leaves one result; an operation takes the last results not
yet taken, as on a stack. The last token's result is the expression, and nothing else may be left over.

| token | its result |
| --- | --- |
| `("n", p, q)` | the number p/q: whole numbers, q > 0, at most 4,096 bits each |
| `("v", i)` | the variable number i |
| `("c", "pi")`, `("c", "e")` | the constant |
| `("r", k)` | the result of the token at position k once more, counted from 0 |
| `(head, n)` | the operation on n results: `("+", 2)`, `("u-", 1)`, `("exp", 1)`, `("where", 3)`, ... as in `ARITY` |

No name, no text: what is not in this vocabulary cannot be said. A frame is the payload's length in decimal, a line feed, the
payload (JSON in ASCII), a line feed. Both ends check all of this for themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

Token = tuple[Any, ...]

ARITY: dict[str, int] = {
    **dict.fromkeys(("+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "atan2", "maximum", "minimum"), 2),
    **dict.fromkeys(("u-", "exp", "log", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan"), 1),
    **dict.fromkeys(("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "abs", "sign", "floor", "ceil", "round"), 1),
    "where": 3,
}
SEVERAL = frozenset(("+", "*", "maximum", "minimum"))  # these take two results or more
CONSTANTS = frozenset(("pi", "e"))
ASSUMPTIONS = frozenset(("real", "positive", "negative"))
MOST_TOKENS = 20_000
MOST_OPERANDS = 1_000
MOST_BITS = 4_096
MOST_SYMBOLS = 1_000
LARGEST_REQUEST = 2**23  # bytes
LARGEST_REPLY = 2**16  # bytes


class Malformed(ValueError):
    """Not a message of this protocol; the text says why."""


class TooLarge(Malformed):
    """A message that is well formed but larger than allowed; the text names the limit."""


# ---- expressions ----


def checked(tokens: Iterable[Sequence[Any]], symbols: int) -> list[Token]:
    """The tokens of one expression as tuples, each looked at.

    `symbols` is how many variables there are. Raises Malformed, or TooLarge past a limit.
    """
    made: list[Token] = []
    depth = 0
    for token in tokens:
        if len(made) == MOST_TOKENS:
            raise TooLarge(f"too large: more than {MOST_TOKENS:,} tokens")
        if not isinstance(token, tuple | list) or not token or type(token[0]) is not str:
            raise Malformed("a token is a head and what belongs to it")
        taken = _taken(token, len(made), symbols)
        if taken > depth:
            raise Malformed(f"token {len(made)} takes more results than there are")
        depth += 1 - taken
        made.append(tuple(token))
    if depth != 1:
        raise Malformed(f"{depth} results are left over where 1 is the expression")
    return made


def _taken(token: Sequence[Any], position: int, symbols: int) -> int:
    """How many results a token takes."""
    match token:
        case ["n", p, q]:
            _number(p, q)
            return 0
        case ["v", index]:
            _below(index, symbols, "variable")
            return 0
        case ["c", str(name)] if name in CONSTANTS:
            return 0
        case ["r", index]:
            _below(index, position, "earlier token")
            return 0
        case [head, count] if head in ARITY and type(count) is int:
            if count > MOST_OPERANDS:
                raise TooLarge(f"too large: more than {MOST_OPERANDS:,} operands")
            if count == ARITY[head] or (head in SEVERAL and count > 2):
                return count
    raise Malformed(f"token {position} is not in the vocabulary")


def _number(p: object, q: object) -> None:
    if type(p) is not int or type(q) is not int or q <= 0:
        raise Malformed("a number is two whole numbers, the second above 0")
    if max(p.bit_length(), q.bit_length()) > MOST_BITS:
        raise TooLarge(f"too large: a number of more than {MOST_BITS:,} bits")


def _below(index: object, bound: int, what: str) -> None:
    if type(index) is not int or not 0 <= index < bound:
        raise Malformed(f"there is no such {what}")


def expanded(tokens: Sequence[Token]) -> tuple[int, int]:
    """Parts and levels of an expression when it is written out, repeated results counted each time.

    Sums of sums and products of products are one level, as SymPy has them.
    """
    made: list[tuple[int, int, str]] = []
    pending: list[tuple[int, int, str]] = []
    for token in tokens:
        if token[0] == "r":
            found = made[token[1]]
        elif token[0] in ARITY:
            below = pending[-token[1] :]
            del pending[-token[1] :]
            kind = "+" if token[0] in "+-" else token[0]
            flat = kind in "+*"
            found = (1 + sum(each[0] for each in below), max(each[1] + (not flat or each[2] != kind) for each in below), kind)
        else:
            found = (1, 0, "")
        made.append(found)
        pending.append(found)
    return made[-1][:2]


def checked_symbols(symbols: Sequence[object]) -> list[str]:
    """What is assumed of each variable, looked at. Raises Malformed."""
    if not isinstance(symbols, list | tuple) or len(symbols) > MOST_SYMBOLS:
        raise Malformed(f"at most {MOST_SYMBOLS:,} variables")
    listed = [each for each in symbols if isinstance(each, str) and each in ASSUMPTIONS]
    if len(listed) != len(symbols):
        raise Malformed(f"a variable is {', '.join(sorted(ASSUMPTIONS))}")
    return listed


# ---- frames ----


def frame(message: dict[str, Any], largest: int = LARGEST_REQUEST) -> bytes:
    """A message as it crosses the pipe. Raises TooLarge beyond `largest` bytes."""
    payload = json.dumps(message, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(payload) > largest:
        raise TooLarge(f"too large: more than {largest:,} bytes")
    return b"%d\n%b\n" % (len(payload), payload)


def message(payload: bytes) -> dict[str, Any]:
    """The message of a frame's payload. Raises Malformed."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("not a message")
    return found


class Frames:
    """Cuts what arrives, in pieces of any size, into the payloads of frames of at most `largest` bytes."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> list[bytes]:
        """The payloads that `piece` completes. Raises Malformed where the stream is not one of frames."""
        self._buffer += piece
        payloads = []
        while (payload := self._next()) is not None:
            payloads.append(payload)
        return payloads

    def _next(self) -> bytes | None:
        digits = len(str(self.largest))
        end = self._buffer.find(b"\n", 0, digits + 1)
        head = bytes(self._buffer[: end if end >= 0 else digits + 1])
        if head and not head.isdigit():
            raise Malformed("a frame begins with its length")
        if end < 0:
            if len(head) > digits:
                raise TooLarge("a frame is too long")
            return None
        length = int(head or b"0")
        if not 0 < length <= self.largest:
            raise TooLarge("a frame is too long" if length else "a frame is empty")
        if len(self._buffer) < end + length + 2:
            return None
        payload = bytes(self._buffer[end + 1 : end + 1 + length])
        if self._buffer[end + 1 + length] != ord("\n"):
            raise Malformed("a frame ends with a line feed")
        del self._buffer[: end + length + 2]
        return payload
