"""When a limit ends in Codex's words."""

from datetime import UTC, datetime

import pytest

from courier.agents.codex.limit import limit_end

EVENING = datetime(2026, 11, 22, 23, 58, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("or try again at Nov 22nd, 2026 12:00 AM.", "2026-11-22T00:01:00+00:00"),
        ("or try again at Dec 1st, 2026 7:54 PM.", "2026-12-01T19:55:00+00:00"),
        ("try again at 11:58 PM.", "2026-11-22T23:59:00+00:00"),
        ("try again at 11:59 PM.", "2026-11-23T00:00:00+00:00"),
        ("try again at 11:57 PM.", "2026-11-23T23:58:00+00:00"),
        ("try again at 2:05 AM.", "2026-11-23T02:06:00+00:00"),
        ("try again at 13:05 AM.", None),
        ("try again at Nov 31st, 2026 1:05 AM.", None),
        ("try again later.", None),
    ],
)
def test_the_minute_that_is_named_is_waited_out(words: str, end: str | None) -> None:
    found = limit_end(f"You have hit your usage limit, {words}", asked_at=EVENING)
    assert (found and found.isoformat()) == end


def test_a_time_of_the_day_needs_a_day() -> None:
    assert limit_end("try again at 2:05 AM.", asked_at=None) is None
