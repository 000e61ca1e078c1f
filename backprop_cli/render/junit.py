"""Results as JUnit writes them, in XML, for build servers."""

from __future__ import annotations

import re

from backprop_cli.render.entries import entry_text, heading_text
from backprop_cli.render.visible import visible
from backprop_cli.reports.verify_data import Feedback, Item

# What XML 1.0 holds; everything else is no character to it.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\n": "&#10;"}


def escaped(text: str) -> str:
    """A text for an attribute or between tags: nothing in it is markup, and nothing invisible is left."""
    seen = "\n".join(map(visible, text.split("\n")))
    return "".join(_NAMED.get(char, char) for char in _NO_XML.sub(lambda found: f"U+{ord(found[0]):04X}", seen))


def junit(given: Feedback) -> str:
    """One XML document: a suite for the answers, a case for each. Unreadable is an error, undecided is skipped."""
    kinds = [_kind(item) for item in given.items]
    counts = " ".join(f'{name}="{count}"' for name, count in (
        ("tests", len(kinds)),
        ("failures", kinds.count("failure")),
        ("errors", kinds.count("error")),
        ("skipped", kinds.count("skipped")),
    ))  # fmt: skip
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="backprop verify" {counts} time="0">']
    lines.append(f'  <testsuite name="{escaped(given.answers)}" {counts} time="0">')
    for item, kind in zip(given.items, kinds, strict=True):
        lines.append(f'    <testcase name="{escaped(heading_text(item.entry))}" classname="{escaped(given.program)}" time="0">')
        if kind == "skipped":
            lines.append(f'      <skipped message="{escaped(item.message)}"/>')
        elif kind:
            said = f'message="{escaped(item.message)}" type="{escaped(item.verdict)}"'
            lines.append(f"      <{kind} {said}>{_between(entry_text(item.entry))}</{kind}>")
        lines.append("    </testcase>")
    said = _between("\n".join([given.summary, *given.notes]))
    return "\n".join([*lines, f"    <system-out>{said}</system-out>", "  </testsuite>", "</testsuites>"]) + "\n"


def _kind(item: Item) -> str:
    """The element that tells what became of a case; empty where it passed."""
    if item.passed is None:
        return "skipped"
    return "" if item.passed else "error" if item.verdict == "unreadable" else "failure"


def _between(text: str) -> str:
    return escaped(text).replace("&#10;", "\n")
