"""Letters from records to real receivers: each once, whatever fails on the way."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from courier.engine.journal import JournalClient
from courier.engine.notices.herald import MOST_WAITING
from courier.engine.notices.mailing import PAUSES
from courier.errors import NotFound, Unavailable
from courier.planning.observed.course import Course, Part, PartPhase
from courier.planning.plan import Headroom
from courier.ports.state import WriteFile
from courier.runs.records.writeback import to_json
from tests.engine.post import Office, catalog, herald_of, office, pull, record
from tests.fakes.clock import FakeClock
from tests.fakes.memory import MemoryState
from tests.fakes.receiver import Answer, Receiver, receiving

HOOK = "{name: hook, type: webhook, secretRef: HOOK, signingSecretRef: KEY}"
CHAT = "{name: chat, type: slack, secretRef: CHAT, events: [runFailed]}"
DAY = 86_400


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest_asyncio.fixture
async def here(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Office]:
    secrets = {"HOOK": f"{receiver.address}/hook", "CHAT": f"{receiver.address}/chat", "KEY": "k"}
    async with office(tmp_path, MemoryState(), FakeClock(), secrets) as opened:
        yield opened


def events(receiver: Receiver) -> list[str]:
    return [json.loads(one.body)["event"] for one in receiver.requests if one.path == "/hook"]


async def test_what_was_before_is_not_told(here: Office, receiver: Receiver) -> None:
    await here.put(record("old"))
    assert await here.herald.tell(catalog(HOOK)) == 0
    await here.put(record("new"))
    assert await here.herald.tell(catalog(HOOK)) == 1
    assert await here.ended() == {"hook": {"state": "sent", "tries": 1, "why": ""}}
    (got,) = receiver.requests
    assert json.loads(got.body)["run"]["name"] == "new"


async def test_a_run_and_its_pull_request_are_told_step_by_step(
    here: Office, receiver: Receiver
) -> None:
    told = catalog(HOOK)
    await here.herald.tell(told)
    steps: list[dict[str, Any]] = [
        {"phase": "running", "reason": "Running", "endedAt": None},
        {"phase": "parked", "reason": "ProviderLimit", "message": "Until 4.", "endedAt": None},
        {"phase": "running", "reason": "Running", "endedAt": None},
        {"phase": "parked", "reason": "ProviderLimit", "message": "Until 9.", "endedAt": None},
        {"pullRequest": pull()},
        {"pullRequest": pull(), "score": {"composite": 80}},
        {"pullRequest": pull("merged")},
        {"pullRequest": pull("merged"), "ci": "green"},
    ]
    for step in steps:
        await here.put(record(**step))
        await here.herald.tell(told)
        await here.settled()
    told_now = events(receiver)
    # What is told of one record goes out side by side.
    assert told_now[:2] == ["runParked", "runParked"]
    assert sorted(told_now[2:4]) == ["pullRequestCreated", "runCompleted"]
    assert told_now[4:] == ["pullRequestMerged"]


async def test_told_again_after_any_loss_of_memory_nothing_comes_twice(
    here: Office, receiver: Receiver
) -> None:
    told = catalog(HOOK)
    await here.herald.tell(told)
    await here.put(record("one"))
    await here.herald.tell(told)
    await here.settled()
    kept = here.memory.read_bytes()
    await here.put(record("two", phase="failed", reason="Crashed"))
    await here.herald.tell(told)
    await here.settled()
    here.memory.write_bytes(kept)
    here.restart()
    assert await here.herald.tell(told) == 0
    here.memory.unlink()
    here.restart()
    await here.put(record("three"))
    assert await here.herald.tell(told) == 1
    await here.settled()
    assert events(receiver) == ["runCompleted", "runFailed", "runCompleted"]


class Dying(JournalClient):
    """A client that dies after so many letters."""

    left = 0

    async def submit(self, run_id: str, **given: Any) -> bool:
        if self.left == 0:
            raise Unavailable("The daemon was killed.")
        self.left -= 1
        return await super().submit(run_id, **given)


@pytest.mark.parametrize("handed", [0, 1, 2, 3])
async def test_a_daemon_on_another_disk_tells_what_one_that_died_had_not_handed_over(
    here: Office, receiver: Receiver, tmp_path: Path, handed: int
) -> None:
    told = catalog(HOOK)
    await here.herald.tell(told)
    await here.put(record("zero"))
    await here.herald.tell(told)
    dying = Dying(tmp_path / "journal", clock=here.world.clock)
    dying.left = handed
    await here.put(*(record(name) for name in ("one", "two", "three")))
    first = herald_of(here.world, dying, here.memory)
    await first.tell(told)
    assert len(await here.letters()) == 1 + handed
    second = herald_of(here.world, here.engine, tmp_path / "another-disk.json")
    assert await second.tell(told) == 3 - handed
    assert await second.tell(told) == 0
    await here.settled()
    assert len(events(receiver)) == 4
    await dying.close()


async def test_what_happened_long_ago_is_not_told_by_a_daemon_that_was_away(
    here: Office, receiver: Receiver
) -> None:
    clock = here.world.clock
    assert isinstance(clock, FakeClock)
    await here.herald.tell(catalog(HOOK))
    await here.put(record("old", endedAt=clock.now().isoformat()))
    await clock.advance(timedelta(days=31).total_seconds())
    await here.put(record("new", endedAt=clock.now().isoformat()))
    assert await here.herald.tell(catalog(HOOK)) == 1
    await here.settled()
    assert json.loads(receiver.requests[0].body)["run"]["name"] == "new"


async def test_sprints_are_told_as_they_end(here: Office, receiver: Receiver) -> None:
    told = catalog(HOOK)
    await here.herald.tell(told)
    rounds: list[tuple[PartPhase, PartPhase]] = [
        ("running", "pending"),
        ("completed", "running"),
        ("completed", "failed"),
    ]
    for phases in rounds:
        parts = tuple(
            Part(name=name, phase=phase, reason="Crashed" if phase == "failed" else "")
            for name, phase in zip(("one", "two"), phases, strict=True)
        )
        course = Course(
            kind="SprintChain", name="road", project="demo", phase="running", parts=parts
        )
        content = to_json(course.model_dump(mode="json", by_alias=True))
        change = WriteFile("chains/sprint/road.json", content)
        await here.world.state.write([change], message="x")
        await here.herald.tell(told)
        await here.settled()
    assert events(receiver) == ["sprintCompleted", "sprintFailed"]
    told_last = json.loads(receiver.requests[-1].body)
    assert told_last["sprint"] == {"chain": "road", "sprint": "two", "run": ""}


async def test_a_sink_hears_what_it_asked_for(here: Office, receiver: Receiver) -> None:
    told = catalog(HOOK, CHAT)
    await here.herald.tell(told)
    await here.put(record("good"), record("bad", phase="failed", reason="Crashed"))
    assert await here.herald.tell(told) == 3
    await here.settled()
    assert [one.path for one in receiver.requests].count("/chat") == 1
    assert await here.herald.tell(catalog("{name: late, type: slack, secretRef: CHAT}")) == 0


async def test_a_project_hears_of_itself_only(here: Office, receiver: Receiver) -> None:
    await here.herald.tell(catalog(HOOK))
    await here.put(record("other", project="elsewhere"))
    assert await here.herald.tell(catalog(HOOK)) == 0


async def test_a_receiver_with_faults_is_tried_again(here: Office, receiver: Receiver) -> None:
    clock = here.world.clock
    assert isinstance(clock, FakeClock)
    receiver.answer(Answer(500), Answer(drops=True), Answer(429, {"Retry-After": "2000"}))
    await here.herald.tell(catalog(HOOK))
    await here.put(record())
    await here.herald.tell(catalog(HOOK))
    await here.stands_at("wait-1")
    await clock.advance(4)
    assert len(receiver.requests) == 1
    await clock.advance(3)
    await here.stands_at("wait-2")
    await clock.advance(25)
    await here.stands_at("wait-3")
    await clock.advance(1_999)
    assert len(receiver.requests) == 3
    await clock.advance(501)
    assert await here.ended() == {"hook": {"state": "sent", "tries": 4, "why": ""}}
    assert len({one.headers["Courier-Delivery"] for one in receiver.requests}) == 1


async def test_what_is_refused_or_never_taken_is_kept_as_dead(
    here: Office, receiver: Receiver
) -> None:
    clock = here.world.clock
    assert isinstance(clock, FakeClock)
    receiver.answer(Answer(404, body=b"no_service"), *[Answer(500)] * 20)
    told = catalog(CHAT, HOOK)
    await here.herald.tell(told)
    await here.put(record(phase="failed", reason="Crashed"))
    await here.herald.tell(told)
    for number, pause in enumerate(PAUSES, start=1):
        await here.stands_at(f"wait-{number}")
        await clock.advance(pause * 1.3)
    found = await here.ended()
    assert {one["state"] for one in found.values()} == {"dead"}
    assert sorted(one["tries"] for one in found.values()) == [1, len(PAUSES) + 1]
    assert any("no_service" in one["why"] for one in found.values())
    assert receiver.address not in json.dumps(found)


async def test_a_secret_without_a_value_is_waited_for(tmp_path: Path, receiver: Receiver) -> None:
    secrets: dict[str, str] = {}
    clock = FakeClock()
    async with office(tmp_path, MemoryState(), clock, secrets) as here:
        await here.herald.tell(catalog(HOOK))
        await here.put(record())
        await here.herald.tell(catalog(HOOK))
        await here.stands_at("wait-1")
        secrets |= {"HOOK": f"{receiver.address}/hook", "KEY": "k"}
        await clock.advance(7)
        assert (await here.ended())["hook"]["state"] == "sent"


async def test_a_budget_is_told_once_a_day(here: Office, receiver: Receiver) -> None:
    clock = here.world.clock
    assert isinstance(clock, FakeClock)
    room = Headroom(project="demo", per_day=Decimal(5), spent_today=Decimal("5.2"))
    for _ in range(2):
        await here.herald.tell(catalog(HOOK), [room])
        here.restart()
        await here.herald.tell(catalog(HOOK), [room])
        await here.settled()
        await clock.advance(timedelta(days=1).total_seconds())
    assert events(receiver) == ["budgetReached", "budgetReached"]
    told = json.loads(receiver.requests[0].body)
    assert (told["budget"]["field"], told["budget"]["capUsd"]) == ("budgets.perDay", "5")


@pytest.mark.slow
async def test_too_many_letters_for_one_sink_are_kept_and_not_sent(
    here: Office, receiver: Receiver
) -> None:
    told = catalog(HOOK)
    await here.herald.tell(told)
    here.engine.limit("notices", concurrency=0)
    await here.put(*(record(f"run-{number}") for number in range(MOST_WAITING + 3)))
    assert await here.herald.tell(told) == MOST_WAITING + 3
    here.engine.limit("notices", concurrency=4)
    found = [one.result for one in await here.settled()]
    dead = [one for one in found if isinstance(one, dict) and one["state"] == "dead"]
    assert len(dead) == 3
    assert len(receiver.requests) == MOST_WAITING


async def test_a_slow_receiver_slows_nobody_else(here: Office, receiver: Receiver) -> None:
    receiver.answer(Answer(hangs=True))
    await here.herald.tell(catalog(HOOK))
    await here.put(record())
    await here.herald.tell(catalog(HOOK))
    with pytest.raises(NotFound):
        await here.engine.wait("nobody")
    receiver.let_go()
    assert (await here.ended())["hook"]["state"] == "sent"


async def test_a_remote_that_is_away_costs_nothing_but_time(
    here: Office, receiver: Receiver
) -> None:
    state = here.world.state
    assert isinstance(state, MemoryState)
    await here.herald.tell(catalog(HOOK))
    await here.put(record())
    state.is_away = True
    await here.herald.tell(catalog(HOOK))
    state.is_away = False
    await here.herald.tell(catalog(HOOK))
    await here.settled()
    assert events(receiver) == ["runCompleted"]


@pytest.mark.parametrize("broken", [b"", b"[]", b"{", b'{"run": 3}', b'{"run": "x", "phase": []}'])
async def test_records_nobody_can_read_stop_nothing(
    here: Office, receiver: Receiver, broken: bytes
) -> None:
    await here.herald.tell(catalog(HOOK))
    await here.world.state.write([WriteFile("runs/2026/01/02/x/run.json", broken)], message="x")
    await here.put(record())
    assert await here.herald.tell(catalog(HOOK)) == 1
