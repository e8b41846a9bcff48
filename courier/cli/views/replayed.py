"""A replay, for people and for programs."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.engine.accounts.replay import Difference, Replayed

_LONGEST = 300


def told(found: Replayed, ink: Ink = PLAIN) -> str:
    """Return what came of a replay."""
    return "\n".join(_lines(found, ink))


def value(found: Replayed) -> dict[str, Any]:
    """Return the same as plain JSON values."""
    return {
        "formatVersion": 1,
        "run": found.plan.run,
        "exact": found.is_exact,
        "answers": found.answers,
        "diverged": found.diverged,
        "differences": [
            {"where": each.where, "field": each.what, "then": each.then, "now": each.now}
            for each in found.differences
        ],
        "account": found.account,
    }


def _lines(found: Replayed, ink: Ink) -> Iterator[str]:
    name = safe(found.plan.run)
    yield f"Replayed {name} from {found.answers} recorded answers; nobody was asked."
    rows = [_row(step) for step in found.account["steps"]]
    yield from (f"  {line}" for line in columns(rows))
    yield f"It ends {_ending(found.account)}."
    if found.diverged is not None:
        yield ink.paint("This courier goes another way:", "bold", "red")
        yield f"  {safe(found.diverged)}"
    if found.differences:
        yield ink.paint("Not as it is on record:", "bold", "red")
        for each in found.differences:
            yield from _difference(each, ink)
    if found.is_exact:
        yield ink.paint("Everything is as it is on record.", "green")


def _row(step: dict[str, Any]) -> tuple[str, ...]:
    verdict, outcome = step.get("verdict"), step["outcome"]
    result = outcome["reason"] if verdict is None else verdict["reason"]
    name = f"{step['step']}-{step['iteration']}.{step['attempt']}"
    return (safe(name), safe(str(step["agent"])), safe(str(result)))


def _ending(account: Mapping[str, Any]) -> str:
    phase, reason = str(account["phase"]), str(account["reason"])
    return phase if reason.lower() == phase else f"{phase} ({reason})"


def _difference(each: Difference, ink: Ink) -> Iterator[str]:
    yield f"  {ink.paint(safe(each.where), 'bold')}: {each.what}"
    yield f"    {ink.paint('then', 'dim')} {_short(each.then)}"
    yield f"    {ink.paint('now', 'dim')}  {_short(each.now)}"


def _short(value: Any) -> str:
    text = safe(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
