"""The doors at which texts of strangers arrive, and what holds for every text: an answer or a BackpropError, in little time."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from backprop_cli.autodiff import differentiate
from backprop_cli.calculus.signatures import signatures
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.graph.build import build
from backprop_cli.homework.judge import Bench
from backprop_cli.lang.answers import Answer, Vocabulary, read_answers, written
from backprop_cli.lang.parse import parse_bindings, parse_expression, read
from backprop_cli.lang.program import Assign
from backprop_cli.lang.syntax import same
from backprop_cli.lang.unparse import unparse
from backprop_cli.limits import SUBMISSION
from backprop_cli.render.diagnostic import drawing
from backprop_cli.render.look import Look

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
CORPUS = Path(__file__).parent / "corpus"
# Programs whose answers are judged; the first character of a text chooses among them.
PROGRAMS = ("chain", "layers-relu", "neuron-vectors", "log-likelihood", "logistic-regression", "relu-exercise")
LONGEST = 2.0  # seconds that one answer, or one program, may take
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")

Target = Callable[[bytes], None]


def parse(data: bytes) -> None:
    """A program of a stranger: read, built, differentiated, and written out again. Also the text of a `--at`."""
    try:
        program = read(data, "<fuzz>", SUBMISSION)
        for statement in program:
            if isinstance(statement, Assign):
                again = parse_expression(unparse(statement.expr))
                assert same(again, statement.expr), "what is written out is read as another tree"
        graph = build(program, (), SUBMISSION)
        needed = [name for name, leaf in graph.leaves.items() if leaf not in graph.literal and leaf not in graph.preset]
        differentiate(graph, {name: 0.5 + number / 8 for number, name in enumerate(needed)}, limits=SUBMISSION)
    except BackpropError as error:
        _told(error)
    try:
        parse_bindings(data.decode("utf-8", "replace"), "--at", SUBMISSION)
    except BackpropError as error:
        _told(error)


def answers(data: bytes) -> None:
    """A text of answers, read with the words of one program; each tree is written out."""
    known, rest = _chosen(data)
    comma = len(rest) % 4 == 3
    try:
        found = read_answers(rest, _vocabularies()[known], "<fuzz>", SUBMISSION, comma)
    except BackpropError as error:
        _told(error)
        return
    for each in found:
        if isinstance(each, Answer):
            assert each.links, "an answer without a right side"
            for link in each.links:
                written(link)
        else:
            _told(BackpropError(each.diagnostic))


def judge(data: bytes) -> None:
    """A text of answers, judged against one program."""
    known, rest = _chosen(data)
    try:
        judgement = bench(PROGRAMS[known]).judge(rest, "<fuzz>", SUBMISSION)
    except BackpropError as error:
        _told(error)
        return
    assert judgement.points <= judgement.maximum + 1e-9
    for each in judgement.answers:
        if each.complaint is not None:
            _told(BackpropError(each.complaint))


TARGETS: dict[str, Target] = {"parse": parse, "answers": answers, "judge": judge}


def allowed(name: str, data: bytes) -> float:
    """How many seconds a text may take: each answer has its own time."""
    return LONGEST * (1 + (data.count(b"\n") + data.count(b";") if name == "judge" else 0))


@cache
def bench(program: str) -> Bench:
    """The judge of one of the sample programs."""
    return Bench(read((SAMPLES / f"{program}.expr").read_text("utf-8"), f"{program}.expr"))


@cache
def _vocabularies() -> list[Vocabulary]:
    return [bench(program).words for program in PROGRAMS[:2]] + [
        Vocabulary(frozenset({"x", "y", "W", "z1", "ŷ", "θ", "L"}), frozenset({"f"}), "L", signatures()),
        Vocabulary(frozenset({"x", "L"})),
        Vocabulary(frozenset()),
        *[bench(program).words for program in PROGRAMS[5:]],
    ]


def _chosen(data: bytes) -> tuple[int, bytes]:
    return (data[0] % len(PROGRAMS), data[1:]) if data else (0, b"")


def _told(error: BackpropError) -> None:
    """Every complaint can be shown, has its place in the text, and shows no character that would move a terminal."""
    text = "".join(drawing(error, Look(80)))
    assert not _CONTROLS.search(text), f"a control character is shown: {text!r}"
    for each in error.diagnostics:
        _placed(each)


def _placed(each: Diagnostic) -> None:
    if each.source is not None and each.span is not None:
        assert 0 <= each.span.start <= each.span.end <= len(each.source.text) + 1, f"a place outside the text: {each.span}"


# ---- texts to begin with ----


def seeds(name: str) -> list[bytes]:
    """The samples, and the texts in the corpus that nobody means well."""
    found = [path.read_bytes() for path in sorted(CORPUS.glob("*.txt"))]
    if name == "parse":
        return [path.read_bytes() for path in sorted(SAMPLES.glob("*.expr"))] + found
    begun = [bytes([48 + number]) for number in range(len(PROGRAMS))]  # "0" is 48, a multiple of six
    sheets = sorted(SAMPLES.glob("*.answers"))
    whole = [first + path.read_bytes() for path in sheets for first, program in zip(begun, PROGRAMS, strict=True) if program in path.stem]
    lines = {line for path in sheets for line in path.read_text("utf-8").split("\n") if "=" in line and not line.startswith("#")}
    single = [begun[number % len(begun)] + line.encode() for number, line in enumerate(sorted(lines))]
    return whole + single + [begun[number % len(begun)] + text for number, text in enumerate(found)]
