"""Running a graph: values forward, derivatives back."""

from backprop_cli.autodiff.differentiate import Gradients, Jacobians, Record, differentiate, jacobian
from backprop_cli.autodiff.engine import Value
from backprop_cli.autodiff.notices import Warned
from backprop_cli.autodiff.point import Given

__all__ = ["Given", "Gradients", "Jacobians", "Record", "Value", "Warned", "differentiate", "jacobian"]
