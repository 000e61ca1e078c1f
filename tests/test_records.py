"""Records behave as frozen dataclasses do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType

import pytest

from backprop_cli.records import record


@record(eq=True)
class Point:
    """Two numbers, equal by value."""

    x: float
    y: float = 0.0
    told: Mapping[str, str] = MappingProxyType({})

    @property
    def sum(self) -> float:
        return self.x + self.y


@record(eq=True)
class Span:
    """What is equal has one hash."""

    start: int
    end: int = 0


@record
class Box:
    """Anything, each box for itself."""

    held: object

    def __post_init__(self) -> None:
        if self.held is None:
            raise ValueError("a box holds something")


def test_fields_are_given_in_order_or_by_name() -> None:
    assert Point(1) == Point(x=1, y=0.0) == Point(1, 0.0) == Point(1, y=0.0)
    assert Point(1, 2).sum == 3
    match Point(1, 2):
        case Point(x, y=y):
            assert (x, y) == (1, 2)
        case _:
            pytest.fail("a record has no pattern")


@pytest.mark.parametrize(("given", "named"), [((), {}), ((1, 2, {}, 4), {}), ((1,), {"x": 2}), ((1,), {"z": 2}), ((), {"y": 2})])
def test_each_field_is_given_once(given: tuple[float, ...], named: dict[str, float]) -> None:
    with pytest.raises(TypeError, match="Point takes each of x, y, told once"):
        Point(*given, **named)


def test_nobody_changes_a_record() -> None:
    point = Point(1)
    for change in (lambda: setattr(point, "x", 2), lambda: setattr(point, "z", 2), lambda: delattr(point, "x")):
        with pytest.raises(AttributeError):
            change()
    assert point.x == 1
    with pytest.raises(AttributeError):
        point.__dict__  # noqa: B018


def test_equality_is_by_value_only_where_asked_for() -> None:
    assert Point(1) == Point(1)
    assert Point(1) != Point(2)
    assert Point(1) != (1, 0.0)
    assert hash(Span(1)) == hash(Span(1))
    assert Box(1) != Box(1)
    assert len({Box(1), Box(1)}) == 2


def test_a_record_checks_itself() -> None:
    with pytest.raises(ValueError, match="holds something"):
        Box(None)


def test_what_dataclasses_offer_works() -> None:
    assert replace(Point(1, 2), y=3) == Point(1, 3)
    assert [(each.name, each.default) for each in fields(Point)][1] == ("y", 0.0)
    assert repr(Span(1, 2)) == "Span(start=1, end=2)"
    assert copy.deepcopy(Span(1, 2)) == pickle.loads(pickle.dumps(Span(1, 2))) == Span(1, 2)
    assert Point.__doc__ == "Two numbers, equal by value."
    assert Point.__qualname__ == "Point"
