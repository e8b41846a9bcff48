import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from courier.planning.observed.observed import ObservedRun
from courier.planning.observed.record import read_record


def written(**changes: object) -> bytes:
    told: dict[str, object] = {
        "recordVersion": 1,
        "run": "fix-auth",
        "workflow": "fix",
        "phase": "completed",
        "reason": "Completed",
        "startedAt": "2026-11-21T10:00:00+00:00",
        "endedAt": "2026-11-21T10:04:00+00:00",
        "specDigest": "abc",
        "pullRequest": {"number": 7, "status": "created"},
        "usage": {"inputTokens": 10, "outputTokens": 5, "cacheReadTokens": 100, "costUsd": "0.25"},
    }
    return json.dumps(told | changes).encode()


def test_a_record_is_read_whole() -> None:
    found = read_record("fix-auth", written())
    assert (found.phase, found.reason, found.workflow) == ("completed", "Completed", "fix")
    assert (found.spec_digest, found.pull_request, found.number) == ("abc", "created", 7)
    assert found.sample is not None
    assert (found.sample.seconds, found.sample.tokens) == (240, 115)
    assert found.sample.cost_usd == Decimal("0.25")
    assert found.sample.ended_at == datetime(2026, 11, 21, 10, 4, tzinfo=UTC)


def test_fields_of_newer_versions_are_passed_over() -> None:
    newer = written(recordVersion=9, pullRequest={"number": 7, "status": "created", "mood": "good"})
    assert read_record("fix-auth", newer) == read_record("fix-auth", written())


def test_what_an_older_version_did_not_write_is_not_said() -> None:
    found = read_record("old", b'{"phase": "failed"}')
    assert found == ObservedRun(run="old", phase="failed")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"run": "other", "phase": "completed"}', "another run"),
        (b'{"phase": "levitating", "recordVersion": 9}', "recordVersion 9"),
        (b'{"phase": ["completed"]}', "recordVersion unknown"),
        (b'{"phase": null}', "phase"),
    ],
)
def test_a_broken_record_still_stands_for_its_run(content: bytes, why: str) -> None:
    found = read_record("fix-auth", content)
    assert found.phase == "unreadable"
    assert why in found.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"startedAt": None},
        {"endedAt": "yesterday"},
        {"endedAt": "2026-11-21T10:04:00"},
        {"phase": "failed"},
    ],
)
def test_only_a_completed_run_with_times_is_a_sample(changes: dict[str, object]) -> None:
    assert read_record("fix-auth", written(**changes)).sample is None


@pytest.mark.parametrize("cost", [None, "much", "NaN", True, {}])
def test_a_cost_that_is_no_amount_is_not_said(cost: object) -> None:
    sample = read_record("fix-auth", written(usage={"costUsd": cost})).sample
    assert sample is not None
    assert sample.cost_usd is None
