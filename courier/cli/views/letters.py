"""Letters to people, for people."""

import json
from collections.abc import Sequence
from datetime import datetime

from courier.cli.views.figures import age
from courier.cli.views.ink import PLAIN, Ink
from courier.cli.views.tables import table
from courier.engine.notices.outbox import Posted

_WIDEST = 80


def table_of(found: Sequence[Posted], now: datetime, ink: Ink = PLAIN) -> str:
    """Return them as a table; empty where there are none."""
    if not found:
        return ""
    head = ["NAME", "TO", "EVENT", "STATE", "TRIES", "AGE", "ABOUT", "WHY"]
    return table([head, *(_row(one, now) for one in found)], ink)


def _row(one: Posted, now: datetime) -> list[str]:
    notice, sink = one.letter.notice, one.letter.sink
    return [
        one.name,
        sink.type,
        notice.event,
        one.state,
        str(one.tries),
        age(one.at, now),
        notice.subject,
        one.why if len(one.why) <= _WIDEST else f"{one.why[: _WIDEST - 1]}…",
    ]


def json_of(found: Sequence[Posted]) -> str:
    """Return them as JSON with a format version."""
    told = [
        {
            "name": one.name,
            "state": one.state,
            "at": one.at.isoformat(),
            "tries": one.tries,
            "why": one.why,
            "id": one.letter.id,
            "sink": {"name": one.letter.sink.name, "type": one.letter.sink.type},
            "notice": one.letter.notice.model_dump(mode="json", by_alias=True),
        }
        for one in found
    ]
    return json.dumps({"formatVersion": 1, "letters": told}, indent=2, ensure_ascii=False)
