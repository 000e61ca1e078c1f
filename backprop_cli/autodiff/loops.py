"""Forward and reverse sweep over floats: one loop each, written out from the table for the primitives a graph uses.

A flat tape and an `if` for each kind of operation is the fastest that plain Python offers for a single gradient. The
branches of these loops are the table's own formulas, so what is computed is what is shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress
from typing import Any

from backprop_cli.autodiff.plan import Plan, codes_of
from backprop_cli.calculus.arithmetic import FLOAT
from backprop_cli.calculus.formula import Namespace, native_tree
from backprop_cli.calculus.primitive import Primitive
from backprop_cli.graph.graph import CONSTANT
from backprop_cli.lang.syntax import Apply, Expr, Name, Number, postorder, substitute

# A code is four times the row, with a bit for each operand that is moved; the special ones come behind all of these.
Kind = tuple[int, int, str]  # row, bits of the operands that are moved, text of a literal exponent
Ranked = tuple[tuple[int, Primitive, int, str], ...]  # the kinds with their codes, frequent ones first
Tape = tuple[Iterable[int], Iterable[int], Iterable[int], Iterable[int]]
_CALL = re.compile(r"\b[a-z]\w*\(")
_LITERAL_EXPONENTS = frozenset(["2", "3", "4", "5", "6", "7", "8"])


class Loops:
    """The two loops of one plan. `forward` fills the values, `backward` returns the adjoints.

    What a second run over the same plan can use is kept from its first one on; the lists of operands are only made then.
    """

    arithmetic = FLOAT
    unless: tuple[str, ...] = ("if not g: continue",)

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.codes, special = self.kinds()
        rows = plan.graph.rows
        count = Counter(self.codes) if isinstance(self.codes, list) else {code: self.codes.count(code) for code in set(self.codes)}
        self.ranked = tuple(
            (code, *special[code]) if code in special else (code, rows[code >> 2], code & 3, "")
            for code in sorted(count, key=lambda code: (-count[code], code))
        )
        maker: Any = type(self)
        self.loops = _loops(maker, self.ranked)
        self.runs = 0
        self.start: list[Any] | None = None
        steep, op = {number for number, row in enumerate(rows) if row.steep}, plan.graph.op
        self.steep = [node for node in plan.order if op[node] in steep and plan.moved[node]] if steep else []
        self.ahead: Tape | None = None
        self.back: Tape | None = None

    def kinds(self) -> tuple[bytearray | list[int], dict[int, tuple[Primitive, int, str]]]:
        """The codes of the nodes in their order, and what the special ones among them mean."""
        plan = self.plan
        codes = plan.codes or codes_of(plan.graph, plan.chosen, plan.moved)
        if isinstance(codes, bytes):
            try:
                packed = bytearray(codes)
                return packed, self.special(packed)
            except ValueError:  # more kinds than bytes can tell apart
                pass
        listed = list(codes)
        return listed, self.special(listed)

    def special(self, codes: bytearray | list[int]) -> dict[int, tuple[Primitive, int, str]]:
        """Gives nodes with many operands, and powers with a small literal exponent, codes of their own."""
        plan, graph, kinds = self.plan, self.plan.graph, dict[Kind, int]()
        several = [number for number, row in enumerate(graph.rows) if row.head == "^" or len(row.operands) > 2]
        if not several:
            return {}
        first = 4 * len(graph.rows)
        wanted = bytearray(256)
        for row in several:
            wanted[4 * row : 4 * row + 4] = b"\1\1\1\1"
        sought: Iterable[int]
        sought = codes.translate(wanted) if isinstance(codes, bytearray) else [code >> 2 in several for code in codes]
        for at in compress(range(len(codes)), sought):
            node, mask = plan.order[at], codes[at] & 3
            if node in graph.more:
                mask = sum(plan.moved[operand] << place for place, operand in enumerate(graph.more[node]))
                codes[at] = kinds.setdefault((graph.op[node], mask, ""), first + len(kinds))
            elif graph.op[graph.b[node]] == CONSTANT and graph.literal[graph.b[node]] in _LITERAL_EXPONENTS:
                codes[at] = kinds.setdefault((graph.op[node], mask, graph.literal[graph.b[node]]), first + len(kinds))
        return {code: (graph.rows[row], mask, exponent) for (row, mask, exponent), code in kinds.items()}

    def forward(self, values: list[Any]) -> int:
        """Work out every needed node. Returns -1, or the node at which Python's arithmetic gave up."""
        self.runs += 1
        if self.ahead is None and self.runs > 1:
            self.ahead = self.tape(list)
        tape = self.ahead or self.tape(iter)
        failed: int = self.loops[0](*tape, values, self.plan.graph.more)
        return failed

    def backward(self, values: list[Any]) -> tuple[list[Any], int]:
        """The adjoints of all nodes, and -1 or the node at which Python's arithmetic gave up."""
        plan, graph = self.plan, self.plan.graph
        tape = self.back
        if tape is None:
            tape = self.tape_back(list if self.runs > 1 else iter)
            self.back = tape if self.runs > 1 else None
        adjoints: list[Any] = [0.0] * len(graph)
        adjoints[plan.output] = 1.0
        failed: int = self.loops[1](*tape, values, graph.more, adjoints)
        return adjoints, failed

    def tape(self, kind: Callable[[Iterable[int]], Iterable[int]]) -> Tape:
        """What the forward loop runs over: of each node the kind, the number and the first two operands."""
        graph, chosen = self.plan.graph, self.plan.chosen
        return kind(self.codes), self.plan.order, kind(compress(graph.a, chosen)), kind(compress(graph.b, chosen))

    def tape_back(self, kind: Callable[[Iterable[int]], Iterable[int]]) -> Tape:
        """The same for the backward loop, from the output down, without the nodes that send nothing."""
        graph, chosen = self.plan.graph, self.plan.chosen[::-1]
        lists: tuple[Iterable[int], ...]
        lists = reversed(self.codes), reversed(self.plan.order), compress(reversed(graph.a), chosen), compress(reversed(graph.b), chosen)
        silent = [code for code, _, mask, _ in self.ranked if not mask]
        if silent:
            asked = [code not in silent for code in reversed(self.codes)]
            lists = tuple(compress(each, asked) for each in lists)
        codes, nodes, first, second = map(kind, lists)
        return codes, nodes, first, second

    @classmethod
    def forward_branch(cls, space: Namespace, primitive: Primitive, exponent: str) -> list[str]:
        lines, places, tree = _bound(primitive, native_tree(primitive.forward), exponent, with_value=False)
        calls, text = _shared(space.python(tree, places))
        return [*lines, *calls, f"v[i] = {text}"]

    @classmethod
    def backward_branch(cls, space: Namespace, primitive: Primitive, mask: int, exponent: str) -> list[str]:
        lines: list[str] = []
        count = len(primitive.operands)
        for at, text in enumerate(primitive.computed):
            if not mask >> at & 1 or text in (None, "0"):
                continue
            assert text is not None
            bound, places, tree = _bound(primitive, native_tree(text), exponent, with_value=True)
            target = f"d[{'ab'[at]}]" if count <= 2 else f"d[o[{at}]]"
            lines += bound
            match tree:
                case Number(text="1"):
                    lines.append(f"{target} += g")
                case Apply(head="u-", operands=(Number(text="1"),)):
                    lines.append(f"{target} -= g")
                case _:
                    calls, local = _shared(space.python(tree, places))
                    lines += [*calls, f"{target} += {cls.product(local)}"]
        return lines or ["pass"]

    @classmethod
    def product(cls, local: str) -> str:
        """What arrives times a local derivative, as Python."""
        return f"g*{local}"


@lru_cache(maxsize=64)
def _loops(cls: type[Loops], ranked: Ranked) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return _forward_loop(cls, ranked), _backward_loop(cls, ranked)


def _forward_loop(cls: type[Loops], ranked: Ranked) -> Callable[..., Any]:
    space = Namespace(cls.arithmetic)
    branches = {code: cls.forward_branch(space, primitive, exponent) for code, primitive, _, exponent in ranked}
    return _loop(space, "v, more", branches)


def _backward_loop(cls: type[Loops], ranked: Ranked) -> Callable[..., Any]:
    space = Namespace(cls.arithmetic)
    branches = {code: cls.backward_branch(space, primitive, mask, exponent) for code, primitive, mask, exponent in ranked if mask}
    return _loop(space, "v, more, d", branches, "g = d[i]", *cls.unless)


def _bound(primitive: Primitive, tree: Expr, exponent: str, with_value: bool) -> tuple[list[str], dict[str, str], Expr]:
    """Where a formula finds its operands: lines that fetch those it uses more than once, and the Python for each name."""
    if exponent:
        tree = _literal_power(tree, exponent)
    used = Counter(part.id for part in postorder(tree) if isinstance(part, Name))
    count = len(primitive.operands)
    lines = ["o = more[i]"] if count > 2 else []
    places = {"y": "v[i]"} if with_value else {}
    for at, name in enumerate(primitive.operands):
        place = f"v[{'ab'[at]}]" if count <= 2 else f"v[o[{at}]]"
        if used[name] > 1:
            lines.append(f"x{at} = {place}")
            place = f"x{at}"
        places[name] = place
    return lines, places, tree


def _shared(text: str) -> tuple[list[str], str]:
    """A formula in which calls that it makes more than once are made once, before it; not where it may make none of them."""
    lines: list[str] = []
    while " if " not in text:
        calls = Counter(_calls(text))
        call = max((call for call, count in calls.items() if count > 1), key=len, default=None)
        if call is None:
            break
        text = text.replace(call, f"e{len(lines)}")
        lines.append(f"e{len(lines)} = {call}")
    return lines, text


def _calls(text: str) -> Iterator[str]:
    for found in _CALL.finditer(text):
        depth, end = 1, found.end()
        while depth:
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        yield text[found.start() : end]


def _literal_power(tree: Expr, exponent: str) -> Expr:
    """A formula of the power rule with its exponent, a small whole number, filled in: `b*a^(b - 1)` becomes `2*a`."""
    match tree:
        case Apply(head="where", operands=(_, _, other)):
            return _literal_power(other, exponent)
        case Apply(head="*", operands=(Name(id="b"), Apply(head="^", operands=(base, _)))):
            less = Number(str(int(exponent) - 1))
            return Apply("*", (Number(exponent), base if less.text == "1" else Apply("^", (base, less))))
        case _:
            return substitute(tree, {"b": Number(exponent)})


def _loop(space: Namespace, arguments: str, branches: dict[int, list[str]], *before: str) -> Callable[..., Any]:
    """A loop over a tape with a branch for each kind of operation, the frequent kinds first, as they come in `branches`."""
    lines = [
        f"def loop(codes, nodes, first, second, {arguments}):",
        "    i = -1",
        "    try:",
        "        for k, i, a, b in zip(codes, nodes, first, second):",
    ]
    lines += [f"            {line}" for line in before]
    lines += _choose(list(branches), branches, " " * 12)
    if not branches:
        lines.append("            pass")
    lines += ["    except (ValueError, OverflowError, ZeroDivisionError):", "        return i", "    return -1"]
    space.names["zip"] = zip
    return space.run("\n".join(lines) + "\n", "loop")


def _choose(ranked: Sequence[int], branches: dict[int, list[str]], margin: str) -> list[str]:
    """`if` and `elif` for the four most frequent kinds; the rest halves again and again."""
    lines: list[str] = []
    word = "if"
    for code in ranked[:4]:
        lines += [f"{margin}{word} k == {code}:", *(f"{margin}    {line}" for line in branches[code])]
        word = "elif"
    rest = sorted(ranked[4:])
    if rest:
        lines += [f"{margin}else:", *_halved(rest, branches, margin + "    ")]
    return lines


def _halved(codes: Sequence[int], branches: dict[int, list[str]], margin: str) -> list[str]:
    if len(codes) == 1:
        return [margin + line for line in branches[codes[0]]]
    middle = len(codes) // 2
    return [
        f"{margin}if k < {codes[middle]}:",
        *_halved(codes[:middle], branches, margin + "    "),
        f"{margin}else:",
        *_halved(codes[middle:], branches, margin + "    "),
    ]
