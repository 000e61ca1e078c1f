"""Second opinions: SymPy's word on our gradients, from the syntax tree and textbook definitions alone."""

from backprop_cli.oracles.closed import ClosedForm, closed_forms
from backprop_cli.oracles.edges import EDGE
from backprop_cli.oracles.opinion import Abstains, Agrees, Disagrees, Note, Opinion
from backprop_cli.oracles.second import digits_of, precise_value, second_opinion
from backprop_cli.oracles.statements import DIGITS

__all__ = [
    "DIGITS",
    "EDGE",
    "Abstains",
    "Agrees",
    "ClosedForm",
    "Disagrees",
    "Note",
    "Opinion",
    "closed_forms",
    "digits_of",
    "precise_value",
    "second_opinion",
]
