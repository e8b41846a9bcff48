"""What continuous integration says of a run's pull request, for people."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from courier.cli.views.figures import age, moment
from courier.cli.views.ink import columns, safe


def told(known: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Yield the lines of the checks on record: how they stand, what was red, what was done."""
    if not known or not (known.get("checks") or known.get("red") or known.get("afterMerge")):
        return
    yield _line(known.get("overall"), known.get("head"), known.get("lastPolled"), now)
    yield from _rows(known.get("checks") or ())
    for one in known.get("red") or ():
        names = safe(", ".join(map(str, one.get("checks") or ())))
        repair = f", mended as {_short(one['repair'])}" if one.get("repair") else ""
        yield f"{_short(one.get('head'))} was red: {names}{repair}"
    for one in known.get("flaky") or ():
        yield f"{_short(one.get('head'))}: {safe(str(one.get('name')))} turned green by itself"
    if known.get("needsHuman"):
        yield "A person is asked to take over."
    after = known.get("afterMerge") or {}
    if after:
        line = _line(after.get("overall"), after.get("commit"), after.get("lastPolled"), now)
        yield f"After the merge: {line}"
        yield from _rows(after.get("checks") or ())


def _line(overall: object, commit: object, polled: object, now: datetime) -> str:
    at = moment(polled)
    seen = f", looked at {age(at, now)} ago" if at else ", not looked at yet"
    return f"{overall} at {_short(commit)}{seen}"


def _rows(checks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (
            str(one.get("status")),
            safe(str(one.get("name"))),
            "required" if one.get("required") else "",
            safe(str(one.get("url") or "")),
        )
        for one in checks
    ]
    return (f"  {line}" for line in columns(rows))


def _short(commit: object) -> str:
    return safe(str(commit or "-"))[:10]
