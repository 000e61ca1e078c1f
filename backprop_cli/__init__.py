"""Differentiating a computation in the open.

    >>> from backprop_cli import grad
    >>> found = grad("u = x*a; v = log(u); L = v^2", at={"x": 2, "a": 0.5}, wrt=["a"])
    >>> found.value, found.gradients
    (0.0, {'a': 0.0})

`parse` reads a text, `build` makes its graph, `differentiate` runs it; `grad` does all three.
`evaluate_many` runs a graph at many points at once. `judge` gives a verdict on every line of a text of answers; `Bench` keeps a
program ready for any number of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given, Gradients, Jacobians, Warned, differentiate, jacobian
    from backprop_cli.autodiff.points import evaluate_many
    from backprop_cli.door import grad
    from backprop_cli.errors import BackpropError, Diagnostic, Source, Span
    from backprop_cli.graph.build import build
    from backprop_cli.graph.graph import Graph, Node
    from backprop_cli.homework.judge import Bench, judge
    from backprop_cli.homework.rules import Rules
    from backprop_cli.homework.verdicts import Judged, Judgement, Verdict
    from backprop_cli.lang.parse import parse
    from backprop_cli.lang.program import Program
    from backprop_cli.limits import Limits

__version__ = "0.1.0"

# Where each name lives. They are fetched when asked for: `backprop --help` must not wait for a parser.
_HOMES = {
    "BackpropError": "errors",
    "Bench": "homework.judge",
    "Diagnostic": "errors",
    "Given": "autodiff",
    "Gradients": "autodiff",
    "Graph": "graph.graph",
    "Jacobians": "autodiff",
    "Judged": "homework.verdicts",
    "Judgement": "homework.verdicts",
    "Limits": "limits",
    "Node": "graph.graph",
    "Program": "lang.program",
    "Rules": "homework.rules",
    "Source": "errors",
    "Span": "errors",
    "Verdict": "homework.verdicts",
    "Warned": "autodiff",
    "build": "graph.build",
    "differentiate": "autodiff",
    "evaluate_many": "autodiff.points",
    "grad": "door",
    "jacobian": "autodiff",
    "judge": "homework.judge",
    "parse": "lang.parse",
}

__all__ = [
    "BackpropError", "Bench", "Diagnostic", "Given", "Gradients", "Graph", "Jacobians", "Judged", "Judgement", "Limits", "Node",
    "Program", "Rules", "Source", "Span", "Verdict", "Warned", "build", "differentiate", "evaluate_many", "grad", "jacobian",
    "judge", "parse",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
