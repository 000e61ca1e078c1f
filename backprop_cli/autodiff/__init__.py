"""Running a graph: values forward, derivatives back."""

from backprop_cli.autodiff.differentiate import Given, Gradients, Record, Value, Warned, differentiate

__all__ = ["Given", "Gradients", "Record", "Value", "Warned", "differentiate"]
