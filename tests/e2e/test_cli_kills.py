"""Who dies while a real agent program is in the middle of its turn, and what comes of the run."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from courier.runs.run.frozen import FrozenPlan
from courier.sandboxd.launcher import ensure_running, status, stop
from courier.sandboxes.ondemand import OnDemandSandboxes
from tests.e2e.rows import ROWS, Row
from tests.e2e.stage import KEYS, agent_plan, exposing, row_param, stage
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.models import Asked, Reply, Say, Script, ScriptedModels, Turn

PATIENCE = 200.0
every = pytest.mark.parametrize("row", [row_param(name) for name in ROWS])
some = pytest.mark.parametrize("row", [row_param(name) for name in ("claude", "pi")])


class Gate:
    """Holds every agent in the middle of its first turn until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def script(self, row: Row) -> Script:
        """Return a script that writes the answer, waits, and is content; later tries look first."""

        def answer(asked: Asked) -> Reply:
            goes_on = "# Work of an interrupted attempt" in asked.prompts[-1]
            if asked.turns == 0:
                look = row.tools.run("cat answer.txt || echo 43 >answer.txt", "Look")
                return Turn.of(look if goes_on else row.tools.write("answer.txt", "42\n"))
            if not goes_on and "42" not in asked.answer:
                self._open.wait(PATIENCE)
            return Turn.of(Say("Done."))

        return answer


def rows_of(request: pytest.FixtureRequest) -> list[str]:
    """Return the rows that the tests using a fixture ask for."""
    name = str(request.fixturename)
    items = (item for item in request.session.items if isinstance(item, pytest.Function))
    mine = (item for item in items if item.module is request.module and name in item.fixturenames)
    return sorted({str(item.callspec.params["row"]) for item in mine}, key=list(ROWS).index)


def held(models: ScriptedModels, rows: list[str]) -> bool:
    """Return whether every row's agent waits in the middle of its turn."""
    return all(any(one.turns == 1 for one in models.asked(row)) for row in rows)


async def until_held(models: ScriptedModels, rows: list[str]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not held(models, rows):
            await asyncio.sleep(0.1)


def saving(plan: FrozenPlan) -> FrozenPlan:
    """Return the plan with work saved every second."""
    steps = tuple(step.model_copy(update={"checkpoint_seconds": 1}) for step in plan.steps)
    return plan.model_copy(update={"steps": steps})


async def carried_out(
    here: Scene, models: ScriptedModels, rows: list[str], kill: Callable[[Scene], Any]
) -> dict[str, dict[str, Any]]:
    """Begin all rows, kill in their middle, and return the records of what came of it."""
    for row in rows:
        await here.submit(saving(agent_plan(here, ROWS[row], row, models.base_url(row, row))))
    await until_held(models, rows)
    await kill(here)
    async with asyncio.timeout(PATIENCE):
        for row in rows:
            await here.engine.wait(row)
    assert all([await here.tidy(row) for row in rows])
    return {row: await here.record(row) for row in rows}


def check(record: dict[str, Any], origin: Path, row: str, reasons: list[str]) -> None:
    assert (record["phase"], record["reason"]) == ("completed", "Completed"), record["message"]
    assert [step["outcome"]["reason"] for step in record["steps"]] == reasons
    assert git(origin, "show", f"courier/{row}:answer.txt") == "42"
    assert record["pullRequest"]["status"] == "created"


def check_requests(models: ScriptedModels, row: str) -> None:
    points = [(one.prompts, one.turns) for one in models.asked(row)]
    assert len(points) == len(set(points)) == 2


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A sandbox server whose sandboxes see every agent program."""
    with stage(tmp_path_factory.mktemp("theatre")) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def courier_killed(
    request: pytest.FixtureRequest, theatre: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ScriptedModels, Path]]:
    """Every row's run, courier killed twice while each agent was in the middle of its turn."""
    rows, gate = rows_of(request), Gate()
    folder = tmp_path_factory.mktemp("courier-killed")
    make_origin(folder, {"README.md": "# Answers\n"})
    with ScriptedModels({row: gate.script(ROWS[row]) for row in rows}) as models:
        base = models.base_url("{run}", "{run}")
        command = [sys.executable, "-m", "tests.e2e.cli_run_child", str(folder), *rows]
        command += ["--url", theatre.url, "--key", theatre.api_key, "--models", base]
        for _ in range(2):
            (folder / "life").unlink(missing_ok=True)
            courier = subprocess.Popen(command, cwd=Path(__file__).parents[2])
            _await(lambda: held(models, rows) and (folder / "life").exists(), courier)
            os.kill(courier.pid, signal.SIGKILL)
            courier.wait()
        gate.open()
        subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=PATIENCE)
        yield models, folder / "origin.git"


def _await(happened: Callable[[], bool], courier: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert courier.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)


@every
async def test_courier_is_killed_and_nothing_is_lost_or_repeated(
    courier_killed: tuple[ScriptedModels, Path], tmp_path: Path, theatre: Endpoint, row: str
) -> None:
    models, origin = courier_killed
    check_requests(models, row)
    async with scene(tmp_path / "reader", origin, provider(theatre)) as here:
        check(await here.record(row), origin, row, ["Completed"])
        assert len([one for one in await here.forge.list() if one.run == row]) == 1


Killed = tuple[dict[str, dict[str, Any]], ScriptedModels, Path]


@pytest.fixture(scope="module")
def agent_killed(
    request: pytest.FixtureRequest, theatre: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Killed]:
    """Every row's run, its agent killed in the middle of its turn."""
    folder = tmp_path_factory.mktemp("agent-killed")
    yield from _killed(request, folder, lambda: provider(theatre), kill_agents)


@pytest.fixture(scope="module")
def sandbox_killed(
    request: pytest.FixtureRequest, theatre: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Killed]:
    """Some rows' runs, the sandbox destroyed in the middle of the turn."""
    folder = tmp_path_factory.mktemp("sandbox-killed")
    yield from _killed(request, folder, lambda: provider(theatre), kill_sandboxes)


@pytest.fixture(scope="module")
def server_killed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Killed]:
    """Every row's run, the sandbox server killed in the middle of its turn."""
    folder = tmp_path_factory.mktemp("server-killed")
    place, arguments = folder / "own", exposing(folder)

    async def make() -> Any:
        found = await asyncio.to_thread(ensure_running, place, arguments=arguments)
        return provider(Endpoint(found.url, found.api_key, place))

    async def kill(_: Scene) -> None:
        pid = status(place).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    try:
        yield from _killed(request, folder, lambda: OnDemandSandboxes(make), kill)
    finally:
        stop(place, kill_sandboxes=True)


def _killed(
    request: pytest.FixtureRequest,
    folder: Path,
    sandboxes: Callable[[], Any],
    kill: Callable[[Scene], Any],
) -> Iterator[Killed]:
    rows, gate = rows_of(request), Gate()
    origin = make_origin(folder, {"README.md": "# Answers\n"})

    async def kill_and_open(here: Scene) -> None:
        await kill(here)
        gate.open()

    async def carry_out() -> dict[str, dict[str, Any]]:
        async with scene(folder / "home", origin, sandboxes(), environment=KEYS) as here:
            return await carried_out(here, models, rows, kill_and_open)

    with ScriptedModels({row: gate.script(ROWS[row]) for row in rows}) as models:
        yield asyncio.run(carry_out()), models, origin


async def kill_agents(here: Scene) -> None:
    """Kill every agent and what it started, as running out of memory would."""
    find = 'grep -lsaF "COURIER_PROCESS=:" /proc/[0-9]*/environ | tr -cd "0-9\\n" | xargs kill -9'
    for found in await here.world.sandboxes.find(here.labels):
        sandbox = await here.world.sandboxes.connect(found.id, timeout_seconds=60)
        await sandbox.run(["sh", "-c", find])


async def kill_sandboxes(here: Scene) -> None:
    """Destroy every sandbox once its work is saved."""
    async with asyncio.timeout(PATIENCE):
        for found in await here.world.sandboxes.find(here.labels):
            run = found.labels["courier-run"]
            while not await here.world.checkpoints.of(run):
                await asyncio.sleep(0.1)
    for found in await here.world.sandboxes.find(here.labels):
        await here.world.sandboxes.kill(found.id)


@every
def test_an_agent_is_killed_and_its_work_is_kept_for_the_next_try(
    agent_killed: Killed, row: str
) -> None:
    records, models, origin = agent_killed
    check(records[row], origin, row, ["Crashed", "Completed"])
    first, second = records[row]["steps"]
    assert "signal 9" in first["outcome"]["message"]
    assert (first["files"], second["files"]) == (["answer.txt"], [])
    assert second["base"] == first["commit"]
    assert re.search("^42$", models.asked(row)[-1].answer, re.MULTILINE)


@some
def test_a_sandbox_is_destroyed_and_the_step_goes_on_in_another_from_what_was_saved(
    sandbox_killed: Killed, row: str
) -> None:
    records, models, origin = sandbox_killed
    check(records[row], origin, row, ["SandboxLost", "Completed"])
    first, second = records[row]["steps"]
    assert first["sandbox"] != second["sandbox"]
    assert first["checkpoint"] == second["resumed"]
    assert second["base"] == first["base"]
    assert git(origin, "rev-list", "--count", f"main..courier/{row}") == "1"
    assert re.search("^42$", models.asked(row)[-1].answer, re.MULTILINE)


@every
def test_the_sandbox_server_is_killed_and_the_agent_goes_on(
    server_killed: Killed, row: str
) -> None:
    records, models, origin = server_killed
    check(records[row], origin, row, ["Completed"])
    check_requests(models, row)
