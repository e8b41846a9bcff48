"""The end of a sprint is told beside the end of its run, once."""

from datetime import UTC, datetime

import pytest

from courier.runs.notices.happenings import happened

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHAIN = {"kind": "SprintChain", "name": "roadmap", "part": "two", "index": 1, "count": 3}


def record(phase: str, **changes: object) -> dict[str, object]:
    told = {"run": "roadmap.two.sprint", "project": "demo", "phase": phase, "chain": CHAIN}
    return told | changes


@pytest.mark.parametrize(
    ("phase", "events"),
    [
        ("completed", ["runCompleted", "sprintCompleted"]),
        ("failed", ["runFailed", "sprintFailed"]),
        ("cancelled", []),
    ],
)
def test_a_sprint_ends_with_its_run(phase: str, events: list[str]) -> None:
    found = list(happened(record("running"), record(phase), seen_at=NOW))
    assert [one.event for one in found] == events
    assert len({one.key for one in found}) == len(found)
    for one in found[1:]:
        assert one.sprint is not None
        assert (one.subject, one.sprint.chain) == ("Sprint two of roadmap", "roadmap")
    assert list(happened(record(phase), record(phase), seen_at=NOW)) == []


def test_an_issue_of_a_work_chain_is_no_sprint() -> None:
    other = record("completed", chain={**CHAIN, "kind": "WorkChain"})
    found = happened(record("running"), other, seen_at=NOW)
    assert [one.event for one in found] == ["runCompleted"]
