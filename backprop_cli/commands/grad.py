"""`backprop grad`: the value, the gradients, and SymPy's verdict on them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backprop_cli.commands import ExitStatus, Job
from backprop_cli.commands import options as opt
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.records import record

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given
    from backprop_cli.lang.program import Program
    from backprop_cli.limits import Limits
    from backprop_cli.render.look import Look
    from backprop_cli.reports.document import Document
    from backprop_cli.reports.grad import Report
    from backprop_cli.reports.patterns import Patterns

EXAMPLES = """\
backprop grad -e 'L = (x - 1)^2' --at x=3             one line, no file
backprop grad samples/chain.expr --wrt a,b            two of its leaves
backprop grad samples/chain.expr --exact --symbolic   fractions and formulas
backprop grad samples/chain.expr --json --no-check    for another program
backprop grad samples/classifier.expr --data samples/flowers.csv"""


def grad(
    file: opt.File = None,
    *,
    expression: opt.Text = None,
    at: opt.At = None,
    data: opt.Data = None,
    limit: opt.LimitOptions = None,
    of: opt.Of = None,
    wrt: opt.Wrt = None,
    exact: opt.Exact = False,
    symbolic: opt.Symbolic = False,
    jacobian: opt.Jacobian = False,
    per_row: opt.PerRow = False,
    no_check: opt.NoCheck = False,
    json: opt.Json = False,
    output: opt.Output = None,
    digits: opt.Digits = "6",
    quiet: opt.Quiet = False,
    color: opt.Color = "auto",
    no_color: opt.NoColor = False,
    ascii: opt.Ascii = False,
) -> Job:
    """The gradient of the output for every leaf, checked by SymPy."""

    def job() -> ExitStatus:
        from backprop_cli.commands.point import point, with_columns
        from backprop_cli.commands.reading import read_program
        from backprop_cli.render.look import look_at

        limits = opt.limits(limit)
        look = look_at(sys.stdout, opt.colour(color, no_color), ascii, opt.digits(digits))
        asked = Asked(
            program=read_program(file, expression, "grad", limits),
            at=point(at, limits),
            of=opt.one("--of", of),
            wrt=opt.names("--wrt", wrt),
            exact=exact,
            symbolic=symbolic,
            check=not no_check,
            quiet=quiet,
            output=_suffix(output),
            limits=limits,
        )
        if per_row and data is None:
            raise _usage("--per-row tells the rows of a table apart", "give the table:  --data train.csv --per-row")
        if jacobian and (per_row or symbolic):
            raise _usage("--jacobian goes with neither --per-row nor --symbolic", "leave one of them out")
        if per_row and exact:
            raise _usage("--per-row works with decimal numbers", "leave --exact out")
        columns: tuple[str, ...] = ()
        if data is not None:
            bound, columns = with_columns(asked.program, asked.at, data, limits)
            asked = replace(asked, at=bound)
        if jacobian:
            return _jacobian(asked, json, look)
        return _as_json(asked, columns if per_row else ()) if json else _as_text(asked, columns if per_row else (), look)

    return job


@record
class Asked:
    """What the command line asks for."""

    program: Program
    at: dict[str, Given]
    of: str | None
    wrt: tuple[str, ...] | None
    exact: bool
    symbolic: bool
    check: bool
    quiet: bool
    output: str | None
    limits: Limits

    def report(self) -> Report:
        from backprop_cli.reports.grad import report

        return report(self.program, self.at, self.of, self.wrt, exact=self.exact, symbolic=self.symbolic, limits=self.limits)

    def patterns(self, columns: tuple[str, ...]) -> Patterns:
        from backprop_cli.graph.build import build
        from backprop_cli.reports.patterns import patterns

        return patterns(build(self.program, self.at.keys(), self.limits), self.at, columns, self.of, self.wrt, self.limits)


def _usage(message: str, hint: str) -> BackpropError:
    return BackpropError(Diagnostic("bad-usage", message, hint=hint))


def _suffix(output: str | None) -> str | None:
    if output is not None and not output.endswith((".npz", ".json")):
        raise _usage(f"-o {output}: gradients are written to .npz or .json files", "choose one of these endings")
    if output is not None:
        from backprop_cli.commands.writing import require_writable

        require_writable(output)
    return output


def _write(asked: Asked, gradients: Mapping[str, Any], document: Callable[[], Mapping[str, Any]]) -> None:
    """Put the gradients, or for `.json` the whole document, into the file that was asked for, if one was."""
    if asked.output is None:
        return
    from backprop_cli.commands.writing import npz_bytes, say_written, write_whole
    from backprop_cli.render.as_json import json_text

    write_whole(asked.output, npz_bytes(gradients) if asked.output.endswith(".npz") else (json_text(document()) + "\n").encode())
    if not asked.quiet:
        say_written(asked.output)


def _as_json(asked: Asked, columns: tuple[str, ...]) -> ExitStatus:
    from backprop_cli.render.as_json import json_text
    from backprop_cli.reports.grad import data, judged

    added: Mapping[str, Any] = {}
    if columns:
        from backprop_cli.reports import patterns

        each = asked.patterns(columns)
        if not each.vectorised:
            alone = patterns.whole_data(each)
            _write(asked, each.whole, lambda: alone)
            sys.stdout.write(json_text(alone) + "\n")
            return ExitStatus.OK
        added = patterns.data(each)
    found = asked.report()
    if asked.check:
        found = judged(found, asked.limits)
    whole = {**data(found), **added}
    _write(asked, found.found.gradients, lambda: whole)
    sys.stdout.write(json_text(whole) + "\n")
    return ExitStatus.OK if found.ok else ExitStatus.WRONG


def _as_text(asked: Asked, columns: tuple[str, ...], look: Look) -> ExitStatus:
    """The gradients are on their way before anybody is asked about them: importing SymPy takes longer than all the rest."""
    from backprop_cli.render import draw
    from backprop_cli.reports.grad import answer, data, judged, verdict

    rows: Document | None = None
    if columns:
        from backprop_cli.reports import patterns

        each = asked.patterns(columns)
        rows = patterns.document(each)
        if not each.vectorised:
            _write(asked, each.whole, lambda: patterns.whole_data(each))
            sys.stdout.writelines(draw(rows, look))
            return ExitStatus.OK
    found = asked.report()
    sys.stdout.writelines(draw(answer(found), look))
    if rows is not None:
        sys.stdout.write("\n")
        sys.stdout.writelines(draw(rows, look))
    sys.stdout.flush()
    if asked.check:
        found = judged(found, asked.limits)
    _write(asked, found.found.gradients, lambda: data(found))
    said = verdict(found)
    if said.blocks and (found.ok is False or not asked.quiet):
        sys.stdout.write("\n")
        sys.stdout.writelines(draw(said, look))
    return ExitStatus.OK if found.ok else ExitStatus.WRONG


def _jacobian(asked: Asked, json: bool, look: Look) -> ExitStatus:
    from backprop_cli.render import draw
    from backprop_cli.render.as_json import json_text
    from backprop_cli.reports.jacobian import answer, data, judged, report, verdict

    found = report(asked.program, asked.at, asked.of, asked.wrt, asked.exact, asked.limits)
    if not json:
        sys.stdout.writelines(draw(answer(found), look))
        sys.stdout.flush()
    if asked.check:
        found = judged(found, asked.limits)
    _write(asked, found.found.jacobians, lambda: data(found))
    said = verdict(found)
    if json:
        sys.stdout.write(json_text(data(found)) + "\n")
    elif said.blocks and (found.ok is False or not asked.quiet):
        sys.stdout.write("\n")
        sys.stdout.writelines(draw(said, look))
    return ExitStatus.OK if found.ok else ExitStatus.WRONG
