"""The lists a graph is made of, while they grow: nodes for templates, own functions inlined on an explicit stack."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from backprop_cli.calculus.primitive import Primitive
from backprop_cli.calculus.table import ROWS
from backprop_cli.errors import Span
from backprop_cli.graph.graph import CONSTANT, LEAF, Frame, Held, Parts
from backprop_cli.graph.layout import Misuse
from backprop_cli.graph.template import Integers, Step, Template, Word, compile_template, not_integers
from backprop_cli.lang.program import Assign, Define, Faulty
from backprop_cli.lang.syntax import Expr, Name, Number, postorder
from backprop_cli.limits import Limits
from backprop_cli.records import record


@record
class Function:
    """A function of one's own, resolved: `bound` gives for each word of the body a node, or ~i for parameter i."""

    parameters: tuple[str, ...]
    template: Template
    words: tuple[str, ...]
    bound: dict[int, int]
    parts: Parts
    closed: bool
    size: int


@record
class Right:
    """The right side of a statement, ready to become nodes."""

    number: int
    template: Template
    words: tuple[str, ...]
    resolved: list[int]
    whole: Callable[[], Expr]


class Activation:
    """A template at work: a right side, or an own function being inlined."""

    __slots__ = ("done", "frame", "parts", "results", "template", "words")

    def __init__(self, template: Template, words: tuple[str, ...], results: list[int], parts: Parts, frame: Frame | None) -> None:
        self.template, self.words, self.results, self.parts, self.frame = template, words, results, parts, frame
        self.done = 0


class Poisoned(Exception):
    """A name whose own statement is faulty is used: no further complaint."""


class NotInteger(Exception):
    """A word that is no integer stands where one is due."""


class Nodes:
    """Grows the lists. `defined` are the file's own functions, `functions` those resolved so far (None: faulty)."""

    def __init__(self, defined: Mapping[str, Define | Faulty], limits: Limits) -> None:
        self.defined, self.limits = defined, limits
        self.op = array("b")
        self.a: list[int] = []
        self.b: list[int] = []
        self.more: dict[int, tuple[int, ...]] = {}
        self.static: dict[int, tuple[tuple[str, object], ...]] = {}
        self.literal: dict[int, str] = {}
        self.rows: list[Primitive] = []
        self.row_numbers: dict[Primitive, int] = {}
        self.functions: dict[str, Function | None] = {}
        self.firsts: list[int] = []
        self.statement_of: list[int] = []
        self.inlined: dict[int, tuple[Parts, int, Frame | None]] = {}
        self.first_use: dict[int, Span] = {}
        self.defaults: dict[str, int] = {}
        self.loose: set[int] = set()
        self.placed: tuple[Assign, list[Span]] | None = None

    def word_span(self, statement: Assign, word: int) -> Span:
        """Where a word of a statement stands; a long statement may be asked for each of its words, so its places are kept."""
        if self.placed is None or self.placed[0] is not statement:
            self.placed = statement, statement.word_spans()
        return self.placed[1][word]

    def function(self, name: str) -> Function:
        function = self.functions[name]
        if function is None:
            raise Poisoned
        return function

    def closed(self, template: Template) -> bool:
        """Whether the functions that a template calls read nothing but their arguments."""
        return all(self.function(call).closed for call in template.calls)

    def default(self, text: str, at: Span) -> int:
        """The node of the value that an operand has when it is left out."""
        if text not in self.defaults:
            node = self.defaults[text] = self.new(CONSTANT)
            self.literal[node] = text
            self.first_use[node] = at
        return self.defaults[text]

    def begin(self, statement: int) -> None:
        self.firsts.append(len(self.op))
        self.statement_of.append(statement)

    def new(self, op: int, a: int = -1, b: int = -1) -> int:
        self.op.append(op)
        self.a.append(a)
        self.b.append(b)
        return len(self.op) - 1

    def row_number(self, row: Primitive) -> int:
        number = self.row_numbers.get(row)
        if number is None:
            number = self.row_numbers[row] = len(self.rows)
            self.rows.append(row)
        return number

    def emit_plain(
        self, number: int, constants: Iterable[Any], steps: list[tuple[int, int, int]], words: tuple[str, ...], results: list[int]
    ) -> int:
        """The nodes of a right side in which every step is a row with one operand or two; the node of the whole."""
        op, a, b = self.op, self.a, self.b
        node = len(op)
        self.firsts.append(node)
        self.statement_of.append(number)
        for constant in constants:
            self.literal[node] = words[constant]
            op.append(CONSTANT)
            a.append(-1)
            b.append(-1)
            results[constant] = node
            node += 1
        for row, x, y in steps:
            op.append(row)
            a.append(results[x])
            b.append(results[y] if y >= 0 else -1)
            results.append(node)
            node += 1
        return node - 1

    def size(self, template: Template) -> int:
        """How many nodes a template makes at least: its own, and those of the functions in place of its calls."""
        own = len(template.steps) + len(template.constants) - len(template.calls)
        return own + sum(self.function(call).size for call in template.calls)

    def emit(self, right: Right) -> int:
        """The nodes of a right side, functions of one's own inlined; the node of the whole."""
        template = right.template
        size = len(self.op) + self.size(template)
        if size > self.limits.nodes:  # before the work; what more there is (a copy, operands left out), its statement counts
            self.refuse_size(size, right.whole().span)
        defaults = [self.default(text, right.whole().span) for text in template.defaults]
        self.begin(right.number)
        first = len(self.op)
        inlining = bool(template.calls)
        parts = Parts(right.whole, self.defined)
        stack = [self.activate(template, right.words, right.resolved, defaults, parts, None, inlining)]
        while True:
            running = stack[-1]
            if running.done < len(running.template.steps):
                step = running.template.steps[running.done]
                part = len(running.template.constants) + running.done
                running.done += 1
                operands = [running.results[ref] for ref in step.operands]
                if step.call is None:
                    node = self.apply(step, operands, running, part)
                    running.results.append(node)
                    if inlining:
                        self.inlined[node] = (running.parts, part, running.frame)
                    continue
                function = self.function(step.call)
                frame = Frame(running.parts, part, function.parameters, running.frame)
                inner = [
                    operands[~node] if node < 0 else node for node in (function.bound.get(w, 0) for w in range(function.template.words))
                ]
                missing = [self.default(text, right.whole().span) for text in function.template.defaults]
                stack.append(self.activate(function.template, function.words, inner, missing, function.parts, frame, inlining))
                continue
            result = running.results[running.template.result]
            stack.pop()
            if not stack:
                break
            stack[-1].results.append(result)
        if result < first:
            result = self.new(self.row_number(ROWS["="]), result)
        return result

    def activate(
        self,
        template: Template,
        words: tuple[str, ...],
        resolved: list[int],
        defaults: list[int],
        parts: Parts,
        frame: Frame | None,
        inlining: bool,
    ) -> Activation:
        results = list(resolved)
        for place, constant in enumerate(template.constants):
            node = self.new(CONSTANT)
            self.literal[node] = constant if isinstance(constant, str) else words[constant]
            if inlining:
                self.inlined[node] = (parts, place, frame)
            if isinstance(constant, str):
                results.append(node)
            else:
                results[constant] = node
        results.extend(defaults)
        return Activation(template, words, results, parts, frame)

    def apply(self, step: Step, operands: list[int], running: Activation, part: int) -> int:
        assert step.row is not None
        row = self.row_number(step.row)
        if len(operands) <= 2:
            node = self.new(row, *operands)
        else:
            node = self.new(row)
            self.more[node] = tuple(operands)
        if step.static:
            try:
                self.static[node] = tuple((name, self.integers(given, running)) for name, given in step.static)
            except NotInteger:
                raise not_integers(running.parts[part].span) from None
        return node

    def integers(self, given: Integers, running: Activation) -> object:
        """Integers as they stand in this statement; leaves that hold them are `Held`."""
        if isinstance(given, tuple):
            return tuple(self.integers(each, running) for each in given)
        if isinstance(given, slice):
            return slice(*(self.integers(each, running) for each in (given.start, given.stop, given.step)))
        if not isinstance(given, Word):
            return given
        text = running.words[given.number]
        if any(given.number == word for word, _ in running.template.held):
            node = running.results[given.number]
            if self.op[node] == LEAF:
                return Held(node, given.minus)
            text = self.literal.get(node, "")
        if not text.isdecimal():
            raise NotInteger
        return -int(text) if given.minus else int(text)

    def refuse_size(self, size: int, at: Span) -> None:
        limit = self.limits.nodes
        raise Misuse(
            "too-many-nodes",
            f"the graph would have {size:,} nodes or more; the limit is {limit:,}",
            at,
            "allow more with --limit nodes=N"
            + ("; own functions are written out at each call: name results instead of calling twice" if self.defined else ""),
        )


def own_words(expr: Expr, own: Collection[str]) -> tuple[list[Name | Number], Template]:
    """The names and numbers of a tree that has no shape, and its template."""
    words = [part for part in postorder(expr) if isinstance(part, Name | Number)]
    number = {id(part): at for at, part in enumerate(words)}
    return words, compile_template(expr, len(words), lambda part: number.get(id(part)), own)


def text_of(part: Name | Number) -> str:
    return part.id if isinstance(part, Name) else part.text


def signed_number(right: Right) -> str | None:
    """The text of a right side that is a number with a sign or none."""
    template = right.template
    if template.names or len(template.constants) != 1:
        return None
    text = template.constants[0] if isinstance(template.constants[0], str) else right.words[template.constants[0]]
    if not template.steps:
        return text
    if len(template.steps) == 1 and template.steps[0].row is ROWS["u-"]:
        return "-" + text
    return None
