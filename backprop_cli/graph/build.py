"""From statements to a graph: scopes, single assignment, own functions inlined. Nothing recurses on what the user wrote."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

from backprop_cli.calculus.primitive import Primitive
from backprop_cli.calculus.table import ROWS, function_names
from backprop_cli.errors import BackpropError, Diagnostic, Span, nearest
from backprop_cli.graph.graph import CONSTANT, LEAF, Frame, Graph, Held, Parts
from backprop_cli.graph.layout import Misuse
from backprop_cli.graph.template import Integers, Step, Template, Word, compile_template, not_integers
from backprop_cli.lang.program import Assign, Declare, Define, Faulty, Program, Shape, Statement
from backprop_cli.lang.syntax import Apply, Expr, Name, Number, postorder
from backprop_cli.limits import OWN, Limits

_POISON = -1


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of one's own, resolved: `bound` gives for each word of the body a node, or ~i for parameter i."""

    parameters: tuple[str, ...]
    template: Template
    words: tuple[str, ...]
    bound: dict[int, int]
    parts: Parts
    closed: bool
    size: int


def build(program: Program, given: Collection[str] = (), limits: Limits = OWN) -> Graph:
    """The graph of a program.

    `given` are the names that get a value from outside: `pi` and `e` are leaves if they are among them.
    Raises BackpropError with every complaint about names, functions and arguments, and those of the program itself.
    """
    return _Builder(program, given, limits).build()


class _Poisoned(Exception):
    """A name whose own statement is faulty is used: no further complaint."""


class NotInteger(Exception):
    """A word that is no integer stands where one is due."""


class _Builder:
    def __init__(self, program: Program, given: Collection[str], limits: Limits) -> None:
        self.program, self.given, self.limits = program, given, limits
        self.faults = list(program.faults)
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.more: dict[int, tuple[int, ...]] = {}
        self.static: dict[int, tuple[tuple[str, object], ...]] = {}
        self.literal: dict[int, str] = {}
        self.preset: dict[int, int] = {}
        self.rows: list[Primitive] = []
        self.row_numbers: dict[Primitive, int] = {}
        self.scope: dict[str, int] = {}
        self.functions: dict[str, Function | None] = {}
        self.leaves: dict[str, int] = {}
        self.roles: dict[str, str] = {}
        self.labels: dict[int, str] = {}
        self.firsts: list[int] = []
        self.statement_of: list[int] = []
        self.inlined: dict[int, tuple[Parts, int, Frame | None]] = {}
        self.first_use: dict[int, Span] = {}
        self.defaults: dict[str, int] = {}
        self.templates: dict[Shape, Template] = {}
        self.plain: dict[Shape, list[tuple[int, int, int]]] = {}
        self.output: str | None = None
        self.assigned: dict[str, Statement] = {}
        self.defined: dict[str, Define] = {}
        for statement in program:
            if isinstance(statement, Define):
                self.defined.setdefault(statement.name, statement)
            elif statement.name is not None:
                self.assigned.setdefault(statement.name, statement)

    def build(self) -> Graph:
        for number, statement in enumerate(self.program.statements):
            try:
                self.add(number, statement)
            except _Poisoned:
                self.poison(statement)
            except Misuse as wrong:
                self.poison(statement)
                self.complain(self.improved(wrong))
            except BackpropError as error:
                self.poison(statement)
                self.faults.extend(error.diagnostics)
        if self.output is None and not self.faults:
            raise BackpropError(
                Diagnostic(
                    "empty-program",
                    f"{self.program.source.name} assigns nothing, so there is nothing to differentiate",
                    hint="write a statement such as  L = (x - 1)^2",
                )
            )
        if self.faults:
            raise BackpropError(sorted(self.faults, key=lambda d: d.span.start if d.span else -1))
        return Graph(
            self.program, tuple(self.rows), self.op, self.a, self.b, self.more, self.static, self.literal, self.preset,
            self.scope, self.leaves, self.roles, self.output, self.firsts, self.statement_of, self.inlined, self.labels, self.first_use,
        )  # fmt: skip

    # ---- statements ----

    def add(self, number: int, statement: Statement) -> None:
        match statement:
            case Assign(name=name):
                if name in self.scope:
                    self.refuse_second(statement)
                self.assign(number, statement)
                self.output = name
            case Declare(name=name, role=role):
                if name in self.scope:
                    self.refuse_second(statement)
                self.declare(number, statement)
                self.roles[name] = role
                if statement.value is not None or self.output is None:
                    self.output = name
            case Define():
                self.define(statement)
            case Faulty():
                self.poison(statement)

    def assign(self, number: int, statement: Assign) -> None:
        template = self.templates.get(statement.shape) or self.template(statement)
        holes = statement.holes
        resolved = [0] * template.words
        variable = False
        for word, _ in template.names:
            node = self.scope.get(holes[word], _POISON)
            if node < 0:
                node = self.resolve(holes[word], statement.word_span, word)
            resolved[word] = node
            variable = variable or holes[word] not in self.mathematical
        for word, _ in template.held:
            resolved[word] = self.resolve(holes[word], statement.word_span, word)
            variable = True
        right = _Right(number, template, holes, resolved, lambda: statement.expr)
        if template.calls:
            self.check_calls(template, statement.expr)
        if not variable and self.closed(template):
            self.leaf(statement, right)
            return
        plain = self.plain.get(statement.shape)
        node = self.emit(right) if plain is None else self.emit_plain(right, plain, statement)
        self.scope[statement.name] = node
        self.labels[node] = statement.name

    def template(self, statement: Assign) -> Template:
        shape = statement.shape
        word_at = {statement.word_span(word).start: word for word in range(len(statement.holes))}
        template = compile_template(statement.expr, len(word_at), lambda part: word_at.get(part.span.start), self.defined)
        if template.plain is not None:
            self.plain[shape] = [(self.row_number(row), x, y) for row, x, y in template.plain]
        self.templates[shape] = template
        return template

    def declare(self, number: int, statement: Declare) -> None:
        if statement.value is None:
            self.free_leaf(statement.name, statement.at)
            return
        words, template = _own_words(statement.value, self.defined)
        self.check_calls(template, statement.value)
        for word, name in (*template.names, *template.held):
            if name not in self.mathematical:
                at = words[word].span
                hint = f"write  {statement.name} = ...  without {statement.role}, or give it a number"
                raise Misuse("value-not-constant", f"a declared leaf holds a number, but its value uses {name}", at, hint)
        resolved = [self.resolve(part.id, None, 0) if isinstance(part, Name) else 0 for part in words]
        self.leaf(statement, _Right(number, template, tuple(map(_text, words)), resolved, lambda: statement.value))  # type: ignore[arg-type,return-value]

    def leaf(self, statement: Assign | Declare, right: _Right) -> None:
        """A statement whose right side holds no variable."""
        number = _signed_number(right)
        if number is None:
            preset = self.emit(right)
            node = self.new(LEAF)
            self.preset[node] = preset
        else:
            self.begin(right.number)
            node = self.new(LEAF)
            self.literal[node] = number
        self.name_leaf(statement.name, node, statement.at)

    def free_leaf(self, name: str, at: Span) -> int:
        node = self.new(LEAF)
        self.name_leaf(name, node, at)
        return node

    def name_leaf(self, name: str, node: int, at: Span) -> None:
        self.scope[name] = self.leaves[name] = node
        self.labels[node] = name
        self.first_use[node] = at

    def define(self, define: Define) -> None:
        name = define.name
        if name in self.functions:
            line = self.program.source.place(self.defined[name].at.start)[0]
            raise Misuse(
                "name-assigned-twice", f"{name}(...) is defined twice", define.at, f"it was defined in line {line}: choose another name"
            )
        self.functions[name] = None
        repeated = [p for at, p in enumerate(define.parameters) if p in define.parameters[:at]]
        if repeated:
            raise Misuse("name-assigned-twice", f"{name} has two parameters {repeated[0]}", define.at, "give them different names")
        words, template = _own_words(define.body, self.defined)
        bound: dict[int, int] = {}
        for word, used in (*template.names, *template.held):
            if used in define.parameters:
                bound[word] = ~define.parameters.index(used)
            else:
                bound[word] = self.resolve(used, lambda word: words[word].span, word)
        size = len(template.steps) + len(template.constants)
        if name not in template.calls:
            self.check_calls(template, define.body)
        for call in template.calls:
            if call == name:
                raise Misuse(
                    "recursion", f"{name} calls itself, and a graph has no loops", define.at, "write the steps out, one statement each"
                )
            size += self.function(call).size
        closed = self.closed(template) and all(node < 0 or self.labels.get(node, "") in self.mathematical for node in bound.values())
        self.functions[name] = Function(
            define.parameters, template, tuple(map(_text, words)), bound, Parts(lambda: define.body, self.defined), closed, size
        )

    def refuse_second(self, statement: Assign | Declare) -> None:
        first = self.assigned[statement.name]
        line = self.program.source.place(first.span.start)[0]
        raise Misuse(
            "name-assigned-twice",
            f"{statement.name} is assigned a second time",
            statement.at,
            f"its first assignment is in line {line}: give this one another name",
        )

    def poison(self, statement: Statement) -> None:
        if isinstance(statement, Define):
            self.functions[statement.name] = None
        elif statement.name is not None:
            self.scope.setdefault(statement.name, _POISON)
            self.output = statement.name

    # ---- names ----

    @cached_property
    def mathematical(self) -> frozenset[str]:
        """The constants of mathematics that this program leaves what they are."""
        return frozenset(name for name in ("pi", "e") if name not in self.assigned and name not in self.given)

    def resolve(self, name: str, span_of: Callable[[int], Span] | None, word: int) -> int:
        """The node of a name that is used for the first time, or not well."""
        node = self.scope.get(name)
        if node == _POISON:
            raise _Poisoned
        if node is not None:
            return node
        at = span_of(word) if span_of else Span(0, 0)
        if name in self.assigned:
            own = self.assigned[name]
            if own.span.start <= at.start < own.span.end:
                raise Misuse(
                    "used-before-assignment",
                    f"{name} is used in its own assignment",
                    at,
                    "a name is assigned once: give the result another name",
                )
            line = self.program.source.place(own.span.start)[0]
            hint = "put its assignment first" if line == self.program.source.place(at.start)[0] else f"move line {line} above this one"
            raise Misuse("used-before-assignment", f"{name} is used above its own assignment", at, hint)
        if name in self.mathematical:
            node = self.new(CONSTANT)
            self.literal[node] = name
            self.first_use[node] = at
            self.scope[name] = node
            self.labels[node] = name
            return node
        return self.free_leaf(name, at)

    def default(self, text: str, at: Span) -> int:
        """The node of the value that an operand has when it is left out."""
        if text not in self.defaults:
            node = self.defaults[text] = self.new(CONSTANT)
            self.literal[node] = text
            self.first_use[node] = at
        return self.defaults[text]

    def function(self, name: str) -> Function:
        function = self.functions[name]
        if function is None:
            raise _Poisoned
        return function

    def check_calls(self, template: Template, expr: Expr) -> None:
        """Own functions are defined above their first use and get as many arguments as they have parameters."""
        if not template.calls:
            return
        for part in postorder(expr):
            if not isinstance(part, Apply) or part.head not in self.defined:
                continue
            if part.head not in self.functions:
                line = self.program.source.place(self.defined[part.head].at.start)[0]
                raise Misuse(
                    "used-before-assignment",
                    f"{part.head}(...) is used above its definition",
                    part.span,
                    f"move line {line} above this one",
                )
            parameters = self.function(part.head).parameters
            if part.keywords:
                raise Misuse(
                    "unknown-keyword",
                    f"{part.head} has no keyword {part.keywords[0][0]}",
                    part.span,
                    "own functions take their arguments by position",
                )
            if len(part.operands) != len(parameters):
                noun = "argument" if len(parameters) == 1 else "arguments"
                raise Misuse(
                    "wrong-number-of-arguments",
                    f"{part.head} takes {len(parameters)} {noun}, not {len(part.operands)}",
                    part.span,
                    f"write {part.head}({', '.join(parameters)})",
                )

    def closed(self, template: Template) -> bool:
        return all(self.function(call).closed for call in template.calls)

    # ---- nodes ----

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

    def emit_plain(self, right: _Right, steps: list[tuple[int, int, int]], statement: Assign) -> int:
        self.begin(right.number)
        op, a, b, results = self.op, self.a, self.b, right.resolved
        node = len(op)
        for constant in right.template.constants:
            self.literal[node] = right.words[constant]  # type: ignore[index]
            op.append(CONSTANT)
            a.append(-1)
            b.append(-1)
            results[constant] = node  # type: ignore[index]
            node += 1
        for row, x, y in steps:
            op.append(row)
            a.append(results[x])
            b.append(results[y] if y >= 0 else -1)
            results.append(node)
            node += 1
        if node > self.limits.nodes:
            self.refuse_size(node, statement.span)
        return node - 1

    def emit(self, right: _Right) -> int:
        """The nodes of a right side, functions of one's own inlined; the node of the whole."""
        template = right.template
        size = len(self.op) + len(template.steps) + len(template.constants) + 1
        size += sum(self.function(call).size for call in template.calls)
        if size > self.limits.nodes:
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
    ) -> _Activation:
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
        return _Activation(template, words, results, parts, frame)

    def apply(self, step: Step, operands: list[int], running: _Activation, part: int) -> int:
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

    def integers(self, given: Integers, running: _Activation) -> object:
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

    # ---- complaints ----

    def refuse_size(self, size: int, at: Span) -> None:
        limit = self.limits.nodes
        raise Misuse(
            "too-many-nodes",
            f"the graph would have {size:,} nodes or more; the limit is {limit:,}",
            at,
            "own functions are inlined at each call: name intermediate results instead of calling twice",
        )

    def improved(self, wrong: Misuse) -> Diagnostic:
        hint = wrong.hint
        if wrong.reference == "unknown-function":
            name = self.program.source.text[wrong.span.start : wrong.span.end]
            if name in self.assigned or name in self.scope:
                hint = f"{name} is a variable: write  {name}*(...)  to multiply"
            elif self.defined:
                close = nearest(name, [*function_names(), *self.defined])
                hint = f"did you mean {close}?" if close else hint
        return Diagnostic(wrong.reference, wrong.message, self.program.source, wrong.span, hint=hint)

    def complain(self, diagnostic: Diagnostic) -> None:
        self.faults.append(diagnostic)


@dataclass(frozen=True, slots=True, eq=False)
class _Right:
    """The right side of a statement, ready to become nodes."""

    number: int
    template: Template
    words: tuple[str, ...]
    resolved: list[int]
    whole: Callable[[], Expr]


@dataclass(slots=True, eq=False)
class _Activation:
    """A template at work: a right side, or an own function being inlined."""

    template: Template
    words: tuple[str, ...]
    results: list[int]
    parts: Parts
    frame: Frame | None
    done: int = 0


def _own_words(expr: Expr, own: Collection[str]) -> tuple[list[Name | Number], Template]:
    """The names and numbers of a tree that has no shape, and its template."""
    words = [part for part in postorder(expr) if isinstance(part, Name | Number)]
    number = {id(part): at for at, part in enumerate(words)}
    return words, compile_template(expr, len(words), lambda part: number.get(id(part)), own)


def _text(part: Name | Number) -> str:
    return part.id if isinstance(part, Name) else part.text


def _signed_number(right: _Right) -> str | None:
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
