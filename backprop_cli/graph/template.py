"""How the nodes of an expression are made, worked out once for all expressions of the same shape."""

from __future__ import annotations

from collections.abc import Callable, Container

from backprop_cli.calculus.primitive import Primitive
from backprop_cli.calculus.table import ROWS
from backprop_cli.errors import Span
from backprop_cli.graph.layout import Misuse, is_sign, layout, use
from backprop_cli.lang.syntax import Apply, Brackets, Expr, Name, Number, Part, Slice
from backprop_cli.records import record

_put = object.__setattr__


@record(eq=True)
class Word:
    """An integer that a word of the shape spells, or that the leaf it names holds; `minus` turns its sign."""

    number: int
    minus: bool


# Integers, words, None where a part of a slice is missing; `slice` objects and tuples of all these.
Integers = object


@record
class Step:
    """One application: a primitive's row or the name of an own function, applied to earlier results."""

    row: Primitive | None
    call: str | None
    operands: tuple[int, ...]
    static: tuple[tuple[str, Integers], ...]

    def __init__(
        self, row: Primitive | None, call: str | None, operands: tuple[int, ...], static: tuple[tuple[str, Integers], ...]
    ) -> None:
        _put(self, "row", row)
        _put(self, "call", call)
        _put(self, "operands", operands)
        _put(self, "static", static)


@record
class Template:
    """The making of an expression's nodes.

    Results are numbered: first the words of the shape, then the constants that are no words (raised digits), then the
    defaults of operands left out, then one for each step; `result` is the number of the whole. `names` are the words that
    are names, each with its place, `held` those whose leaf holds an integer; `constants` are word numbers or texts, in the
    order of the nodes. `plain` is the fast form of the steps, there where all are rows with one operand or two and nothing
    is left out. `calls` are the names of own functions, in the order of their calls.
    """

    names: tuple[tuple[int, str], ...]
    held: tuple[tuple[int, str], ...]
    constants: tuple[int | str, ...]
    words: int
    defaults: tuple[str, ...]
    steps: tuple[Step, ...]
    plain: tuple[tuple[Primitive, int, int], ...] | None
    result: int
    calls: tuple[str, ...]


def compile_template(expr: Expr, words: int, word_of: Callable[[Part], int | None], own: Container[str]) -> Template:
    """The template of an expression whose `words` names and numbers `word_of` numbers. Raises Misuse."""
    found, applied = layout(expr, own)
    constants: list[int | str] = []
    number_of: dict[int, int] = {}
    others = words
    for part in found:
        assert isinstance(part, Number)
        word = word_of(part)
        constants.append(part.text if word is None else word)
        number_of[id(part)] = others if word is None else word
        others += word is None

    uses = [None if isinstance(part, Apply) and (is_sign(part.head) or part.head in own) else use(part) for part in applied]
    defaults = tuple(dict.fromkeys(each for used in uses if used for each in used.operands if isinstance(each, str)))
    default_at = {text: others + at for at, text in enumerate(defaults)}
    names: dict[int, str] = {}
    held: dict[int, str] = {}

    def result_of(part: Expr | str) -> int:
        if isinstance(part, str):
            return default_at[part]
        if isinstance(part, Name):
            word = word_of(part)
            assert word is not None
            names[word] = part.id
            return word
        return number_of[id(part)]

    steps: list[Step] = []
    base = others + len(defaults)
    for part, used in zip(applied, uses, strict=True):
        if used is None:
            assert isinstance(part, Apply)
            operands = tuple([result_of(each) for each in part.operands])
            steps.append(Step(ROWS[part.head], None, operands, ()) if is_sign(part.head) else Step(None, part.head, operands, ()))
        else:
            static = tuple([(name, _integers(parts, word_of, held, several=name == "shape")) for name, parts in used.static])
            steps.append(Step(used.row, None, tuple(map(result_of, used.operands)), static))
        number_of[id(part)] = base + len(steps) - 1

    result = result_of(expr)
    simple = base == words and steps and all(s.row and 1 <= len(s.operands) <= 2 and not s.static for s in steps)
    plain = tuple(map(_plain, steps)) if simple else None
    calls = tuple(step.call for step in steps if step.call is not None)
    return Template(
        tuple(sorted(names.items())), tuple(sorted(held.items())), tuple(constants), words, defaults, tuple(steps), plain, result, calls
    )


def _plain(step: Step) -> tuple[Primitive, int, int]:
    assert step.row is not None
    return step.row, step.operands[0], step.operands[1] if len(step.operands) > 1 else -1


def _integers(parts: tuple[Part, ...], word_of: Callable[[Part], int | None], held: dict[int, str], several: bool) -> Integers:
    """What stands where integers are asked for: an axis, a shape (there `several` may stand in brackets), the items of an index."""

    def one(part: Part | None, minus: bool = False) -> Integers:
        match part:
            case None:
                return None
            case Number(text=text):
                word = word_of(part)
                return Word(word, minus) if word is not None else -int(text) if minus else int(text)
            case Name(id=name):
                word = word_of(part)
                assert word is not None
                held[word] = name
                return Word(word, minus)
            case Apply(head="u-", operands=(inner,)):
                return one(inner, not minus)
            case Slice(start=start, stop=stop, step=step):
                return slice(one(start), one(stop), one(step))
            case Brackets(items=items) if several and not any(isinstance(item, Brackets) for item in items):
                return tuple(one(item) for item in items)
            case _:
                raise not_integers(part.span)

    return tuple(one(part) for part in parts)


def not_integers(span: Span) -> Misuse:
    """The complaint about anything else where an integer is due."""
    return Misuse("not-an-integer", "an integer is due here, or a leaf that holds one", span, "name it first:  k = 2")
