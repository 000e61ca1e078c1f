"""What follows from wrong derivatives: of nodes between, through every path or one edge, of arrays entry by entry."""

from __future__ import annotations

import pytest

from backprop_cli.homework.judge import judge
from backprop_cli.lang.parse import parse

PATHS = "x=2; a=3; u=x*a; v=u+x; L=v^2"
ENTRIES = "x=[1,2,3]; z=x^2; y=sin(z); L=sum(y)"


def verdicts(program: str, answers: str) -> list[str]:
    return [each.verdict.value for each in judge(parse(program.replace("; ", "\n")), answers.replace("; ", "\n")).answers]


@pytest.mark.parametrize(
    ("program", "answers"),
    [
        (PATHS, "dv/dx=2*a; dL/dx=2*v*2*a"),  # all of it goes through v
        (PATHS, "∂v/∂x=2; dL/dx=2*v*(a+2)"),  # the edge alone
        ("x=2; v=x^2; w=v+x; z=v^2; L=z/w", "dw/dx=x; dL/dx=2*v*2*x/w - z/w^2*x"),
        ("x=2; v=x^2; L=v*x+3*v; M=L^2", "dL/dx=21; dM/dx=840"),
        ("x=2; v=x^2; L=v*3; M=L^2", "dL/dx=5*x; dM/dx=2*L*5*x"),  # over a node that is left out
        ("x=2; u=x^2; v=sin(u)+u; w=exp(v/9)*u; L=w^2", "dw/dx=3*exp(v/9); dL/dx=2*w*3*exp(v/9)"),
        ("A=[[1,2],[3,4]]; x=[5,6]; z=A@x; u=z*2; y=u^2; L=sum(y)", "du/dx=6*A; dL/dx=2*u@(6*A)"),
        ("x=0.7; v=sin(x); L=v*x", "dv/dx=-cos(x); dL/dx = v - x*cos(x)"),
        (ENTRIES, "dz/dx=3*x; dy/dx=cos(z)*3*x; dL/dx=cos(z)*3*x"),
        (ENTRIES, "dy/dz=-cos(z); dy/dx=-cos(z)*2*x"),
    ],
)
def test_what_follows_from_a_wrong_derivative_follows_through(program: str, answers: str) -> None:
    first, *others = verdicts(program, answers)
    assert first == "wrong"
    assert set(others) == {"follow-through"}


@pytest.mark.parametrize(
    ("program", "answers"),
    [
        (PATHS, "dv/dx=2*a; dL/dx=2*v*(2*a+a)"),  # a path counted twice
        ("x=2; v=x^2; L=v*3; M=L^2", "dL/dx=5*x; dM/dx=2*L*4*x"),
        (ENTRIES, "dz/dx=3*x; dy/dx=cos(z)*4*x"),
    ],
)
def test_what_does_not_follow_is_wrong(program: str, answers: str) -> None:
    assert verdicts(program, answers) == ["wrong", "wrong"]


@pytest.mark.parametrize("rate", ["lr", "α", "eta"])
def test_a_rate_of_the_programs_own_is_the_rate_of_its_updates(rate: str) -> None:
    program = f"{rate}=0.1; x=2; y=1; param w=3; p=w*x; L=(p-y)^2"
    right = [f"w_new=w-{rate}*dL/dw", "w_new = 1", f"w <- w - {rate}*2*(p-y)*x", "w_new = w - 0.1*dL/dw"]
    assert verdicts(program, "; ".join(right)) == ["correct"] * 4
    assert verdicts(program, f"w_new = w + {rate}*dL/dw") == ["wrong"]
    assert verdicts(program, f"w_new = w - 2*{rate}*dL/dw") == ["wrong"]
