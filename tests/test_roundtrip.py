"""Text to tree and back: printing undoes reading, precedence is Python's own, and every part knows where it stands."""

from __future__ import annotations

import ast
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backprop_cli.errors import BackpropError
from backprop_cli.lang.parse import parse, parse_expression, read
from backprop_cli.lang.program import Assign, is_name
from backprop_cli.lang.syntax import NEGATE, TRANSPOSE, Apply, Brackets, Expr, Index, Name, Number, Part, Slice, postorder, same
from backprop_cli.lang.trees import grammar_dir
from backprop_cli.lang.unparse import unparse
from tests.strategies import hostile, layouts, like, python_texts, trees

_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")


def one(text: str) -> Assign:
    """The only statement of a text."""
    (statement,) = parse(text)
    assert isinstance(statement, Assign)
    return statement


# ---- printing ----


@given(trees())
@example(Apply(TRANSPOSE, (Number("2"),)))
@example(Apply("^", (Apply(NEGATE, (Number("2"),)), Apply("^", (Name("x"), Number("2"))))))
@example(Apply("<", (Apply("<", (Name("a"), Name("b"))), Apply("==", (Name("a"), Name("b"))))))
def test_reading_what_was_printed_gives_the_same_tree(tree: Expr) -> None:
    assert same(parse_expression(unparse(tree)), tree)


@given(trees(), st.data())
def test_the_layout_of_a_statement_does_not_matter(tree: Expr, data: st.DataObject) -> None:
    text = data.draw(layouts(f"y = {unparse(tree)} "))
    assert same(one(text).expr, tree)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("((a + b)) + (c*d)", "a + b + c*d"),
        ("a + (b + c)", "a + (b + c)"),
        ("a - (b - c) - d", "a - (b - c) - d"),
        ("-(x^2)", "-x^2"),
        ("(-x)^2", "(-x)^2"),
        ("a*(-b)", "a*-b"),
        ("(a^b)^c", "(a^b)^c"),
        ("a^(b^c)", "a^b^c"),
        ("x^(-2)", "x^-2"),
        ("(-2)*x", "-2*x"),
        ("(W.T)[0]", "W.T[0]"),
        ("(A + B)[(0)]", "(A + B)[0]"),
        ("where(((a) < b), 1, 0)", "where(a < b, 1, 0)"),
        ("(a < b)*(b < c)", "(a < b)*(b < c)"),
        ("sum(x, (1), keepdims=(1))", "sum(x, 1, keepdims=1)"),
    ],
)
def test_printing_leaves_out_the_parentheses_that_say_nothing(written: str, printed: str) -> None:
    assert unparse(parse_expression(written)) == printed


# ---- precedence: Python's parser as the judge ----

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^", ast.MatMult: "@"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def from_python(node: ast.expr, text: str) -> Part:
    """The tree that Python's own parser makes of a text, in our words."""

    def inner(node: ast.expr | None) -> Part:
        assert node is not None
        return from_python(node, text)

    match node:
        case ast.Constant():
            return Number(ast.get_source_segment(text, node) or "")
        case ast.Name(id=name):
            return Name(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Apply(NEGATE, (inner(operand),))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return inner(operand)
        case ast.BinOp(left=left, op=operator, right=right):
            return Apply(_OPERATORS[type(operator)], (inner(left), inner(right)))
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return Apply(_COMPARISONS[type(operator)], (inner(left), inner(right)))
        case ast.Call(func=ast.Name(id=head), args=arguments, keywords=keywords):
            return Apply(head, tuple(map(inner, arguments)), tuple((str(k.arg), inner(k.value)) for k in keywords))
        case ast.Attribute(value=value, attr="T"):
            return Apply(TRANSPOSE, (inner(value),))
        case ast.Subscript(value=value, slice=ast.Tuple(elts=items)):
            return Index(inner(value), tuple(map(inner, items)))
        case ast.Subscript(value=value, slice=item):
            return Index(inner(value), (inner(item),))
        case ast.Slice(lower=lower, upper=upper, step=step):
            return Slice(*(None if each is None else inner(each) for each in (lower, upper, step)))
        case ast.List(elts=items):
            return Brackets(tuple(map(inner, items)))
    raise AssertionError(ast.dump(node))


@given(python_texts())
@example("-a^-b^2*-3")
@example("2^-a^b - -b*+a/2.")
@example("f(-a.T^2, axis=1)[0, -1]")
def test_precedence_is_that_of_python(text: str) -> None:
    theirs = text.replace("^", "**")
    assert same(parse_expression(text), from_python(ast.parse(theirs, mode="eval").body, theirs))


@pytest.mark.parametrize("text", ["W[0]", "W[-1]", "X[:, 1]", "X[1:, ::2]", "X[:-1]", "(A + B)[0]", "f(z)[1].T", "X[a:b:c]", "X[::]"])
def test_indices_are_those_of_python(text: str) -> None:
    assert same(parse_expression(text), from_python(ast.parse(text, mode="eval").body, text))


# ---- where things stand ----


def reread(text: str, part: Part) -> Part:
    """A stretch of source text read again by itself."""
    if isinstance(part, Slice):
        found = one(f"y = q[{text}\n]").expr
        assert isinstance(found, Index)
        return found.items[0]
    if text[0] in "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹":  # raised: the sign of the number stands there as well
        text = text.translate(_RAISED)
        text = text.lstrip("+-") if isinstance(part, Number) else text
    return one(f"y = ({text}\n)").expr


def check_places(program_text: str) -> None:
    program = parse(program_text)
    for statement in program:
        assert isinstance(statement, Assign)
        for part in postorder(statement.expr):
            said = program.source.text[part.span.start : part.span.end]
            assert said, f"{part} stands nowhere"
            assert said == said.strip()
            assert same(reread(said, part), part)


@given(trees(), st.data())
def test_every_part_knows_the_text_it_was_read_from(tree: Expr, data: st.DataObject) -> None:
    check_places(data.draw(layouts(f"y = {unparse(tree)} ")))


@pytest.mark.parametrize(
    "text",
    [
        "y = (((a) + (b)))*((c))",
        "y = x² + x⁻¹·(a − b)²÷√(x)³",
        "y = +(-(a))^(+b)",
        "y = √x²",
        "y = W[ (0) , : ,(1):( 2 )].T",
        "y = π*ŷ + σ(θ₁)",
        "y = f( x , axis = (1) )",
        "y = -x^2 < -(x)",
    ],
)
def test_places_of_parts_with_parentheses_and_signs(text: str) -> None:
    check_places(f"z = 1\n{text}  # a comment\n")


@given(st.lists(trees(6), min_size=1, max_size=3), st.data())
def test_statements_of_one_shape_are_read_as_if_each_stood_alone(originals: list[Expr], data: st.DataObject) -> None:
    texts = [data.draw(layouts(unparse(tree))) for tree in originals]
    for tree in originals:
        texts += [unparse(data.draw(like(tree))) for _ in range(2)]
    texts = data.draw(st.permutations(texts))
    together = parse("\n".join(f"v{number} ={' ' * number}{text}" for number, text in enumerate(texts)))
    for number, (statement, text) in enumerate(zip(together, texts, strict=True)):
        alone = one(f"v{number} ={' ' * number}{text}")
        assert isinstance(statement, Assign)
        assert same(statement.expr, alone.expr)
        shift = statement.at.start
        for here, there in zip(postorder(statement.expr), postorder(alone.expr), strict=True):
            assert (here.span.start - shift, here.span.end - shift) == (there.span.start, there.span.end)


_LINE_ENDS = str.maketrans(dict.fromkeys("\n\r\u2028\u2029", " "))


@given(hostile(), hostile())
def test_a_line_is_read_or_refused_just_as_if_it_stood_alone(first: str, second: str) -> None:
    """Whatever stands above it, as long as all brackets are closed there."""
    code = first.translate(_LINE_ENDS).partition("#")[0]
    above = "x = " + ("1" if any(sign in code for sign in "([)];") else code)
    line = "y = " + second.translate(_LINE_ENDS)
    start = len(above) + 1
    alone, below = read(line), read(f"{above}\n{line}")
    assert [f.message for f in below.faults if f.span and f.span.start >= start] == [f.message for f in alone.faults]
    ours, theirs = ([s.expr for s in program if isinstance(s, Assign) and s.name == "y"] for program in (below, alone))
    assert all(same(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("W. T", "W. S"),
        ("x .T", "x .y"),
        ("1 .5", "a .5"),
        ("f (x)", "g (x)"),
        ("f(x, a = 1)", "f(x, a == 1)"),
        ("2*e3", "2*3e3"),
        ("x^-2", "x^-y"),
        ("é + 1", "e + 1"),
        ("f(a, T=1)", "f(a, S=1)"),
        ("W.T[0]", "W.T[a]"),
        ("2.T", "a.T"),
    ],
)
def test_pairs_that_look_alike_are_still_read_apart(first: str, second: str) -> None:
    for above, below in ((first, second), (second, first)):
        alone = read(f"q = {below}")
        together = read(f"p = {above}\nq = {below}")
        start = len(f"p = {above}\n")
        assert [f.message for f in together.faults if f.span and f.span.start >= start] == [f.message for f in alone.faults]
        if not alone.faults:
            (left,), right = alone, list(together)[1]
            assert isinstance(left, Assign)
            assert isinstance(right, Assign)
            assert same(left.expr, right.expr)


# ---- characters ----


def test_names_are_told_by_the_same_characters_in_the_grammar_and_in_shapes() -> None:
    import re

    rule = re.search(r"^NAME: /(.*)/$", (grammar_dir() / "expr.lark").read_text("utf-8"), re.M)
    assert rule
    grammar = re.compile(rule.group(1))
    for char in map(chr, range(0x80, 0x3000)):
        assert bool(grammar.fullmatch(f"a{char}")) == is_name(f"a{char}"), f"U+{ord(char):04X}"


@given(hostile())
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    program = read(text)
    for fault in program.faults:
        assert fault.message
        assert fault.span is None or 0 <= fault.span.start <= fault.span.end <= len(program.source.text) + 1


@given(st.binary(max_size=40))
def test_bytes_are_read_exactly_where_they_are_utf8(data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        with pytest.raises(BackpropError, match="not UTF-8"):
            read(data)
    else:
        assert [s.span for s in read(data)] == [s.span for s in read(text)]


@given(trees(6))
def test_names_typed_in_two_ways_are_one(tree: Expr) -> None:
    text = unparse(tree)
    assert same(parse_expression(unicodedata.normalize("NFD", text)), tree)
