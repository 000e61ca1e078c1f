"""Help in our own layout, and commands whose options stay the plain texts that were typed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.render.look import Look, look_at

SETTINGS = {"help_option_names": ["-h", "--help"]}
Rows = list[tuple[str, str]]
_WIDE = 110
# Of the other options that take one value the last one counts, so that an alias may set what a single run changes.
_ONCE = frozenset(["expression", "data", "output"])


class _AsTyped:
    """Takes what was typed as it is. Every option here is a flag, a text or a list of texts, and Typer would load pydantic for those."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        return () if value is None and (param.multiple or param.nargs == -1) else value


def _plain(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        parameter.get_runtime_param = _AsTyped
    return parameters


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        seen = [each for each in self.make_parser(ctx).parse_args(args=list(args))[2] if each.name in _ONCE]
        for parameter in seen:
            option, count = min(parameter.opts, key=len), seen.count(parameter)
            if count > 1 and not ctx.resilient_parsing:
                raise BackpropError(Diagnostic("option-twice", f"{option} is given {count} times", hint=f"give one {option}"))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, Rows] = {"input": []}
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument":
                sections["input"].append((parameter.metavar, parameter.help or ""))
            elif not parameter.hidden and "--help" not in parameter.opts:
                sections.setdefault(parameter.rich_help_panel or "options", []).append((_spelled(parameter), parameter.help or ""))
        named = [name for name, _ in sections["input"] if name.isupper()]
        usage = " ".join([ctx.command_path, *named, "[options]"])
        formatter.write(_page(ctx.command_path, self.help or "", usage, sections, (self.epilog or "").splitlines()))


class Group(TyperGroup):
    """The command `backprop` itself. `sections` has the commands in order; only the one asked for is imported."""

    sections: ClassVar[dict[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.sections)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _command(cmd_name) if cmd_name in self.sections else None

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, Rows] = {}
        for name in self.list_commands(ctx):
            sections.setdefault(self.sections[name], []).append((name, _phrase(_function(name).__doc__ or "")))
        common = [parameter for parameter in self.get_params(ctx) if not parameter.hidden and "completion" not in parameter.name]
        sections["options"] = [(_spelled(parameter), _phrase(parameter.help or "")) for parameter in common]
        page = _page("backprop", self.help or "", "backprop COMMAND [FILE or -] [options]", sections, (self.epilog or "").splitlines())
        formatter.write(
            page + "\nexit     0 good   1 an answer or a check is wrong   2 bad input   3 undecided\n"
            "more     backprop COMMAND -h   backprop --install-completion"
        )


def _function(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f"backprop_cli.commands.{name}"), name)
    return function


@cache
def _command(name: str) -> Any:
    """What Typer makes of the function of a command."""
    function = _function(name)
    alone = Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    examples = vars(sys.modules[function.__module__])["EXAMPLES"]
    alone.command(name, cls=Command, epilog=examples, context_settings=SETTINGS)(function)
    return get_command(alone)


def _spelled(parameter: Any) -> str:
    names = ", ".join(sorted(parameter.opts, key=len))
    return names if parameter.is_flag else f"{names} {parameter.metavar or 'TEXT'}"


def _phrase(text: str) -> str:
    """The first line of a docstring as a phrase."""
    first = text.partition("\n")[0].rstrip(".")
    return first[:1].lower() + first[1:]


def _page(title: str, about: str, usage: str, sections: dict[str, Rows], examples: list[str]) -> str:
    look = look_at(sys.stdout)
    width = 2 + max(len(left) for rows in sections.values() for left, _ in rows)
    blocks = [[name, *(f"  {left:<{width}}{right}" for left, right in rows)] for name, rows in sections.items() if rows]
    body = _side_by_side(blocks, look)
    about, usage = f"{look.paint(title, 'name')}  {_phrase(about)}", f"{look.paint('usage', 'heading')}   {usage}"
    return "\n".join([about, "", usage, "", *body, "", look.paint("examples", "heading"), *("  " + line for line in examples), ""])


def _side_by_side(blocks: list[list[str]], look: Look) -> list[str]:
    """Sections below one another; two in a row where the terminal is wide enough for them."""
    half = 4 + max(len(line) for block in blocks for line in block)
    if shutil.get_terminal_size().columns < max(_WIDE, 2 * half - 4):
        return [line for name, *rows in blocks for line in (look.paint(name, "heading"), *rows)]
    lines: list[str] = []
    for left, right in zip(blocks[::2], [*blocks[1::2], [""]], strict=False):
        lines.append(look.paint(left[0], "heading") + " " * (half - len(left[0])) + look.paint(right[0], "heading"))
        rows = range(1, max(len(left), len(right)))
        lines.extend(f"{''.join(left[n : n + 1]):<{half}}{''.join(right[n : n + 1])}".rstrip() for n in rows)
    return lines
