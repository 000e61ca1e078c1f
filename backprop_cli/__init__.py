"""Differentiating a computation in the open.

    >>> from backprop_cli import grad
    >>> found = grad("u = x*a; v = log(u); L = v^2", at={"x": 2, "a": 0.5}, wrt=["a"])
    >>> found.value, found.gradients
    (0.0, {'a': 0.0})

`parse` reads a text, `build` makes its graph, `differentiate` runs it; `grad` does all three.
`evaluate_many` runs a graph at many points at once.
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
    from backprop_cli.lang.parse import parse
    from backprop_cli.lang.program import Program
    from backprop_cli.limits import Limits

__version__ = "0.1.0"

# Where each name lives. They are fetched when asked for: `backprop --help` must not wait for a parser.
_HOMES = {
    "BackpropError": "errors",
    "Diagnostic": "errors",
    "Given": "autodiff",
    "Gradients": "autodiff",
    "Graph": "graph.graph",
    "Jacobians": "autodiff",
    "Limits": "limits",
    "Node": "graph.graph",
    "Program": "lang.program",
    "Source": "errors",
    "Span": "errors",
    "Warned": "autodiff",
    "build": "graph.build",
    "differentiate": "autodiff",
    "evaluate_many": "autodiff.points",
    "grad": "door",
    "jacobian": "autodiff",
    "parse": "lang.parse",
}

__all__ = [
    "BackpropError", "Diagnostic", "Given", "Gradients", "Graph", "Jacobians", "Limits", "Node", "Program", "Source", "Span",
    "Warned", "build", "differentiate", "evaluate_many", "grad", "jacobian", "parse",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
