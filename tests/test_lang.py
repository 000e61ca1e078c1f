"""Reading texts: what may be written, what everything stands for, and how a mistake is answered."""

from __future__ import annotations

import unicodedata
from fractions import Fraction

import pytest

from backprop_cli.errors import BackpropError, Diagnostic, Span, nearest
from backprop_cli.lang.parse import parse, parse_bindings, parse_expression, read
from backprop_cli.lang.program import Assign, Declare, Define, Faulty
from backprop_cli.lang.syntax import Expr, Name, Number, names_in, postorder, same
from backprop_cli.lang.text import without_double_parentheses
from backprop_cli.lang.unparse import unparse
from backprop_cli.limits import Limits


def tree(text: str) -> Expr:
    return parse_expression(text)


def complaints(text: str | bytes, limits: Limits | None = None) -> tuple[Diagnostic, ...]:
    with pytest.raises(BackpropError) as caught:
        parse(text, limits=limits or Limits())
    return caught.value.diagnostics


def complaint(text: str) -> Diagnostic:
    (found,) = complaints(text)
    return found


def pointed_at(found: Diagnostic) -> str:
    """The text under the caret."""
    assert found.source
    assert found.span
    return found.source.text[found.span.start : found.span.end]


# ---- section 1: text ----


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a·b", "a*b"),
        ("a×b", "a*b"),
        ("a⋅b", "a*b"),
        ("a⊙b", "a*b"),
        ("a÷b", "a/b"),
        ("−a−b", "-a-b"),
        ("a**b", "a^b"),
        ("x²", "x^2"),
        ("x¹²", "x^12"),
        ("x⁻¹", "x^-1"),
        ("x⁺³", "x^3"),
        ("-x²", "-(x^2)"),
        ("2x²".replace("2x", "2*x"), "2*x^2"),
        ("σ(x)", "sigmoid(x)"),
        ("√x", "sqrt(x)"),
        ("√(x + 1)", "sqrt(x + 1)"),
        ("√(x)³", "sqrt(x)^3"),
        ("√x·y", "sqrt(x)*y"),
        ("√√x", "sqrt(sqrt(x))"),
        ("2·π", "2*pi"),
        ("x\u00a0+\u2009y\u3000", "x + y"),
        ("x\t+\fy", "x + y"),
        ("+x", "x"),
        ("a - +-b", "a - -b"),
        ("θ₁·x̂²", "θ₁*x̂^2"),
    ],
)
def test_typographic_spellings_mean_the_plain_ones(typed: str, meant: str) -> None:
    (one,) = parse(f"y = {typed}")
    assert isinstance(one, Assign)
    assert same(one.expr, tree(meant))


def test_sigma_is_a_function_only_where_it_is_called() -> None:
    assert list(names_in(tree("σ*σ(x)"))) == ["σ", "x"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", ";", " ; ", ";\n;\n\n"])
def test_a_statement_ends_at_any_line_end_and_at_a_semicolon(end: str) -> None:
    program = parse(f"a = 1{end}b = a + 1{end}")
    assert [(s.name, s.text.strip()) for s in program if isinstance(s, Assign)] == [("a", "1"), ("b", "a + 1")]


def test_lines_and_columns_are_the_originals_whatever_ends_a_line() -> None:
    for end in ("\n", "\r\n", "\r", "\u2028"):
        found = complaint(f"\ufeffa = 1{end}  # ŷ (note{end}  b = a x{end}c = 2")
        assert found.source
        assert found.span
        assert found.source.place(found.span.start) == (3, 9)
        assert found.source.line(3) == "  b = a x"


@pytest.mark.parametrize(
    "text",
    [
        "y = (a  # the first (\n  + b)  # ] the second",
        "y = f(a,\r\n      # between = the arguments;\n   b)",
        "y = [1,\n     2\n]",
        "    y = a; # indented\n",
        "y = a\n# z = )",
    ],
)
def test_comments_and_line_breaks_in_brackets_say_nothing(text: str) -> None:
    import re

    plain = re.sub(r"#[^\n]*", "", text.replace("\r\n", "\n")).replace("\n", " ").strip(" ;")
    one, other = parse(text).statements[0], parse(plain).statements[0]
    assert isinstance(one, Assign)
    assert isinstance(other, Assign)
    assert same(one.expr, other.expr)


def test_a_name_typed_in_two_ways_is_one_name() -> None:
    composed, decomposed = "é", unicodedata.normalize("NFD", "é")
    assert composed != decomposed
    program = parse(f"{decomposed} = 1\ny = {composed} + {decomposed}\nf({decomposed}) = {composed}\ninput {decomposed}2 = 3")
    first, second, third, fourth = program
    assert (first.name, fourth.name) == (composed, composed + "2")
    assert isinstance(second, Assign)
    assert isinstance(third, Define)
    assert second.holes == (composed, composed)
    assert third.parameters == (composed,)


@pytest.mark.parametrize("name", ["x", "_", "θ₁", "ŷ", "x̂", "名前", "E", "I", "lambda", "None", "__class__", "e3", "inputs", "dL", "ا٣"])
def test_a_name_may_be_a_word_of_any_script(name: str) -> None:
    (one,) = parse(f"{name} = {name}2 + 1")
    assert one.name == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("2.", 2), (".5", Fraction(1, 2)), ("1e-3", Fraction(1, 1000)), ("1E+3", 1000), ("007", 7), ("0.1", Fraction(1, 10))],
)
def test_a_number_is_the_rational_that_it_spells(text: str, value: Fraction) -> None:
    found = tree(text)
    assert isinstance(found, Number)
    assert found.exact == value


# ---- section 2: statements ----


def test_each_kind_of_statement_is_told_apart() -> None:
    program = parse("input x = 2, y\nparam a = 1/2\nu = x*a\nf(p, q) = p - q\n")
    kinds = [(type(s), s.name) for s in program]
    assert kinds == [(Declare, "x"), (Declare, "y"), (Declare, "a"), (Assign, "u"), (Define, "f")]
    x, y, a, _, f = program
    assert isinstance(x, Declare)
    assert isinstance(y, Declare)
    assert isinstance(a, Declare)
    assert isinstance(f, Define)
    assert (x.role, y.role, a.role) == ("input", "input", "param")
    assert y.value is None
    assert a.value is not None
    assert unparse(a.value) == "1/2"
    assert f.parameters == ("p", "q")


def test_bindings_are_read_with_their_places() -> None:
    text = "x = 2, ŷ = pi/2, W = [[1, 2], [3, 4]], z"
    found = parse_bindings(text, "--at")
    assert [(name, value and unparse(value)) for name, _, value in found] == [
        ("x", "2"),
        ("ŷ", "pi/2"),
        ("W", "[[1, 2], [3, 4]]"),
        ("z", None),
    ]
    assert [text[at.start : at.end] for _, at, _ in found] == ["x", "ŷ", "W", "z"]


# ---- section 7: mistakes. Text, complaint, what the caret points at, and a piece of the fix it suggests ----

MISTAKES = [
    ("y = 2x", "missing-operator", "x", "y = 2*x"),
    ("y = x y", "missing-operator", "y", "y = x*y"),
    ("y = (a)(b)", "missing-operator", "(", "(a)*(b)"),
    ("y = 3 sin(x)", "missing-operator", "sin", "3*sin(x)"),
    ("y = sin x", "missing-operator", "x", "sin(x)"),
    ("y = [1 2]", "missing-operator", "2", "[1, 2]"),
    ("y = ", "missing-operand", "=", "in parentheses"),
    ("y = a +\n", "missing-operand", "+", "in parentheses"),
    ("y = a +* b", "missing-operand", "*", "delete it"),
    ("y = *a", "missing-operand", "*", "delete it"),
    ("y = f(a,)", "missing-operand", ")", "write what is missing"),
    ("y = ()", "missing-operand", "()", "write an expression"),
    ("y = W[]", "missing-operand", "[]", "write an expression"),
    ("y = log()", "wrong-number-of-arguments", "()", "write what it is applied to"),
    ("y = (a + b", "unclosed-bracket", "(", "add )"),
    ("y = W[1", "unclosed-bracket", "[", "add ]"),
    ("y = a + b)", "unmatched-bracket", ")", "delete it"),
    ("y = (a]", "unmatched-bracket", "]", "write )"),
    ("y = (a; b)", "semicolon-in-brackets", ";", "close the bracket"),
    ("x + 1", "no-name", "x + 1", "y = x + 1"),
    ("y == 3", "no-name", "y == 3", "y = 3"),
    ("2x = 3", "bad-target", "2x", "name = expression"),
    ("W[0] = 3", "bad-target", "W[0]", "name = expression"),
    ("= 3", "bad-target", "=", "write a name"),
    ("f() = 3", "bad-target", "f()", "f(x, y) = ..."),
    ("f(2) = 3", "bad-target", "f(2)", "f(x, y) = ..."),
    ("x += 1", "name-assigned-twice", "x +=", "a new name"),
    ("x = y = 2", "second-equals", "=", "two statements"),
    ("input = 3", "reserved-word", "input", "input x = 2"),
    ("y = param + 1", "reserved-word", "param", "another name"),
    ("f(input) = 2", "reserved-word", "input", "another name"),
    ("input x y", "missing-comma", "y", "input x, y"),
    ("param x = 3 4", "missing-comma", "4", "param x = 3, 4"),
    ("y = a < b < c", "chained-comparison", "<", "(a < b)*(b < c)"),
    ("y = x²^3", "ambiguous-power", "^", "x^(2^3)"),
    ("y = x.shape", "unknown-attribute", ".shape", "W.T"),
    ("y = 1,5", "unexpected-comma", ",", "1.5"),
    ("y = (1, 2)", "unexpected-comma", ",", "[1, 2]"),
    ("a = 1, b = 2", "unexpected-comma", ",", "; or a new line"),
    ("y = f(a == 1, b = c = 2)", "syntax", "=", "=="),
    ("y = 1e999", "literal-overflow", "1e999", "rescale"),
    ("y = 1e-999", "literal-out-of-range", "1e-999", "float64"),
    ("y = 1e100000000", "literal-overflow", "1e100000000", "rescale"),
    (f"y = a + {'1' * 1001}", "literal-too-long", "1" * 1001, "round it"),
    ("y = x % 2", "unexpected-character", "%", "mod(x, y)"),
    ("y = {x}", "unexpected-character", "{", "( ) or [ ]"),
    ("y = x ≤ 2", "unexpected-character", "≤", "<="),
    ("y = x – 1", "unexpected-character", "–", "en dash"),
    ("y = 2½", "unexpected-character", "½", "1/2"),
    (r"y = \log(x)", "unexpected-character", "\\", "no LaTeX"),
    ("y = x\x00", "unexpected-character", "\x00", "delete it"),
    ("y = x\x1b[3m", "unexpected-character", "\x1b", "delete it"),
    ("y = x\u200b + 1", "unexpected-character", "\u200b", "delete it"),
    ("y = a # \u202e b", "unexpected-character", "\u202e", "delete it"),
    ("y = a\u202eb", "unexpected-character", "\u202e", "delete it"),
    ("y = __import__('os').system('id')", "unexpected-character", "'", "leave the quote out"),
    ("y = f'{x}'", "unexpected-character", "'", "leave the quote out"),
]


@pytest.mark.parametrize(("text", "reference", "caret", "fix"), MISTAKES, ids=[each[0][:30] for each in MISTAKES])
def test_a_mistake_is_named_and_placed_and_mended(text: str, reference: str, caret: str, fix: str) -> None:
    """Also below other statements: the caret stands in the right line."""
    for above in ("", "q = 1\n# ŷ\n  r = q*2; "):
        found = complaint(above + text)
        assert found.reference == reference
        assert pointed_at(found) == caret
        assert fix in found.hint
        assert found.span
        assert found.span.start >= len(above)


@pytest.mark.parametrize("text", ["y = 2x²", "y = a b c", "y = x y + (z w)", "y = 3 sin(x)", "y = (a)(b)", "input x y z", "y = [1 2]"])
def test_following_the_advice_again_and_again_ends_at_a_legal_statement(text: str) -> None:
    for _ in range(4):
        if not read(text).faults:
            return
        text = complaint(text).hint.removeprefix("write  ").split(", or  ")[0]
    raise AssertionError(text)


def test_a_strange_character_is_named_with_its_number() -> None:
    assert "U+200B (zero width space)" in complaint("y = a\u200b").message
    assert "U+0000" in complaint("y = \x00").message


def test_every_mistake_of_a_file_is_told_once_and_in_order() -> None:
    found = complaints("a = 2x\nb = (1\nc = 3 +\nd = 4\ne = 5 6; f = )\ng = f(2,\nh = 1")
    assert [(d.reference, d.source.place(d.span.start)[0]) for d in found if d.source and d.span] == [
        ("missing-operator", 1),
        ("unclosed-bracket", 2),
        ("missing-operand", 3),
        ("missing-operator", 5),
        ("unmatched-bracket", 5),
        ("unclosed-bracket", 6),
    ]


def test_a_bracket_that_is_never_closed_spoils_no_other_statement() -> None:
    program = read("a = (1\n\n# (\nb = f(a,\n  axis=1)\nc = f(\n  axis=1\n)\nd = [1,\nv = 3; e = 4\n")
    assert [(type(s), s.name) for s in program] == [
        (Faulty, "a"),
        (Assign, "b"),
        (Assign, "c"),
        (Faulty, "d"),
        (Assign, "v"),
        (Assign, "e"),
    ]
    assert [d.reference for d in program.faults] == ["unclosed-bracket"] * 2


def test_brackets_that_are_never_closed_cost_no_more_than_their_complaints() -> None:
    found = complaints("a = f(1,\n" * 20_000)
    assert {d.reference for d in found} == {"unclosed-bracket"}
    assert len(found) == 10


def test_at_most_ten_mistakes_are_told() -> None:
    with pytest.raises(BackpropError) as caught:
        parse("\n".join(f"a{i} = {i}x" for i in range(25)))
    assert len(caught.value.diagnostics) == 10
    assert caught.value.found == 25


def test_a_statement_broken_off_is_one_mistake() -> None:
    """The second line of a sum that lacks its parentheses has no name, but that is not what is wrong."""
    assert [d.reference for d in complaints("y = a +\nb + c\nz = 2")] == ["missing-operand"]
    assert [d.reference for d in complaints("y = a +\nz = 2\nb + c")] == ["missing-operand", "no-name"]


def test_a_statement_that_cannot_be_read_keeps_its_name() -> None:
    found = [(s.name, s.function) for s in read("ŷ = 2x\n+ = 3\nf(x) = 2x\nW[0] = 1") if isinstance(s, Faulty)]
    assert found == [("ŷ", None), (None, None), (None, "f"), (None, None)]


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"a = 1\nb = \xff\n", "byte 11 (line 2) is 0xff"),
        ("y = é".encode("latin-1"), "byte 5 (line 1) is 0xe9"),
        (b"\xef\xbb\xbfx = \xc3(", "byte 8 (line 1)"),
        ("y = 1".encode("utf-16"), "UTF-16"),
    ],
)
def test_other_encodings_are_refused_by_the_byte(data: bytes, where: str) -> None:
    (found,) = complaints(data)
    assert found.reference == "not-utf8"
    assert where in found.message


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse("\ufeffy = 1".encode()).statements[0].span == Span(0, 5)


# ---- the suggestion of a name ----


@pytest.mark.parametrize(("typed", "meant"), [("sigmod", "sigmoid"), ("LOG", "log"), ("Sigmoid", "sigmoid"), ("zzz", None), ("", None)])
def test_the_nearest_name_is_suggested(typed: str, meant: str | None) -> None:
    assert nearest(typed, ["sigmoid", "log", "sin", "softplus"]) == meant


def test_a_complaint_has_a_kebab_case_name() -> None:
    with pytest.raises(ValueError, match="kebab-case"):
        Diagnostic("Not Kebab", "message")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("((x))", "( x )"),
        ("(((x)))", "(  x  )"),
        ("((x) + (y))*((z))", "((x) + (y))*( z )"),
        ("((x)(y))", "((x)(y))"),
        ("f((x))", "f((x))"),
        ("f (((x)))", "f (( x ))"),
        ("f((x, y))", "f((x, y))"),
        ("((x)", "((x)"),
        ("(x))", "(x))"),
        ("()", "()"),
        ("[((x)), 1]", "[( x ), 1]"),
    ],
)
def test_parentheses_within_parentheses_mean_nothing(text: str, plain: str) -> None:
    assert without_double_parentheses(text) == plain


def test_very_deep_parentheses_are_read_with_their_places() -> None:
    deep = 5_000
    (statement,) = parse(f"L = 2*{'(' * deep}x + 1{')' * deep}").statements
    assert isinstance(statement, Assign)
    assert unparse(statement.expr) == "2*(x + 1)"
    names = [part.span for part in postorder(statement.expr) if isinstance(part, Name)]
    assert names == [Span(6 + deep, 7 + deep)]
    with pytest.raises(BackpropError) as refused:
        parse(f"L = 2*{'(' * deep}x + {')' * deep}")
    (found,) = refused.value.diagnostics
    assert found.span is not None
    assert (found.reference, found.span.start) == ("missing-operand", 10 + deep)


@pytest.mark.parametrize(("text", "column"), [("\ufeff", 1), ("\ufeffx = 1, q$ = 2", 9), ("x = 1,\r\nq$ = 2", 2)])
def test_places_in_values_where_a_text_begins_with_a_mark_or_ends_its_lines_with_two_characters(text: str, column: int) -> None:
    """A byte order mark and nothing else was a fault."""
    with pytest.raises(BackpropError) as found:
        parse_bindings(text, "--at")
    told = found.value.diagnostics[0]
    assert told.source is not None
    assert told.span is not None
    assert told.source.place(told.span.start)[1] == column
