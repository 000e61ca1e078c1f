"""The killable worker: SymPy's last word on whether two expressions are one function, asked in a process that can be killed."""

from backprop_cli.worker.host import Lost, Worker
from backprop_cli.worker.proving import Proof, prove_equal

__all__ = ["Lost", "Proof", "Worker", "prove_equal"]
