"""`backprop trace`: the forward sweep and the backward sweep, step by step."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from backprop_cli.commands import ExitStatus, Job
from backprop_cli.commands import options as opt
from backprop_cli.errors import BackpropError, Diagnostic, nearest

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given
    from backprop_cli.lang.program import Program
    from backprop_cli.limits import Limits
    from backprop_cli.render.look import Look
    from backprop_cli.reports.patterns import Patterns
    from backprop_cli.reports.trace import Report
    from backprop_cli.reports.trace_views import View

EXAMPLES = """\
backprop trace samples/chain.expr                   forward, then backward
backprop trace samples/chain.expr --exact --wrt a   fractions; the way to a
backprop trace samples/shared-input.expr --paths    every path, its product
backprop trace samples/neurons.expr --elementwise   matrix rules written out
backprop trace samples/chain.expr --format latex    or -o chain.tex, for paper"""
VIEW = "view"

Ops = Annotated[bool, typer.Option("--ops", help="open assignments into single operations", rich_help_panel=VIEW)]
Symbolic = Annotated[bool, typer.Option("--symbolic", help="formulas without values", rich_help_panel=VIEW)]
Elementwise = Annotated[bool, typer.Option("--elementwise", help="small matrix rules entry by entry", rich_help_panel=VIEW)]
Mode = Annotated[str, typer.Option("--mode", metavar="MODE", help="reverse, forward or both", rich_help_panel=VIEW)]
Algorithm = Annotated[
    str, typer.Option("--algorithm", metavar="WAY", help="iterative (marks) or recursive (calls, memo)", rich_help_panel=VIEW)
]
Style = Annotated[str, typer.Option("--style", metavar="STYLE", help="static (expressions first) or tape (replay)", rich_help_panel=VIEW)]
Paths = Annotated[bool, typer.Option("--paths", help="the product along every path, and their sum", rich_help_panel=VIEW)]
Expand = Annotated[bool, typer.Option("--expand", help="the closed form and its derivative too", rich_help_panel=VIEW)]
Step = Annotated[bool, typer.Option("--step", help="one step at a time: keys, guesses", rich_help_panel=VIEW)]
Format = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="plain, markdown, latex or json", rich_help_panel=opt.OUTPUT)
]
Output = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="write to .txt, .md, .tex or .json", rich_help_panel=opt.OUTPUT)
]


def trace(
    file: opt.File = None,
    *,
    expression: opt.Text = None,
    at: opt.At = None,
    data: opt.Data = None,
    limit: opt.LimitOptions = None,
    of: opt.Of = None,
    wrt: opt.Wrt = None,
    exact: opt.Exact = False,
    ops: Ops = False,
    symbolic: Symbolic = False,
    elementwise: Elementwise = False,
    mode: Mode = "reverse",
    algorithm: Algorithm = "",
    style: Style = "",
    paths: Paths = False,
    expand: Expand = False,
    step: Step = False,
    json: opt.Json = False,
    format: Format = None,
    output: Output = None,
    digits: opt.Digits = "6",
    color: opt.Color = "auto",
    no_color: opt.NoColor = False,
    ascii: opt.Ascii = False,
) -> Job:
    """Forward and backward, a row for each local derivative."""

    def job() -> ExitStatus:
        from backprop_cli.commands.point import point
        from backprop_cli.commands.reading import read_program
        from backprop_cli.render.look import look_at
        from backprop_cli.reports.trace import report
        from backprop_cli.reports.trace_views import View

        limits = opt.limits(limit)
        look = look_at(sys.stdout, opt.colour(color, no_color), ascii, opt.digits(digits))
        if step and json:
            raise BackpropError(Diagnostic("bad-usage", "--step is for people and --json for programs", hint="leave one of them out"))
        kind = _format(format, output, json)
        _choice("--mode", mode, ("reverse", "forward", "both"))
        _choice("--algorithm", algorithm, ("", "iterative", "recursive"))
        _choice("--style", style, ("", "static", "tape"))
        view = View(symbolic, elementwise, "" if mode == "reverse" else mode, algorithm, style, paths, expand)
        _one_way(view)
        name, names = opt.one("--of", of), opt.names("--wrt", wrt)
        program = read_program(file, expression, "trace", limits)
        where = point(at, limits)
        patterns = None
        if data is not None:
            where, patterns = _patterns(program, where, data, name, names, limits)
        found = report(program, where, name, names, exact=exact, ops=ops, symbolic=symbolic and kind != "json", limits=limits)
        if step:
            from backprop_cli.commands.stepping import walk

            return walk(found, look)
        return _write(found, view, kind, output, look, patterns)

    return job


def _patterns(
    program: Program, at: dict[str, Given], path: str, of: str | None, wrt: tuple[str, ...] | None, limits: Limits
) -> tuple[dict[str, Given], Patterns]:
    """The point to trace, and the gradients of each pattern. A program for one pattern is traced at the first."""
    from backprop_cli.commands.point import with_columns
    from backprop_cli.graph.build import build
    from backprop_cli.reports.patterns import patterns

    where, given = with_columns(program, at, path, limits)
    found = patterns(build(program, where.keys(), limits), where, given, of, wrt, limits)
    if found.vectorised:
        return where, found
    return {**where, **{name: float(where[name][0]) for name in given}}, found  # type: ignore[index]


def _write(found: Report, view: View, kind: str, output: str | None, look: Look, patterns: Patterns | None) -> ExitStatus:
    """The trace in the format asked for, on standard output or in a file."""
    if output is None or output == "-":
        sys.stdout.writelines(_drawn(found, view, kind, look, patterns))
        return ExitStatus.OK
    from dataclasses import replace

    from backprop_cli.commands.writing import write_whole

    paper = replace(look, width=None, colour=False, unicode=True)
    write_whole(output, "".join(_drawn(found, view, kind, paper, patterns)).encode("utf-8", "backslashreplace"))
    return ExitStatus.OK


def _drawn(found: Report, view: View, kind: str, look: Look, patterns: Patterns | None) -> Iterator[str]:
    if kind == "json":
        from backprop_cli.render.as_json import json_text
        from backprop_cli.reports.trace import data
        from backprop_cli.reports.trace_data import view_data

        whole_data = {**data(found), **view_data(found, view)}
        if patterns is not None:
            from backprop_cli.reports.trace_patterns import accumulation_data

            whole_data["patterns"] = accumulation_data(patterns)
        yield json_text(whole_data) + "\n"
        return
    from backprop_cli.render import FORMATS, draw
    from backprop_cli.reports.trace_views import document

    whole = document(found, view)
    if patterns is not None:
        from backprop_cli.reports.document import Document
        from backprop_cli.reports.trace_patterns import accumulation

        whole = Document((*whole.blocks, *accumulation(patterns)))
    yield from draw(whole, look) if not kind else FORMATS[kind](whole, look)


def _format(given: str | None, output: str | None, json: bool) -> str:
    """The format asked for: by name, else by the suffix of the file, else (``) what fits the stream."""
    from backprop_cli.render import SUFFIXES

    if json and (given not in (None, "json") or (output or "").endswith((".md", ".tex", ".txt"))):
        raise BackpropError(Diagnostic("bad-usage", "--json and another format are asked for", hint="leave one of them out"))
    if given is not None:
        _choice("--format", given, tuple(SUFFIXES.values()))
        return given
    if json:
        return "json"
    if output is None or output == "-":
        return ""
    suffix = os.path.splitext(output)[1].lower()
    if suffix not in SUFFIXES:
        listed = " ".join(SUFFIXES)
        raise BackpropError(
            Diagnostic("unknown-format", f"{output}: no format has the suffix {suffix or '(none)'}", hint=f"{listed}, or --format")
        )
    return SUFFIXES[suffix]


def _choice(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        listed = ", ".join(word for word in known if word)
        near = nearest(given, known)
        raise BackpropError(
            Diagnostic("bad-choice", f"{option} takes {listed}, not {given!r}", hint=f"did you mean {near}?" if near else "")
        )


def _one_way(view: View) -> None:
    """Only one way of going back at a time."""
    chosen = {
        "--symbolic": view.symbolic,
        f"--mode {view.mode}": bool(view.mode),
        f"--algorithm {view.algorithm}": bool(view.algorithm),
        f"--style {view.style}": bool(view.style),
    }
    named = [option for option, given in chosen.items() if given]
    if len(named) > 1:
        raise BackpropError(
            Diagnostic("two-views", f"{named[0]} and {named[1]} are two tellings of one sweep", hint="ask for one at a time")
        )
