"""A network of three layers, one pass forward and back in float64, as a multiple of NumPy written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from tests.benchmarks.measure import compared
from tests.benchmarks.peers import installed
from tests.benchmarks.table import drawn, goal, times

TITLE = "3. Arrays: 784-256-128-10, softmax cross-entropy, value and gradient, in units of NumPy by hand"
TEXT = """\
input X, Y
param W1, b1, W2, b2, W3, b3
h1 = relu(X @ W1 + b1)
h2 = relu(h1 @ W2 + b2)
L = -mean(sum(Y*log_softmax(h2 @ W3 + b3), axis=1))
"""
LAYERS = (784, 256, 128, 10)


def point(batch: int) -> dict[str, Any]:
    """Images, classes and parameters drawn at random."""
    import numpy as np

    draw = np.random.default_rng(7)
    at: dict[str, Any] = {"X": draw.normal(size=(batch, LAYERS[0])), "Y": np.eye(LAYERS[-1])[draw.integers(0, LAYERS[-1], batch)]}
    for number, (rows, columns) in enumerate(pairwise(LAYERS), 1):
        at[f"W{number}"] = draw.normal(size=(rows, columns)) / rows**0.5
        at[f"b{number}"] = draw.normal(size=columns) / 10
    return at


def by_hand(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> tuple[float, dict[str, Any]]:
    """The value and the gradients, as somebody writes them who knows how."""
    import numpy as np

    a1 = X @ W1 + b1
    h1 = np.maximum(a1, 0)
    a2 = h1 @ W2 + b2
    h2 = np.maximum(a2, 0)
    z = h2 @ W3 + b3
    shifted = z - z.max(axis=1, keepdims=True)
    raised = np.exp(shifted)
    total = raised.sum(axis=1, keepdims=True)
    loss = -float((Y * (shifted - np.log(total))).sum()) / len(X)
    dz = (raised / total - Y) / len(X)
    da2 = (dz @ W3.T) * (a2 > 0)
    da1 = (da2 @ W2.T) * (a1 > 0)
    return loss, {"W3": h2.T @ dz, "b3": dz.sum(0), "W2": h1.T @ da2, "b2": da2.sum(0), "W1": X.T @ da1, "b1": da1.sum(0)}


def contestant(who: str, size: int) -> Callable[[], dict[str, float]]:
    """A run with batches of `size`."""
    at = point(size)
    return {"NumPy by hand": _hand, "ours": _ours, "PyTorch": _torch, "JAX": _jax, "JAX jit": lambda at: _jax(at, jit=True)}[who](at)


def _told(value: float, gradients: dict[str, Any]) -> dict[str, float]:
    """An answer: the value and of every gradient its last entry."""
    return {"L": float(value), **{name: float(gradient.reshape(-1)[-1]) for name, gradient in gradients.items()}}


def _hand(at: dict[str, Any]) -> Callable[[], dict[str, float]]:
    return lambda: _told(*by_hand(**at))


def _ours(at: dict[str, Any]) -> Callable[[], dict[str, float]]:
    from backprop_cli.autodiff import differentiate
    from backprop_cli.graph.build import build
    from backprop_cli.lang.parse import parse

    graph = build(parse(TEXT, "network"), at.keys())

    def run() -> dict[str, float]:
        found = differentiate(graph, at)
        return _told(found.value, found.gradients)

    return run


def _torch(at: dict[str, Any]) -> Callable[[], dict[str, float]]:
    import os

    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    given = {name: torch.tensor(value, requires_grad=name not in "XY") for name, value in at.items()}
    weights = {name: value for name, value in given.items() if value.requires_grad}

    def run() -> dict[str, float]:
        h = torch.relu(given["X"] @ given["W1"] + given["b1"])
        h = torch.relu(h @ given["W2"] + given["b2"])
        loss = -(given["Y"] * torch.log_softmax(h @ given["W3"] + given["b3"], 1)).sum(1).mean()
        return _told(loss.item(), dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True)))

    return run


def _jax(at: dict[str, Any], jit: bool = False) -> Callable[[], dict[str, float]]:
    import jax

    jax.config.update("jax_enable_x64", True)
    given = {name: jax.numpy.asarray(value) for name, value in at.items() if name in "XY"}
    weights = {name: jax.numpy.asarray(value) for name, value in at.items() if name not in "XY"}

    def loss(weights: dict[str, Any]) -> Any:
        h = jax.nn.relu(given["X"] @ weights["W1"] + weights["b1"])
        h = jax.nn.relu(h @ weights["W2"] + weights["b2"])
        return -(given["Y"] * jax.nn.log_softmax(h @ weights["W3"] + weights["b3"])).sum(1).mean()

    both = jax.value_and_grad(loss)
    both = jax.jit(both) if jit else both
    return lambda: _told(*both(weights))


def section(quick: bool, patience: float) -> Iterator[str]:
    """The table, and whether the goal is met."""
    peers = [peer for peer in ("PyTorch", "JAX", "JAX jit") if installed(peer.split()[0])]
    rows: list[list[str]] = []
    goals: list[str] = []
    for threads in (1,) if quick else (1, 2):
        found = compared("arrays", ["NumPy by hand", "ours", *peers], 256, 11 if quick else 41, patience, threads)
        unit, mine = found["NumPy by hand"], found["ours"]
        rows.append(
            [
                f"256, threads: {threads}",
                f"{unit * 1e3:.1f} ms" if unit else "late",
                times(mine, unit),
                *(times(found[p], unit) for p in peers),
            ]
        )
        goals.append(
            goal(f"threads: {threads}: {times(mine, unit)} of NumPy by hand, at most 1.15", bool(mine and unit and mine <= 1.15 * unit))
        )
    yield drawn(["batch", "NumPy by hand", "ours", *peers], rows)
    yield from goals
