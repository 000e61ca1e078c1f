"""Text to trees. Lark reads each shape of statement once; statements of a shape already seen only bring their words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from sys import intern
from threading import Lock
from typing import Any

from lark.exceptions import UnexpectedInput

from backprop_cli.errors import BackpropError, Diagnostic, Source, Span
from backprop_cli.lang.literals import out_of_range, too_long
from backprop_cli.lang.program import Assign, Define, Faulty, Program, Shape, Statement, holes_of, is_name, is_number, split_at_holes
from backprop_cli.lang.syntax import Apply, Expr, Name, Number, postorder
from backprop_cli.lang.text import (
    Stretch,
    canonical,
    decode,
    line_too_long,
    misfit,
    source,
    strange_character,
    stretches,
    without_double_parentheses,
)
from backprop_cli.lang.trees import TREES, lark_parser
from backprop_cli.limits import OWN, Limits

_ROLES = ("input", "param")
_DEEP = 1_000  # brackets within brackets, from which it pays to take out those that mean nothing
_ONE_AT_A_TIME = Lock()


def parse(text: str | bytes | Source, name: str = "<text>", limits: Limits = OWN) -> Program:
    """Read a text in the `.expr` language.

    Raises BackpropError with every statement that could not be read (ten at most).
    """
    program = read(text, name, limits)
    if program.faults:
        raise BackpropError(program.faults)
    return program


def read(text: str | bytes | Source, name: str = "<text>", limits: Limits = OWN) -> Program:
    """Read a text; statements that could not be read are `Faulty`, and the program's `faults` say why."""
    origin = text if isinstance(text, Source) else decode(text, name, limits) if isinstance(text, bytes) else source(text, name)
    return _Reader(origin, limits).program()


def parse_expression(text: str, name: str = "<expression>", limits: Limits = OWN) -> Expr:
    """Read a single expression."""
    origin = source(text, name)
    reader = _Reader(origin, limits)
    reader.check_size(origin.text, 0)
    tree: Expr = reader.lark(Stretch(origin.text, 0), "expr")
    reader.check_words(tree)
    if reader.faults:
        raise BackpropError(reader.faults)
    return tree


def parse_bindings(text: str, name: str, limits: Limits = OWN) -> list[tuple[str, Span, Expr | None]]:
    """Read `x = 2, a = 1/3`: names with the places where they stand and their values, None where there is none."""
    origin = source(text, name)
    reader = _Reader(origin, limits)
    reader.check_size(origin.text, 0)
    found: list[tuple[str, Span, Expr | None]] = reader.lark(Stretch(origin.text.replace("\n", " "), 0), "bindings")
    for bound, at, value in found:
        reader.check_name(bound, at)
        if value is not None:
            reader.check_words(value)
    if reader.faults:
        raise BackpropError(reader.faults)
    return [(canonical(bound), at, value) for bound, at, value in found]


class _Reader:
    """Reads one source; keeps the shapes it has met."""

    def __init__(self, origin: Source, limits: Limits) -> None:
        self.origin = origin
        self.limits = limits
        self.faults: list[Diagnostic] = []
        self.shapes: dict[object, Shape] = {}

    def program(self) -> Program:
        statements: list[Statement] = []
        broken_off = False
        told: set[Span | None] = set()
        looked_at = 0
        if len(self.origin.text) > self.limits.line:
            self.check_lines()
        for stretch in stretches(self.origin, self.faults):
            try:
                assigned = self.assignment(stretch)
                statements.extend([assigned] if assigned else self.other(stretch))
                broken_off = False
            except BackpropError as error:
                found = error.diagnostics
                told.update(fault.span for fault in self.faults[looked_at:])
                looked_at = len(self.faults)
                if found[0].span not in told and not (found[0].reference == "no-name" and broken_off):
                    self.faults.extend(found)
                broken_off = found[0].reference == "missing-operand"
                statements.append(self.faulty(stretch))
        self.faults.sort(key=lambda d: d.span.start if d.span else 0)
        return Program(self.origin, tuple(statements), tuple(self.faults))

    def assignment(self, stretch: Stretch) -> Assign | None:
        """`name = right side` by its shape, or None where the statement is something else."""
        target, sign, right = stretch.text.partition("=")
        name = target.strip()
        if not sign or right.startswith("=") or not is_name(name) or name in _ROLES:
            return None
        start, text = stretch.start, right.strip()
        begin = start + len(target) + 1 + (right.find(text) if text else len(right))
        if len(text) > self.limits.nesting:  # here and below: whether a closer look is worth it
            self.check_size(text, begin)
        words = split_at_holes(text)
        holes = tuple(map(intern, words[1::2]))
        key = (*words[::2], *map(is_number, holes))
        shape = self.shapes.get(key)
        if shape is None:
            shape = self.shapes[key] = self.new_shape(stretch, text, begin)
        start += target.find(name)
        at = Span(start, start + len(name))
        if "input" in holes or "param" in holes:
            self.check_names(text, begin)
        if not text.isascii() or not name.isascii():
            self.check_name(name, at)
            self.check_names(text, begin)
            name, holes = canonical(name), tuple(map(canonical, holes))
        for word in holes:
            if is_number(word) and (len(word) > min(self.limits.digits, 17) or "e" in word or "E" in word):
                self.check_numbers(text, begin)
                break
        return Assign(name, at, shape, holes, text, begin)

    def new_shape(self, stretch: Stretch, text: str, begin: int) -> Shape:
        """Lark reads the right side; places in a shape's tree are counted from where its text begins."""
        lead = begin - stretch.start
        plain = without_double_parentheses(text) if text.count("((") > _DEEP else text
        try:
            tree: Expr = self.lark(Stretch(" " * lead + plain, stretch.start), "expr", whole=stretch, base=-lead)
        except BackpropError:
            if plain is text:
                raise
            tree = self.lark(Stretch(" " * lead + text, stretch.start), "expr", whole=stretch, base=-lead)  # as it was written
        if "(" in text:
            self.check_calls(tree, begin)
        return Shape(text, tree, tuple(Span(*found.span()) for found in holes_of(text)))

    def other(self, stretch: Stretch) -> list[Statement]:
        """A declaration or a function of one's own."""
        self.check_size(stretch.text, stretch.start)
        statements: list[Statement] = self.lark(stretch, "statement")
        for each in statements:
            if isinstance(each, Assign | Faulty):
                continue
            self.check_name(each.name, each.at)
            if isinstance(each, Define):
                self.check_names(stretch.text, stretch.start)
            tree = each.body if isinstance(each, Define) else each.value
            if tree is not None:
                self.check_words(tree)
        return statements

    def lark(self, stretch: Stretch, start: str, whole: Stretch | None = None, base: int | None = None) -> Any:
        try:
            with _ONE_AT_A_TIME:  # Lark's callbacks, and so the places they count from, are shared
                TREES.begin(stretch.start if base is None else base)
                return lark_parser().parse(stretch.text, start=start)
        except UnexpectedInput as error:
            from backprop_cli.lang.complaints import syntax_complaint

            kind = start if whole is None else "statement"
            raise BackpropError(syntax_complaint(error, whole or stretch, self.origin, kind)) from None

    def faulty(self, stretch: Stretch) -> Faulty:
        target, sign, _ = stretch.text.partition("=")
        name = target.strip()
        function, bracket, _ = name.partition("(")
        known = canonical(name) if sign and is_name(name) else None
        defined = canonical(function.rstrip()) if sign and bracket and is_name(function.rstrip()) else None
        return Faulty(known, Span(stretch.start, stretch.start + len(stretch.text)), defined)

    # ---- words ----

    def check_words(self, tree: Expr) -> None:
        """Names hold only what a name may hold; numbers are no longer than the limits allow."""
        self.check_calls(tree, 0)
        for part in postorder(tree):
            if isinstance(part, Name):
                self.check_name(part.id, part.span)
            elif isinstance(part, Number):
                self.check_number(part.text, part.span)

    def check_calls(self, tree: Expr, base: int) -> None:
        """Functions have the names of functions; arguments without a name come first."""
        for part in postorder(tree):
            if not isinstance(part, Apply):
                continue
            if not part.head.isascii():
                start = base + part.span.start
                self.check_name(part.head, Span(start, start + len(part.head)))
            if part.keywords and part.operands and part.operands[-1].span.start > part.keywords[0][1].span.start:
                late = part.operands[-1].span
                hint = "write the arguments without a name first, as in elu(x, alpha=2)"
                message = f"an argument without a name stands after {part.keywords[0][0]}="
                self.complain("misplaced-argument", message, Span(base + late.start, base + late.end), hint)

    def check_name(self, name: str, at: Span) -> None:
        wrong = misfit(name)
        if wrong is not None:
            raise BackpropError(strange_character(self.origin, at.start + wrong))
        if name in _ROLES:
            self.complain("reserved-word", f"`{name}` declares leaves and is no name", at, "choose another name")

    def check_names(self, text: str, begin: int) -> None:
        for found in holes_of(text):
            if not is_number(found.group()):
                self.check_name(found.group(), Span(begin + found.start(), begin + found.end()))

    def check_numbers(self, text: str, begin: int) -> None:
        for found in holes_of(text):
            if is_number(found.group()):
                self.check_number(found.group(), Span(begin + found.start(), begin + found.end()))

    def check_number(self, text: str, at: Span) -> None:
        long = too_long(text, self.limits)
        if long:
            self.complain("literal-too-long", long, at, "round it: float64 holds 17 digits; or allow more with --limit digits=N")
        if float(text) == float("inf"):
            self.complain(
                "literal-overflow",
                "this number is larger than float64 can hold (1.8e308)",
                at,
                "rescale the problem, or work with its logarithm",
            )
        far = out_of_range(text, self.limits)
        if far:
            self.complain("literal-out-of-range", far, at, "float64 ends near 1.8e308; allow more with --limit exponent=N")

    def check_lines(self) -> None:
        """No line is longer than the limit."""
        at = 0
        for line in self.origin.text.split("\n"):
            if len(line) > self.limits.line:
                raise BackpropError(line_too_long(self.origin, at, len(line), self.limits.line))
            at += len(line) + 1

    def check_size(self, text: str, begin: int) -> None:
        """How deep the brackets nest."""
        if text.count("(") + text.count("[") <= self.limits.nesting:
            return
        deepest = max(_depths(text))
        if deepest > self.limits.nesting:
            at = begin + next(at for at, depth in enumerate(_depths(text)) if depth > self.limits.nesting)
            self.complain(
                "nested-too-deeply",
                f"brackets nest {deepest:,} levels deep; the limit is {self.limits.nesting:,}",
                Span(at, at + 1),
                "name the inner parts in statements of their own, or allow more with --limit nesting=N",
            )

    def complain(self, reference: str, message: str, at: Span, hint: str) -> None:
        raise BackpropError(Diagnostic(reference, message, self.origin, at, hint=hint))


def _depths(text: str) -> Iterator[int]:
    """How many brackets are open after each character."""
    return accumulate((sign in "([") - (sign in ")]") for sign in text)
