"""`backprop verify`: homework answers judged against the graph."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backprop_cli.commands import ExitStatus, Job
from backprop_cli.commands import options as opt
from backprop_cli.errors import BackpropError, Diagnostic, nearest

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given
    from backprop_cli.homework.rules import Rules
    from backprop_cli.lang.program import Program
    from backprop_cli.limits import Limits
    from backprop_cli.render.look import Look
    from backprop_cli.reports.verify import Report

EXAMPLES = """\
backprop verify samples/chain.expr samples/chain.answers
backprop verify samples/chain.expr -a 'dL/da = 2*z/(a*w^2)'      inline
backprop verify samples/chain.expr mine.txt --require dL/da,dL/db
backprop verify samples/chain.expr mine.txt --reveal             for teachers
backprop verify samples/chain.expr mine.txt --rubric hw1.toml -o results.json"""
JUDGING, FEEDBACK = "judging", "feedback"
FORMATS = ("terminal", "plain", "markdown", "json", "csv", "gradescope", "prairielearn", "classroom", "junit")
SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".xml": "junit", ".txt": "plain"}

Answers = Annotated[str | None, typer.Argument(metavar="ANSWERS", help="the answers, one a line; - for standard input", show_default=False)]
Inline = Annotated[
    list[str] | None,
    typer.Option("-a", "--answer", metavar="LINE", help="an answer instead of ANSWERS (repeatable)", rich_help_panel=opt.INPUT),
]
Require = Annotated[
    list[str] | None, typer.Option("--require", metavar="dL/da,db", help="answers that must be there", rich_help_panel=JUDGING)
]
Precision = Annotated[
    str | None, typer.Option("--digits", metavar="N", help="digits a number must be right to (3)", rich_help_panel=JUDGING)
]
Tolerance = Annotated[
    str | None, typer.Option("--tolerance", metavar="X", help="relative tolerance instead of digits", rich_help_panel=JUDGING)
]
Form = Annotated[
    str | None, typer.Option("--form", metavar="FORM", help="only in this form: simplified, product, number", rich_help_panel=JUDGING)
]
Rate = Annotated[str | None, typer.Option("--rate", metavar="0.1", help="the learning rate of updates", rich_help_panel=JUDGING)]
Comma = Annotated[bool, typer.Option("--decimal-comma", help="read 0,25 as 0.25", rich_help_panel=JUDGING)]
Rubric = Annotated[
    str | None, typer.Option("--rubric", metavar="FILE", help="a .toml with points, credit and all of these", rich_help_panel=JUDGING)
]
Strength = Annotated[str | None, typer.Option("--hints", metavar="HOW", help="none, node, rule or local (rule)", rich_help_panel=FEEDBACK)]
Reveal = Annotated[bool, typer.Option("--reveal", help="show the right answers too", rich_help_panel=FEEDBACK)]
NoDiagnosis = Annotated[bool, typer.Option("--no-diagnosis", help="do not ask what went wrong", rich_help_panel=FEEDBACK)]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", help="markdown, csv, gradescope, prairielearn, junit, ...", rich_help_panel=opt.OUTPUT),
]
Output = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="write to .json, .csv, .md, .xml, .txt", rich_help_panel=opt.OUTPUT)
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="verdicts without explanations", rich_help_panel=opt.OUTPUT)]


def verify(
    file: opt.File = None,
    answers: Answers = None,
    *,
    expression: opt.Text = None,
    answer: Inline = None,
    at: opt.At = None,
    data: opt.Data = None,
    limit: opt.LimitOptions = None,
    of: opt.Of = None,
    require: Require = None,
    digits: Precision = None,
    tolerance: Tolerance = None,
    form: Form = None,
    rate: Rate = None,
    decimal_comma: Comma = False,
    rubric: Rubric = None,
    hints: Strength = None,
    reveal: Reveal = False,
    no_diagnosis: NoDiagnosis = False,
    json: opt.Json = False,
    format: Format = None,
    output: Output = None,
    quiet: Quiet = False,
    color: opt.Color = "auto",
    no_color: opt.NoColor = False,
    ascii: opt.Ascii = False,
) -> Job:
    """Homework answers judged against the graph, with what went wrong."""

    def job() -> ExitStatus:
        from backprop_cli.commands.reading import read_program
        from backprop_cli.limits import SUBMISSION
        from backprop_cli.render.look import look_at
        from backprop_cli.reports.verify import Report

        own, theirs = opt.limits(limit), opt.limits(limit, SUBMISSION)
        look = look_at(sys.stdout, opt.colour(color, no_color), ascii)
        kind = _format(format, output, json)
        where, inline = _inputs(file, answers, expression, answer)
        rules = _with_options(_rubric(rubric, own), digits=digits, tolerance=tolerance, form=form, rate=rate, strength=hints)
        rules = replace(rules, decimal_comma=rules.decimal_comma or decimal_comma, diagnose=rules.diagnose and not no_diagnosis)
        rules = replace(rules, require=opt.names("--require", require) or rules.require)
        program = read_program(where if expression is None else None, expression, "verify", own)
        name, text = _answers(inline, answer, theirs)
        output_name, point = opt.one("--of", of), _point(program, at, data, own)
        from backprop_cli.homework.judge import judge

        found = judge(program, text, point, output_name, rules, name, theirs, own)
        return _write(Report(found, rules, program.source.name, name, reveal, quiet), kind, output, look)

    return job


def _usage(message: str, hint: str = "") -> BackpropError:
    return BackpropError(Diagnostic("bad-usage", message, hint=hint))


def _inputs(file: str | None, answers: str | None, expression: str | None, inline: list[str] | None) -> tuple[str | None, str | None]:
    """FILE and ANSWERS. Beside -e, the one name there is means the answers."""
    if expression is not None:
        if answers is not None:
            raise BackpropError(Diagnostic("two-inputs", f"both a FILE ({file}) and -e TEXT are given", hint="give one of them"))
        file, answers = None, file
    if answers is not None and inline:
        raise BackpropError(Diagnostic("two-inputs", f"both ANSWERS ({answers}) and -a LINE are given", hint="give one of them"))
    if answers is None and not inline and (file is not None or expression is not None):
        raise BackpropError(
            Diagnostic("no-answers", "verify needs ANSWERS, - for standard input, or -a LINE", hint="backprop verify net.expr answers.txt")
        )
    if file == "-" and answers == "-":
        raise _usage("FILE and ANSWERS cannot both be standard input", "give one of them as a file, or -e TEXT")
    return file, answers


def _answers(path: str | None, inline: list[str] | None, limits: Limits) -> tuple[str, bytes]:
    """The name of the answers and their text."""
    from backprop_cli.commands.reading import read_file, read_stdin

    if path is None:
        return "-a", "\n".join(inline or ()).encode("utf-8", "surrogateescape")
    return ("<stdin>", read_stdin(limits)) if path == "-" else (path, read_file(path, limits))


def _rubric(path: str | None, limits: Limits) -> Rules:
    from backprop_cli.homework.rules import Rules

    if path is None:
        return Rules()
    from backprop_cli.commands.reading import read_file
    from backprop_cli.homework.rubric import read_rubric

    return read_rubric(read_file(path, limits), path, limits)


def _with_options(rules: Rules, **given: str | None) -> Rules:
    """The rules with what the command line sets; it wins over the rubric, whose settings for single answers remain."""
    if all(text is None for text in given.values()):
        return rules
    from backprop_cli.homework import rubric

    fields = {"strength": "hints"}
    readers: dict[str, Any] = {name: getattr(rubric, name) for name in given}
    for name, text in given.items():
        if text is None:
            continue
        try:
            value = readers[name](_typed(name, text))
        except rubric.Unfit as takes:
            option = fields.get(name, name)
            raise BackpropError(Diagnostic(f"bad-{option}", f"--{option} takes {takes}, not {text!r}")) from None
        rules = replace(rules, **{fields.get(name, name): value})
    return rules


def _typed(name: str, text: str) -> int | float | str:
    """What was typed as the number that the rubric's reader takes; as it is where it is none."""
    try:
        if name == "digits":
            return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else text
        return float(text) if name == "tolerance" else text
    except ValueError:
        return text


def _point(program: Program, at: list[str] | None, data: str | None, limits: Limits) -> dict[str, Given]:
    """Where the graph is looked at; complains about names that are no leaves."""
    from backprop_cli.autodiff.point import point as checked
    from backprop_cli.commands.point import point, with_columns
    from backprop_cli.graph.build import build

    where = point(at, limits)
    if where:
        checked(build(program, where.keys(), limits), where, False, limits)
    return where if data is None else with_columns(program, where, data, limits)[0]


def _format(given: str | None, output: str | None, json: bool) -> str:
    """The format asked for: by name, else by the suffix of the file, else (``) what fits the stream."""
    if given is not None and given not in FORMATS:
        near = nearest(given, FORMATS)
        listed = ", ".join(FORMATS)
        raise BackpropError(
            Diagnostic("bad-choice", f"--format takes {listed}, not {given!r}", hint=f"did you mean {near}?" if near else "")
        )
    if json and given not in (None, "json"):
        raise _usage("--json and another format are asked for", "leave one of them out")
    to_file = output is not None and output != "-"
    if to_file:
        from backprop_cli.commands.writing import require_writable

        require_writable(str(output))
    if given is not None or json:
        return given or "json"
    if not to_file:
        return ""
    suffix = os.path.splitext(str(output))[1].lower()
    if suffix not in SUFFIXES:
        message = f"{output}: no format has the suffix {suffix or '(none)'}"
        raise BackpropError(Diagnostic("unknown-format", message, hint=f"{' '.join(SUFFIXES)}, or --format"))
    return SUFFIXES[suffix]


def _write(found: Report, kind: str, output: str | None, look: Look) -> ExitStatus:
    """The report in the format asked for, on standard output or in a file."""
    if output is None or output == "-":
        sys.stdout.write(_drawn(found, kind, look))
        return ExitStatus(found.status)
    from backprop_cli.commands.writing import say_written, write_whole

    paper = replace(look, width=None, colour=False, unicode=True)
    write_whole(output, _drawn(found, kind, paper).encode("utf-8", "backslashreplace"))
    if not found.quiet:
        say_written(output)
    return ExitStatus(found.status)


def _drawn(found: Report, kind: str, look: Look) -> str:
    if kind == "json":
        from backprop_cli.render.as_json import json_text
        from backprop_cli.reports.verify_data import data

        return json_text(data(found)) + "\n"
    if kind == "csv":
        from backprop_cli.render.csv_text import csv_text
        from backprop_cli.reports.verify_data import rows

        return csv_text(rows(found))
    from backprop_cli.render import FEEDBACK, FORMATS, draw

    if kind in FEEDBACK:
        from backprop_cli.reports.verify_data import feedback

        return FEEDBACK[kind](feedback(found))
    from backprop_cli.reports.verify import document

    return "".join(draw(document(found), look) if not kind else FORMATS[kind](document(found), look))
