"""Faults of providers and programs in whole runs of the real agent programs: one pull request."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from courier.runs.run.frozen import FrozenSandbox
from tests.e2e.rows import ROWS, Row
from tests.e2e.stage import HANG, KEYS, agent_plan, row_param, stage
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.models import Asked, Cut, Fail, Hang, Reply, Say, Script, ScriptedModels, Turn

AT_ONCE = 6
RESET_SECONDS = {"claude": 8, "codex": 1, "pi": 20}
"""How long a limit lasts; longer than an agent tries again by itself."""


@dataclass
class Faulty:
    """What came of all faults.

    Attributes:
        records: Run name to record.
        proposed: The branches that pull requests propose, one entry for each pull request.
        origin: The repository.
    """

    records: Mapping[str, dict[str, Any]]
    proposed: list[str]
    origin: Path
    models: ScriptedModels


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        script: How the model behaves towards a row's agent, given whether the fault is over.
        rows: The agents it is shown to.
        step: Further fields of the step.
    """

    script: Callable[[Row, Callable[[], bool]], Script]
    rows: tuple[str, ...]
    step: Mapping[str, Any]


def good(row: Row, *, pieces: int = 0) -> Script:
    """Write the answer and say so."""

    def answer(asked: Asked) -> Reply:
        parts = [row.tools.write("answer.txt", "42\n")] if asked.turns == 0 else [Say("Done.")]
        return replace(Turn.of(*parts), pieces_of=pieces)

    return answer


def until_over(fault: Callable[[Row], Reply]) -> Callable[[Row, Callable[[], bool]], Script]:
    """Return a script that shows a fault for as long as it lasts."""

    def make(row: Row, over: Callable[[], bool]) -> Script:
        return lambda asked: good(row)(asked) if over() else fault(row)

    return make


def limited(row: Row, _: Callable[[], bool]) -> Script:
    """Refuse until a moment that is told with every refusal."""
    resets: list[int] = []

    def answer(asked: Asked) -> Reply:
        if not resets:
            resets.append(int(time.time()) + RESET_SECONDS[row.cli])
        return good(row)(asked) if time.time() >= resets[0] else _limit(row, resets[0])

    return answer


def _limit(row: Row, resets: int) -> Fail:
    if row.cli == "claude":
        headers = {
            "anthropic-ratelimit-unified-status": "rejected",
            "anthropic-ratelimit-unified-reset": str(resets),
            "anthropic-ratelimit-unified-representative-claim": "five_hour",
        }
        return Fail(429, "rate_limit_error", "This would exceed your limit.", headers=headers)
    details = {"plan_type": "pro", "resets_at": resets}
    return Fail(429, "usage_limit_reached", "The usage limit has been reached", details=details)


def broken(row: Row) -> Fail:
    kind = "api_error" if row.cli == "claude" else "server_error"
    return Fail(500, kind, "The server had an error.")


def overloaded(row: Row) -> Fail:
    if row.cli == "claude":
        return Fail(529, "overloaded_error", "Overloaded")
    return Fail(529, "server_is_overloaded", "Our servers are currently overloaded.")


def cut(row: Row, _: Callable[[], bool]) -> Script:
    """Break the first answer off in its middle."""

    def answer(asked: Asked) -> Reply:
        reply = good(row)(asked)
        assert isinstance(reply, Turn)
        # So early that no agent has a whole tool call yet.
        return Cut(reply, after_events=2) if asked.turns == asked.tries == 0 else reply

    return answer


EVERY = tuple(ROWS)
QUICK = ("claude", "codex", "pi")
"""Agents that give up on a provider within half a minute."""

FAULTS: Mapping[str, Fault] = {
    "limit": Fault(limited, QUICK, {}),
    "broken": Fault(until_over(broken), QUICK, {}),
    "overloaded": Fault(until_over(overloaded), QUICK, {}),
    "cut-off": Fault(until_over(lambda _: Cut(Turn.of(Say("Cut.")))), ("codex", "pi"), {}),
    "silent": Fault(until_over(lambda _: Hang()), QUICK, {"idle_seconds": 8}),
    "offline": Fault(
        lambda row, _: good(row),
        ("claude", "codex"),
        {"sandbox": FrozenSandbox(network=False), "idle_seconds": 8},
    ),
    "cut": Fault(cut, EVERY, {}),
    "pieces": Fault(lambda row, _: good(row, pieces=5), EVERY, {}),
    "hang": Fault(lambda row, _: good(row), EVERY, {"env": {HANG: "1"}, "linger_seconds": 1}),
}


def each(fault: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", [row_param(name) for name in FAULTS[fault].rows])


@pytest.fixture(scope="module")
def faulty(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Faulty]:
    """Every fault that was asked for, all in one world."""
    wanted = _asked_for(request)
    folder = tmp_path_factory.mktemp("faults")
    over: set[str] = set()
    scripts = {
        f"{fault}-{row}": FAULTS[fault].script(ROWS[row], _over(f"{fault}-{row}", over))
        for fault, row in wanted
    }
    with stage(folder) as sandboxd, ScriptedModels(scripts) as models:
        yield asyncio.run(_carry_out(folder, sandboxd, models, wanted, over))


def _over(run: str, over: set[str]) -> Callable[[], bool]:
    return lambda: run in over


def _asked_for(request: pytest.FixtureRequest) -> list[tuple[str, str]]:
    found = []
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module is request.module:
            fault = item.originalname.removeprefix("test_").replace("_", "-")
            found.append((fault, str(item.callspec.params["row"])))
    return found


async def _carry_out(
    folder: Path,
    sandboxd: Endpoint,
    models: ScriptedModels,
    wanted: list[tuple[str, str]],
    over: set[str],
) -> Faulty:
    origin = make_origin(folder, {"README.md": "# Answers\n"})
    world = scene(
        folder / "home", origin, provider(sandboxd), environment=KEYS, concurrency=AT_ONCE
    )
    async with world as here, asyncio.timeout(400):
        runs = [f"{fault}-{row}" for fault, row in wanted]
        for fault, row in wanted:
            step = FAULTS[fault].step
            run = f"{fault}-{row}"
            await here.submit(agent_plan(here, ROWS[row], run, models.base_url(run, run), **step))
        healing = asyncio.create_task(_heal(here, runs, over))
        for run in runs:
            await here.engine.wait(run)
        healing.cancel()
        records = {run: await here.record(run) for run in runs}
        proposed = [each.branch for each in await here.forge.list()]
        assert all([await here.tidy(run) for run in runs])
    return Faulty(records, proposed, origin, models)


async def _heal(here: Scene, runs: list[str], over: set[str]) -> None:
    """Let a run's fault be over as soon as its step is tried again."""
    while True:
        for run in runs:
            state = await here.engine.status(run)
            if state is not None and "-1.2/" in str(state.step):
                over.add(run)
        await asyncio.sleep(0.1)


def outcomes(faulty: Faulty, run: str, *, tries: int | None = None) -> list[dict[str, Any]]:
    """Return how each attempt ended, holding what must be true of every run here."""
    record = faulty.records[run]
    assert (record["phase"], record["reason"]) == ("completed", "Completed"), record["message"]
    assert faulty.proposed.count(f"courier/{run}") == 1
    assert git(faulty.origin, "show", f"courier/{run}:answer.txt") == "42"
    found = [step["outcome"] for step in record["steps"]]
    assert len(found) == tries or tries is None
    return found


@each("limit")
def test_limit(faulty: Faulty, row: str) -> None:
    found = outcomes(faulty, f"limit-{row}", tries=2)
    assert {one["reason"] for one in found[:-1]} == {"RateLimited"}
    until = datetime.fromisoformat(found[0]["retryAt"])
    first, again = faulty.records[f"limit-{row}"]["steps"]
    assert datetime.fromisoformat(again["startedAt"]) >= until
    # It went on in the same conversation.
    assert (again["sandbox"], again["outcome"]["session"]) == (
        first["sandbox"],
        first["outcome"]["session"],
    )


@each("broken")
def test_broken(faulty: Faulty, row: str) -> None:
    first, _ = outcomes(faulty, f"broken-{row}", tries=2)
    assert (first["reason"], first["retryable"]) == ("Overloaded", True)


@each("overloaded")
def test_overloaded(faulty: Faulty, row: str) -> None:
    first, _ = outcomes(faulty, f"overloaded-{row}", tries=2)
    assert (first["reason"], first["retryable"]) == ("Overloaded", True)


@each("cut-off")
def test_cut_off(faulty: Faulty, row: str) -> None:
    first, _ = outcomes(faulty, f"cut-off-{row}", tries=2)
    assert (first["reason"], first["retryable"]) == ("Unreachable", True)


@each("silent")
def test_silent(faulty: Faulty, row: str) -> None:
    first, _ = outcomes(faulty, f"silent-{row}", tries=2)
    assert (first["reason"], first["exitCode"]) == ("Idle", None)


@each("offline")
def test_offline(faulty: Faulty, row: str) -> None:
    record = faulty.records[f"offline-{row}"]
    # Codex waits for a network for ever.
    reason = "Idle" if row == "codex" else "Unreachable"
    assert (record["phase"], record["reason"]) == ("failed", reason)
    assert len(record["steps"]) == 2
    assert faulty.models.logged(f"offline-{row}") == []
    assert f"courier/offline-{row}" not in faulty.proposed


@each("cut")
def test_cut(faulty: Faulty, row: str) -> None:
    outcomes(faulty, f"cut-{row}", tries=1)
    points = [(one.prompts, one.turns) for one in faulty.models.asked(f"cut-{row}")]
    assert len(points) > len(set(points))


@each("pieces")
def test_pieces(faulty: Faulty, row: str) -> None:
    outcomes(faulty, f"pieces-{row}", tries=1)


@each("hang")
def test_hang(faulty: Faulty, row: str) -> None:
    (outcome,) = outcomes(faulty, f"hang-{row}", tries=1)
    assert outcome["exitCode"] is None
    assert "did not exit" in outcome["message"]
