"""From statements to a graph: scopes, single assignment, own functions inlined. Nothing recurses on what the user wrote."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property, partial

from backprop_cli.errors import BackpropError, Diagnostic, Span
from backprop_cli.graph.graph import CONSTANT, LEAF, Graph, Parts
from backprop_cli.graph.layout import Misuse, meant
from backprop_cli.graph.nodes import Function, Nodes, Poisoned, Right, own_words, signed_number, text_of
from backprop_cli.graph.template import Template, compile_template
from backprop_cli.lang.program import Assign, Declare, Define, Faulty, Program, Shape, Statement
from backprop_cli.lang.syntax import Apply, Expr, Name, postorder
from backprop_cli.limits import OWN, Limits

_POISON = -1


def build(program: Program, given: Collection[str] = (), limits: Limits = OWN) -> Graph:
    """The graph of a program.

    `given` are the names that get a value from outside: `pi` and `e` are leaves if they are among them.
    Raises BackpropError with every complaint about names, functions and arguments, and those of the program itself.
    """
    return _Builder(program, given, limits).build()


_EXPLAINED = 20  # complaints that look for what a name was meant for: more than are shown


class _Builder(Nodes):
    def __init__(self, program: Program, given: Collection[str], limits: Limits) -> None:
        defined: dict[str, Define | Faulty] = {}
        super().__init__(defined, limits)
        self.program, self.given = program, given
        self.faults = list(program.faults)
        self.preset: dict[int, int] = {}
        self.scope: dict[str, int] = {}
        self.leaves: dict[str, int] = {}
        self.roles: dict[str, str] = {}
        self.labels: dict[int, str] = {}
        self.templates: dict[Shape, Template] = {}
        self.plain: dict[Shape, list[tuple[int, int, int]]] = {}
        self.output: str | None = None
        self.assigned: dict[str, Statement] = {}
        for statement in program:
            if isinstance(statement, Define):
                defined.setdefault(statement.name, statement)
            elif isinstance(statement, Faulty) and statement.function is not None:
                defined.setdefault(statement.function, statement)
            elif statement.name is not None:
                self.assigned.setdefault(statement.name, statement)

    def build(self) -> Graph:
        for number, statement in enumerate(self.program.statements):
            try:
                self.add(number, statement)
            except Poisoned:
                self.poison(statement)
            except Misuse as wrong:
                self.poison(statement)
                self.faults.append(self.improved(wrong))
            except BackpropError as error:
                self.poison(statement)
                self.faults.extend(error.diagnostics)
        if self.output is None and not self.faults:
            message = f"{self.program.source.name} assigns nothing, so there is nothing to differentiate"
            raise BackpropError(Diagnostic("empty-program", message, hint="write a statement such as  L = (x - 1)^2"))
        if self.faults:
            raise BackpropError(sorted(self.faults, key=lambda d: d.span.start if d.span else -1))
        return Graph(
            self.program, tuple(self.rows), self.op, self.a, self.b, self.more, self.static, self.literal, self.preset, self.scope,
            self.leaves, self.roles, self.output, self.firsts, self.statement_of, self.inlined, self.labels, self.first_use,
            None if self.defined else frozenset(self.loose), {},
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
        holes, scope, mathematical = statement.holes, self.scope, self.mathematical
        resolved = [0] * template.words
        variable, used = bool(template.held), self.loose.discard
        for word, _ in template.names:
            name = holes[word]
            node = scope.get(name, _POISON)
            resolved[word] = node = node if node >= 0 else self.resolve(name, partial(self.word_span, statement), word)
            used(node)
            if not variable:
                variable = name not in mathematical
        for word, _ in template.held:
            resolved[word] = self.resolve(holes[word], partial(self.word_span, statement), word)
            used(resolved[word])
        plain = self.plain.get(statement.shape)
        if plain is not None and variable:
            node = self.emit_plain(number, template.constants, plain, holes, resolved)
        else:
            right = Right(number, template, holes, resolved, lambda: statement.expr)
            if template.calls:
                self.check_calls(template, statement.expr)
            if not variable and self.closed(template):
                self.leaf(statement, right)
                return
            node = self.emit(right)
        if len(self.op) > self.limits.nodes:
            self.refuse_size(len(self.op), statement.span)
        scope[statement.name], self.labels[node] = node, statement.name
        self.loose.add(node)

    def template(self, statement: Assign) -> Template:
        shape = statement.shape
        try:
            template = compile_template(shape.tree, len(shape.holes), lambda part: shape.hole_at.get(part.span.start), self.defined)
        except Misuse:  # once more, for the place it has in the source
            word_at = {span.start: word for word, span in enumerate(statement.word_spans())}
            template = compile_template(statement.expr, len(word_at), lambda part: word_at.get(part.span.start), self.defined)
        if template.plain is not None:
            self.plain[shape] = [(self.row_number(row), x, y) for row, x, y in template.plain]
        self.templates[shape] = template
        return template

    def declare(self, number: int, statement: Declare) -> None:
        if statement.value is None:
            self.free_leaf(statement.name, statement.at)
            return
        words, template = own_words(statement.value, self.defined)
        self.check_calls(template, statement.value)
        for word, name in (*template.names, *template.held):
            if name not in self.mathematical:
                at = words[word].span
                hint = f"write  {statement.name} = ...  without {statement.role}, or give it a number"
                raise Misuse("value-not-constant", f"a declared leaf holds a number, but its value uses {name}", at, hint)
        resolved = [self.resolve(part.id, None, 0) if isinstance(part, Name) else 0 for part in words]
        self.leaf(statement, Right(number, template, tuple(map(text_of, words)), resolved, lambda: statement.value))  # type: ignore[arg-type,return-value]

    def leaf(self, statement: Assign | Declare, right: Right) -> None:
        """A statement whose right side holds no variable."""
        number = signed_number(right)
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
        if node >= self.limits.nodes:
            self.refuse_size(node + 1, at)
        self.scope[name] = self.leaves[name] = node
        self.labels[node], self.first_use[node] = name, at
        self.loose.add(node)

    def define(self, define: Define) -> None:
        name = define.name
        if name in self.functions:
            line = self.program.source.place(self.defined[name].span.start)[0]
            raise Misuse(
                "name-assigned-twice", f"{name}(...) is defined twice", define.at, f"it was defined in line {line}: choose another name"
            )
        self.functions[name] = None
        place = {parameter: at for at, parameter in reversed([*enumerate(define.parameters)])}  # the first of each
        repeated = next((p for at, p in enumerate(define.parameters) if place[p] != at), None)
        if repeated is not None:
            raise Misuse("name-assigned-twice", f"{name} has two parameters {repeated}", define.at, "give them different names")
        words, template = own_words(define.body, self.defined)
        bound: dict[int, int] = {}
        for word, used in (*template.names, *template.held):
            bound[word] = ~place[used] if used in place else self.resolve(used, lambda word: words[word].span, word)
        if name in template.calls:
            raise Misuse(
                "recursion", f"{name} calls itself, and a graph has no loops", define.at, "write the steps out, one statement each"
            )
        self.check_calls(template, define.body)
        size = self.size(template)
        closed = self.closed(template) and all(node < 0 or self.labels.get(node, "") in self.mathematical for node in bound.values())
        self.functions[name] = Function(
            define.parameters, template, tuple(map(text_of, words)), bound, Parts(lambda: define.body, self.defined), closed, size
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

    def put_first(self, there: Span, here: Span) -> str:
        line = self.program.source.place(there.start)[0]
        return "put it first" if line == self.program.source.place(here.start)[0] else f"move line {line} above this one"

    def poison(self, statement: Statement) -> None:
        function = statement.name if isinstance(statement, Define) else getattr(statement, "function", None)
        if function is not None:
            self.functions[function] = None
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
            raise Poisoned
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
            raise Misuse("used-before-assignment", f"{name} is used above its own assignment", at, self.put_first(own.span, at))
        if name in self.mathematical:
            node = self.new(CONSTANT)
            self.literal[node] = name
            self.first_use[node] = at
            self.scope[name] = node
            self.labels[node] = name
            return node
        return self.free_leaf(name, at)

    def check_calls(self, template: Template, expr: Expr) -> None:
        """Own functions are defined above their first use and get as many arguments as they have parameters."""
        if not template.calls:
            return
        for part in postorder(expr):
            if not isinstance(part, Apply) or part.head not in self.defined:
                continue
            if part.head not in self.functions:
                message = f"{part.head}(...) is used above its definition"
                raise Misuse("used-before-assignment", message, part.span, self.put_first(self.defined[part.head].span, part.span))
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

    # ---- complaints ----

    def improved(self, wrong: Misuse) -> Diagnostic:
        hint = wrong.hint
        if wrong.reference == "unknown-function" and not hint and len(self.faults) < _EXPLAINED:
            name = self.program.source.text[wrong.span.start : wrong.span.end]
            variable = name in self.assigned or name in self.scope
            hint = f"{name} is a variable: write  {name}*(...)  to multiply" if variable else meant(name, self.defined)
        return Diagnostic(wrong.reference, wrong.message, self.program.source, wrong.span, hint=hint)
