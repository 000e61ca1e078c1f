"""The commands, put together; Typer reads the arguments and hands back a job to do."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from backprop_cli.commands.helping import SETTINGS, Group
from backprop_cli.errors import Diagnostic, nearest

# Typer's own base class of all complaints about usage has no public name; BadParameter, which has one, is derived from it.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]

_EXAMPLES = """\
backprop grad -e 'L = (x-1)^2' --at x=3     one line, no file
backprop grad samples/chain.expr --wrt a    a file, one of its leaves
backprop verify samples/chain.expr samples/chain.answers"""

# Every command and its section in the help. The module of the command's name holds its function and its EXAMPLES.
COMMANDS = {
    "grad": "compute",
    "trace": "compute",
    "verify": "teach",
}


class Commands(Group):
    """The command `backprop` with those of the table."""

    sections = COMMANDS


app = typer.Typer(cls=Commands, epilog=_EXAMPLES, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=SETTINGS)


@app.callback(invoke_without_command=True)
def backprop(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("-V", "--version", help="the version; with --verbose, that of everything used")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="with --version: more", hidden=True)] = False,
) -> None:
    """Gradients you can read: computed, checked, explained."""
    if version:
        from backprop_cli.commands.version import version_text

        sys.stdout.write(version_text(verbose))
        raise typer.Exit(0)
    if ctx.invoked_subcommand is None:
        sys.stderr.write(ctx.get_help() + "\n")
        raise typer.Exit(2)


def usage_complaint(error: Any, given: Sequence[str]) -> Diagnostic:
    """Typer's complaint about the arguments in our own form."""
    message = re.split(r"[.\s]*\(?(?:Possible options|Did you mean)", str(error.format_message()))[0].strip().rstrip(".")
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path if context is not None else 'backprop'} --help lists what there is"
    reference = re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
    unknown = re.match(r"No such command '(.*)'", message)
    if unknown:
        word = unknown.group(1)
        near = nearest(word, COMMANDS)
        hint = f"backprop grad {word}" if re.search(r"[./\\]", word) else f"backprop {near}" if near else hint
        return Diagnostic("no-such-command", f"there is no command {word}", hint=hint)
    meant = getattr(error, "possibilities", None)
    if meant:
        hint = f"did you mean {' or '.join(sorted(meant))}?"
    return Diagnostic(reference, message[:1].lower() + message[1:], hint=hint)
