"""The others: for each a script as its user would write it, and a gradient in this process. Used where they are installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec

from tests.benchmarks.programs import LEAVES, FlatTape, expr_text, function, function_text, statements

Gradient = Callable[[], dict[str, float]]

# micrograd has no tanh and no exp; its author's lecture adds them so.
_MICROGRAD = """\
import math
import sys
from micrograd.engine import Value

sys.setrecursionlimit(10**7)

def tanh(a):
    out = Value(math.tanh(a.data), (a,), "tanh")
    def _backward():
        a.grad += (1 - out.data**2) * out.grad
    out._backward = _backward
    return out

def exp(a):
    out = Value(math.exp(a.data), (a,), "exp")
    def _backward():
        a.grad += out.data * out.grad
    out._backward = _backward
    return out
"""
HEADERS = {
    "micrograd": _MICROGRAD,
    "autograd": "from autograd import grad\nfrom autograd.numpy import tanh, exp\n",
    "CasADi": "from casadi import SX, Function, exp, gradient, tanh, vertcat\n",
    "SymPy": "from sympy import exp, symbols, tanh\n",
    "PyTorch": "import torch\nfrom torch import exp, tanh\n\ntorch.set_default_dtype(torch.float64)\n",
    "JAX": 'import jax\nfrom jax.numpy import exp, tanh\n\njax.config.update("jax_enable_x64", True)\n',
    "MyGrad": "import mygrad\nfrom mygrad import exp, tanh\n",
}
_LEAF = {
    "micrograd": "Value({})",
    "CasADi": 'SX.sym("{name}")',
    "SymPy": 'symbols("{name}")',
    "PyTorch": "torch.tensor({}, requires_grad=True)",
    "MyGrad": "mygrad.tensor({})",
}
_POINT = ", ".join(map(str, LEAVES.values()))
_SHOWN = {
    "micrograd": "{last}.backward()\nprint({x}.grad, {w}.grad)\n",
    "CasADi": 'f = Function("f", [x, w], [gradient({last}, vertcat(x, w))])\nprint(*f(' + _POINT + ").elements())\n",
    "SymPy": "at = {{x: 0.5, w: 0.3}}\nprint({last}.diff(x).evalf(17, at), {last}.diff(w).evalf(17, at))\n",
    "PyTorch": "{last}.backward()\nprint(x.grad.item(), w.grad.item())\n",
    "MyGrad": "{last}.backward()\nprint(float(x.grad), float(w.grad))\n",
}


def installed(peer: str) -> bool:
    """Whether a peer can be imported here."""
    return find_spec({"PyTorch": "torch"}.get(peer, peer.lower())) is not None


def script(peer: str, count: int) -> str:
    """What a user of `peer` writes for the program of `count` statements; it prints the derivatives by x and by w."""
    if peer in ("autograd", "JAX"):
        call = f"grad(f, (0, 1))({_POINT})" if peer == "autograd" else f"jax.grad(f, (0, 1))({_POINT})"
        return f"{HEADERS[peer]}\n{function_text(count)}\nprint(*map(float, {call}))\n"
    lines = [f"{name} = {_LEAF[peer].format(value, name=name)}" for name, value in LEAVES.items()]
    lines += [f"{target} = {right}" for target, right in statements(count)]
    return "\n".join([HEADERS[peer], *lines, _SHOWN[peer].format(last=f"y{count - 1}", x="x", w="w")])


def gradient(who: str, count: int) -> Gradient:
    """The gradient of the program by `who`, all that comes before a first run done."""
    return {"ours": _ours, "flat tape": lambda count: FlatTape(count).gradient, "CasADi": _casadi}.get(
        who, lambda count: _peer(who, count)
    )(count)


def _ours(count: int) -> Gradient:
    from backprop_cli.autodiff import differentiate
    from backprop_cli.graph.build import build
    from backprop_cli.lang.parse import parse

    graph = build(parse(expr_text(count), "program"))
    return lambda: differentiate(graph).gradients


def _peer(peer: str, count: int) -> Gradient:
    space: dict[str, object] = {}
    exec(HEADERS[peer], space)
    f = function(count, tanh=space["tanh"], exp=space["exp"])
    if peer in ("autograd", "JAX"):
        module = sys.modules[peer.lower()]
        found = module.grad(f, (0, 1))
        return lambda: dict(zip(LEAVES, map(float, found(*LEAVES.values())), strict=True))
    leaf: Callable[[float], object] = eval(f"lambda value: {_LEAF[peer].format('value')}", space)

    def run() -> dict[str, float]:
        leaves = {name: leaf(value) for name, value in LEAVES.items()}
        f(*leaves.values()).backward()  # type: ignore[attr-defined]
        return {name: float(each.grad) for name, each in leaves.items()}  # type: ignore[attr-defined]

    return run


def _casadi(count: int) -> Gradient:
    import casadi

    leaves = [casadi.SX.sym(name) for name in LEAVES]
    f = function(count, tanh=casadi.tanh, exp=casadi.exp)
    made = casadi.Function("f", leaves, [casadi.gradient(f(*leaves), casadi.vertcat(*leaves))])
    return lambda: dict(zip(LEAVES, made(*LEAVES.values()).elements(), strict=True))
