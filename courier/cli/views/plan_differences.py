"""Effective values and prompts that differ, as Markdown that does nothing."""

import re
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import Final

from courier.cli.views.ink import safe
from courier.planning.comparison import PromptChange, ValueChange
from courier.runs.run.frozen import FrozenValue
from courier.runs.texts.markdown import cell, code

_CONTEXT: Final = 3
_DIFF: Final = 12_000


def value_row(each: ValueChange) -> str:
    """Return a row of a table: the value, what it was, what it is, and where it is written."""
    name = f"{each.step}.{each.path}" if each.step else each.path
    origin = each.now.origin if each.now is not None else "nowhere any more"
    return f"| {code(name)} | {_told(each.was)} | {_told(each.now)} | {cell(origin, most=200)} |"


def _told(value: FrozenValue | None) -> str:
    if value is None or value.value is None:
        return "-"
    return code(value.value, most=200) or "empty"


def prompt_details(change: PromptChange) -> str:
    """Return a prompt's difference, folded away."""
    diff = _diff(change)
    added = sum(line.startswith("+") for line in diff)
    removed = sum(line.startswith("-") for line in diff)
    shown, size = [], 0
    for line in diff:
        size += len(line) + 1
        if size > _DIFF:
            break
        shown.append(line)
    rest = len(diff) - len(shown)
    if rest:
        shown.append(f"… {rest} more lines")
    fence = _fence(shown)
    head = f"Prompt of {code(change.step)}: +{added} -{removed} lines"
    body = "\n".join([f"{fence}diff", *shown, fence])
    return f"<details><summary>{_plain(head)}</summary>\n\n{body}\n\n</details>"


def _diff(change: PromptChange) -> list[str]:
    was, now = _lines(change.was), _lines(change.now)
    return list(unified_diff(was, now, lineterm="", n=_CONTEXT))[2:]


def moved(change: PromptChange) -> Iterator[str]:
    """Yield the lines of a prompt that are new or gone, marked as such."""
    return (line for line in _diff(change) if line.startswith(("+", "-")))


def _lines(text: str) -> list[str]:
    """Return a prompt's lines; what moves a cursor, turns text round or hides is made visible."""
    return [safe(line.expandtabs(4)) for line in text.splitlines()]


def _fence(lines: Sequence[str]) -> str:
    """Return a fence longer than any run of backticks inside."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(3, longest + 1)


def _plain(text: str) -> str:
    """Return a text for inside HTML."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"`+ ?([^`]*?) ?`+", r"<code>\1</code>", plain)
