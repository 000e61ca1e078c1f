"""What crosses the worker's pipe: the vocabulary is closed, sizes are bounded, frames come out as they went in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_cli.limits import OWN
from backprop_cli.worker import Worker, prove_equal
from backprop_cli.worker.protocol import (
    LARGEST_REPLY,
    MOST_OPERANDS,
    MOST_TOKENS,
    Frames,
    Malformed,
    TooLarge,
    checked,
    checked_symbols,
    expanded,
    frame,
    message,
)

X = ("v", 0)


class Silent(Worker):
    """A worker that must not be asked."""

    def ask(self, *given: Any, **more: Any) -> Any:
        raise AssertionError("it was sent")


@pytest.mark.parametrize(
    "tokens",
    [
        [("n", 1, 2)],
        [X],
        [("c", "pi")],
        [X, ("r", 0), ("*", 2)],
        [X, X, X, ("+", 3)],
        [X, ("n", -3, 1), ("^", 2), ("u-", 1), ("exp", 1)],
        [X, ("n", 0, 1), (">", 2), X, ("n", 0, 1), ("where", 3)],
        [["v", 0], ["sin", 1]],
    ],
)
def test_what_can_be_said(tokens: list[Any]) -> None:
    assert checked(tokens, 1) == [tuple(each) for each in tokens]
    assert checked(json.loads(json.dumps(tokens)), 1) == checked(tokens, 1)


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [X, X],
        [("+", 2)],
        [X, ("+", 2)],
        [X, ("+", 1)],
        [X, X, ("-", 3)],
        [X, X, ("-", 2.0)],
        [X, ("exp", True)],
        [X, ("sin", 0)],
        [("v", 1)],
        [("v", -1)],
        [("v", True)],
        [("v", "x")],
        [("r", 0)],
        [X, ("r", 1), ("+", 2)],
        [("n", 1, 0)],
        [("n", 1, -2)],
        [("n", 0.5, 1)],
        [("n", "1", 1)],
        [("n", "1/2")],
        [("n", 1)],
        [("c", "E")],
        [("c", "__import__('os').system('id')")],
        [("__import__('os')", 0)],
        [X, ("__import__('os').system", 1)],
        [X, ("eval", 1)],
        [X, ("sigmoid", 1)],
        ["__import__('os')"],
        "x + 1",
        [None],
        [()],
        [(1, 2)],
        [X, ("sin", 1, "more")],
    ],
)
def test_what_cannot_be_said_is_not_sent(tokens: Any) -> None:
    with pytest.raises(Malformed):
        checked(tokens, 1)
    for sides in ((tokens, [X]), ([X], tokens)):
        proof = prove_equal(*sides, ["real"], Silent())
        assert proof.status == "unknown"
        assert proof.why.startswith("not sent: ")


@pytest.mark.parametrize("symbols", [["complex"], [1], [None], "real", ["real"] * 1_001, [["real"]], None])
def test_what_may_be_assumed_is_fixed(symbols: Any) -> None:
    with pytest.raises(Malformed):
        checked_symbols(symbols)
    assert prove_equal([X], [X], symbols, Silent()).status == "unknown"


def test_limits_hold_before_anything_is_sent() -> None:
    with pytest.raises(TooLarge, match="20,000 tokens"):
        checked([X] * (MOST_TOKENS + 1), 1)
    with pytest.raises(TooLarge, match="4,096 bits"):
        checked([("n", 2**4096, 1)], 1)
    with pytest.raises(TooLarge, match="operands"):
        checked([X] * (MOST_OPERANDS + 1) + [("+", MOST_OPERANDS + 1)], 1)
    assert checked([("n", 2**4096 - 1, 1)], 1)


def test_what_swells_is_measured_not_written_out() -> None:
    """Forty squarings have 2^41 parts; were they written out, this test would not end."""
    swelling = [X]
    for position in range(0, 80, 2):
        swelling += [("r", position), ("*", 2)]
    assert expanded(checked(swelling, 1))[0] == 2**41 - 1
    proof = prove_equal(swelling, [X], ["real"], Silent())
    assert proof.why == f"too large: more than {OWN.expanded:,} parts when written out"


def test_parts_and_levels() -> None:
    assert expanded([X]) == (1, 0)
    assert expanded(checked([X, ("sin", 1), ("sin", 1)], 1)) == (3, 2)
    total = [X] + [X, ("+", 2)] * 300  # a sum of sums is one level
    assert expanded(checked(total, 1)) == (601, 1)
    deep = [X, *[("sin", 1)] * 49]
    assert prove_equal(deep, [X], ["real"], Silent()).why == "too large: more than 48 levels when written out"


def test_just_within_the_limits_is_sent() -> None:
    with Worker() as worker:
        within = [X, *[("abs", 1)] * 48]
        assert prove_equal(within, [X, ("abs", 1)], ["real"], worker).status == "equal"
        total = [X] + [X, ("+", 2)] * 499
        assert prove_equal(total, [("n", 500, 1), X, ("*", 2)], ["real"], worker).status == "equal"


# ---- frames ----

MESSAGES = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=5), max_size=4)


@given(st.lists(MESSAGES, max_size=5), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_frames_come_out_as_they_went_in_however_they_are_cut(messages: list[dict[str, Any]], cuts: list[int]) -> None:
    data = b"".join(frame(each) for each in messages)
    frames, found, at = Frames(LARGEST_REPLY), [], 0
    while at < len(data):
        cut = cuts[at % len(cuts)]
        found += [message(payload) for payload in frames.feed(data[at : at + cut])]
        at += cut
    assert found == messages


@pytest.mark.parametrize(
    "data",
    [b"x", b"\n", b"0\n\n", b"-1\n", b"+5\n{}xxx\n", b" 2\n{}\n", b"2\n{}x", b"99999999", b"1000000\n", b"2 \n{}\n", "٣\n".encode()],
)
def test_what_is_no_frame_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(Malformed):
        Frames(LARGEST_REPLY).feed(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    try:
        payloads = Frames(100).feed(data)
    except Malformed:
        return
    assert sum(map(len, payloads)) <= len(data)


@pytest.mark.parametrize("payload", [b"[]", b"1", b"{", b"\xff", b"[" * 100_000, b'{"a": ' + b"9" * 5_000 + b"}"])
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    with pytest.raises(Malformed):
        message(payload)


def test_a_message_has_a_largest_size() -> None:
    with pytest.raises(TooLarge):
        frame({"said": "x" * 100}, 100)
