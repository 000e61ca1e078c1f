"""Which parts of an expression become nodes, in which order, and which arguments are operands."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from backprop_cli.calculus.primitive import Primitive
from backprop_cli.calculus.table import MOST_OPERANDS, ROWS, SEVERAL, function_names, row, row_of_several
from backprop_cli.errors import Span, nearest
from backprop_cli.lang.syntax import Apply, Brackets, Expr, Index, Name, Number, Part, children
from backprop_cli.records import record

_put = object.__setattr__


class Misuse(Exception):
    """A function that does not exist or is given the wrong arguments; `build` adds the source and its own names."""

    def __init__(self, reference: str, message: str, span: Span, hint: str = "") -> None:
        super().__init__(message)
        self.reference, self.message, self.span, self.hint = reference, message, span, hint


@record(eq=True)
class Use:
    """How a part uses a primitive: its operands (an operand left out is the text of its default) and its other arguments."""

    row: Primitive
    operands: tuple[Expr | str, ...]
    static: tuple[tuple[str, tuple[Part, ...]], ...] = ()

    def __init__(self, row: Primitive, operands: tuple[Expr | str, ...], static: tuple[tuple[str, tuple[Part, ...]], ...] = ()) -> None:
        _put(self, "row", row)
        _put(self, "operands", operands)
        _put(self, "static", static)


def layout(expr: Expr, own: Container[str]) -> tuple[list[Expr], list[Expr]]:
    """The parts that become nodes: the constants in the order of the text, and the applications, operands before users.

    Names stand for nodes that exist already. `own` holds the names of the file's own functions: their calls are listed
    among the applications, and all their arguments are operands.
    """
    pending = [expr]
    found: list[Expr] = []  # each before what it is made of, from right to left
    leftmost: Misuse | None = None
    while pending:
        part = pending.pop()
        if not isinstance(part, Name):
            found.append(part)
            if not isinstance(part, Number):
                try:
                    pending.extend(operand_parts(part, own))
                except Misuse as error:
                    leftmost = error
    if leftmost is not None:
        raise leftmost
    found.reverse()
    return [part for part in found if isinstance(part, Number)], [part for part in found if not isinstance(part, Number)]


def is_sign(head: str) -> bool:
    """Whether a head is an operator's: every part below it is an operand."""
    return head in ROWS and not head.isidentifier()


def operand_parts(part: Expr, own: Container[str]) -> Sequence[Expr]:
    """The parts below a part that become nodes, in the order of the text."""
    if isinstance(part, Apply) and (part.head in own or is_sign(part.head)):
        return part.operands
    used = use(part)
    below = {id(each) for each in used.operands if not isinstance(each, str)}
    return [each for each in children(part) if id(each) in below]  # type: ignore[misc]


def use(part: Expr) -> Use:
    """The primitive that a part applies, and to what. Raises Misuse."""
    match part:
        case Apply(head=head, operands=operands) if is_sign(head):
            return Use(ROWS[head], operands, ())
        case Apply(head=head, operands=operands, keywords=keywords):
            twice = next((name for at, (name, _) in enumerate(keywords) if name in dict(keywords[:at])), None)
            if twice is not None:
                raise Misuse("wrong-number-of-arguments", f"{head} is given {twice} twice", part.span, "leave one out")
            return _call(part, head, operands, dict(keywords))
        case Brackets(items=items):
            if not items:
                raise Misuse("missing-operand", "this array is empty", part.span, "write its entries: [1, 2]")
            return Use(ROWS["[]"], items)
        case Index(base=base, items=items):
            return Use(ROWS["[i]"], (base,), (("index", items),))
        case _:
            raise TypeError(f"{type(part).__name__} applies nothing")


def _call(part: Apply, head: str, given: tuple[Expr, ...], keywords: dict[str, Expr]) -> Use:
    if head in SEVERAL and len(given) > 1:
        if keywords:
            hint = f"{head}(x, axis=0) reduces one array; {head}(a, b) compares entry by entry and has no axis"
            raise Misuse("unknown-keyword", f"{head} of several expressions has no keyword {next(iter(keywords))}", part.span, hint)
        if len(given) > MOST_OPERANDS:
            hint = f"nest it, or write {head}([a, b, ...])"
            raise Misuse("wrong-number-of-arguments", f"{head} takes at most {MOST_OPERANDS} expressions", part.span, hint)
        return Use(row_of_several(SEVERAL[head], len(given)), given)
    found = row(head)
    if found is None:
        raise unknown_function(head, part)
    places = (*found.operands, *found.static)
    if len(given) > len(places):
        raise _arity(part, found, len(given))
    filled: dict[str, Expr | str] = dict(zip(places, given, strict=False))
    for name, value in keywords.items():
        if name not in found.defaults and name not in found.static:
            names = ", ".join((*found.defaults, *found.static)) or "none"
            raise Misuse("unknown-keyword", f"{head} has no keyword {name}", value.span, f"its keywords: {names}")
        if name in filled:
            raise Misuse("wrong-number-of-arguments", f"{head} is given {name} twice", value.span, "leave one out")
        filled[name] = value
    filled = {**found.defaults, **filled}
    if any(name not in filled for name in (*found.operands, *_required(found))):
        raise _arity(part, found, len(given))
    static = tuple((name, (each,)) for name in found.static if not isinstance(each := filled.get(name, ""), str))
    return Use(found, tuple(filled[name] for name in found.operands), static)


def _required(found: Primitive) -> tuple[str, ...]:
    """The arguments that are no operands and may not be left out."""
    return () if "axis" in found.static else found.static


def signature(found: Primitive, head: str) -> str:
    """How a function is called: `leaky_relu(x, slope=0.01)`."""
    told = {"a": "y", "b": "x"} if head == "atan2" else {"a": "x", "b": "y"}
    listed = [f"{name}={found.defaults[name]}" if name in found.defaults else told.get(name, name) for name in found.operands]
    optional = {"axis": "axis=0", "keepdims": "keepdims=1", "shape": "[m, n]"}
    listed += [optional.get(name, name) for name in found.static]
    return f"{head}({', '.join(listed)})"


def _arity(part: Apply, found: Primitive, count: int) -> Misuse:
    most, fewest = len(found.operands) + len(found.static), found.fewest + len(_required(found))
    takes = f"{most}" if most == fewest else f"{fewest} to {most}"
    noun = "argument" if takes == "1" else "arguments"
    return Misuse(
        "wrong-number-of-arguments", f"{part.head} takes {takes} {noun}, not {count}", part.span, f"write {signature(found, part.head)}"
    )


def unknown_function(head: str, part: Apply) -> Misuse:
    """The complaint about a function that is nowhere defined; `build` knows what it may have been meant for."""
    at = Span(part.span.start, part.span.start + len(head))
    if head == "lg":
        return Misuse("unknown-function", "lg could mean log10 or log2", at, "write log10(x) or log2(x)")
    return Misuse("unknown-function", f"there is no function {head}", at)


def meant(head: str, own: Iterable[str]) -> str:
    """What may have been meant by a function that is nowhere defined; `own` are those of the file."""
    close = nearest(head, [*function_names(), *own])
    return f"did you mean {close}?" if close else f"to multiply write  {head}*(...);  a function is defined above:  {head}(x) = ..."
