"""Looking at fifty pull requests for an hour, through real passes, as the fake counts them."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from courier.engine.passes.hints import BURST, REFILL
from courier.forges.github import GitHubForge
from courier.planning.learned.batch import Batch, Proposed, batch_path
from courier.ports.state import WriteFile
from courier.runs.records.writeback import to_json
from courier.runs.run.following import FrozenCi
from courier.runs.steps.checking import next_look
from tests.engine.calendar_worlds import BASE, Simulation
from tests.engine.worlds import git, make_origin
from tests.fakes.github import Fault
from tests.fakes.github.hosting import Hosting, hosting
from tests.fakes.github.models import Pull
from tests.unit.runs.lessons import lesson

pytestmark = pytest.mark.slow
MANY = 50
TAUGHT = 5
AN_HOUR = 1200
"""Requests an hour that have to be enough."""


def _fate(_run: str) -> tuple[timedelta, str]:
    return timedelta(hours=1), "completed"


def taught(number: int) -> WriteFile:
    """Return what is kept of an open pull request that proposes what runs taught."""
    batch = Batch(
        project=f"p{number}",
        branch=f"courier/r{number}",
        forge="github",
        number=number,
        learnings=(Proposed(lesson=lesson(f"l{number}"), published=True),),
    )
    content = to_json(batch.model_dump(mode="json", by_alias=True))
    return WriteFile(batch_path(batch.project), content)


async def settled(folder: Path, host: Hosting) -> Simulation:
    """A daemon's world in which fifty runs have ended, each with an open pull request.

    Five more are open that propose what runs taught.
    """
    sim = Simulation.at("2026-01-02T03:00:00Z", _fate, folder / "index")
    host.hub.now = host.repo.now = sim.clock.now
    sim.forges = {"github": GitHubForge(host.transport(sim.clock), cast(Any, sim.repository))}
    sim.restart()
    sim.repository.commit({".courier/project.yaml": BASE})
    head, now = git(host.repo.depot.folder, "rev-parse", "main"), sim.clock.now()
    records = []
    for number in range(1, MANY + TAUGHT + 1):
        work = git(host.repo.depot.folder, "commit-tree", f"{head}^{{tree}}", "-p", head, "-m", "x")
        git(host.repo.depot.folder, "update-ref", f"refs/heads/courier/r{number}", work)
        host.repo.pulls[number] = Pull(
            number, "T", "", f"courier/r{number}", "main", work, "ada", now, now
        )
        if number > MANY:
            records.append(taught(number))
            continue
        told = {"number": number, "status": "created", "forge": "github"}
        record = {"run": f"r{number}", "project": "demo", "phase": "completed", "pullRequest": told}
        path = f"runs/2026/01/02/r{number}/run.json"
        records.append(WriteFile(path, json.dumps(record).encode()))
    await sim.state.write(records, message="Fifty")
    return sim


async def test_an_hour_of_passes_stays_within_what_is_allowed(tmp_path: Path) -> None:
    with hosting(tmp_path / "github", make_origin(tmp_path, {"a": "b\n"})) as host:
        sim = await settled(tmp_path, host)
        for passed in range(360):
            await sim.clock.advance(10)
            if passed % 6 == 0:
                # Every minute something happens on one of them, as where checks run.
                pull = host.repo.pulls[1 + passed // 6 % (MANY + TAUGHT)]
                pull.updated = sim.clock.now()
            assert await sim.pass_once() is not None
        polled = len(host.hub.requests)
        assert MANY < polled < AN_HOUR / 2
        assert set(host.hub.requests) == {"POST /api/graphql"}
        await cast(GitHubForge, sim.forges["github"]).close_connections()


async def test_hints_that_never_end_do_not_use_up_what_is_allowed(tmp_path: Path) -> None:
    with hosting(tmp_path / "github", make_origin(tmp_path, {"a": "b\n"})) as host:
        sim = await settled(tmp_path, host)
        for _ in range(150):
            await sim.clock.advance(2)
            sim.reconciler.look_again()
            assert await sim.pass_once() is not None
        after_burst = len(host.hub.requests)
        assert after_burst < 4 * (BURST + 300 / REFILL.total_seconds())
        for _ in range(60):
            await sim.clock.advance(5)
            sim.reconciler.look_again()
            assert await sim.pass_once() is not None
        assert 40 < len(host.hub.requests) - after_burst < AN_HOUR / 12
        await cast(GitHubForge, sim.forges["github"]).close_connections()


async def test_an_hour_of_runs_that_wait_for_checks_stays_within_it_too(tmp_path: Path) -> None:
    with hosting(tmp_path / "github", make_origin(tmp_path, {"a": "b\n"})) as host:
        sim = await settled(tmp_path, host)
        transport = host.transport(sim.clock)
        forge = GitHubForge(transport, cast(Any, sim.repository), window=0)
        ci, began, passes = FrozenCi(wait=True), sim.clock.now(), 0
        # Each was delivered a minute after the one before; all are followed as well as passed.
        delivered = {number: began + timedelta(minutes=number) for number in host.repo.pulls}
        due = {number: next_look(ci, delivered=at, since=at) for number, at in delivered.items()}
        looks = 0
        while (now := sim.clock.now()) < began + timedelta(hours=1):
            now_due = [number for number, at in due.items() if at <= now]
            heads = {number: host.repo.pulls[number].sha for number in now_due}
            told = await asyncio.gather(
                *(forge.follow(number, head=head) for number, head in heads.items())
            )
            assert [pull.number for pull, _ in told] == now_due
            looks += len(told)
            for number in now_due:
                due[number] = next_look(ci, delivered=delivered[number], since=now)
            if passes % 6 == 0:
                assert await sim.pass_once() is not None
            passes += 1
            await sim.clock.advance(5)
        assert looks > 1_400
        assert len(host.hub.requests) < AN_HOUR
        await forge.close_connections()
        await cast(GitHubForge, sim.forges["github"]).close_connections()


async def test_a_merge_is_seen_when_due_and_at_once_after_a_hint(tmp_path: Path) -> None:
    with hosting(tmp_path / "github", make_origin(tmp_path, {"a": "b\n"})) as host:
        sim = await settled(tmp_path, host)
        await sim.pass_once()
        await sim.clock.advance(timedelta(hours=2).total_seconds())
        await sim.pass_once()
        asked = len(host.hub.requests)
        for number in (1, 2, MANY + 1):
            host.repo.end(host.repo.pulls[number], by="ada")
        await sim.clock.advance(30)
        await sim.pass_once()
        assert len(host.hub.requests) == asked
        sim.reconciler.look_again()
        result = await sim.pass_once()
        assert result is not None
        assert {one.run for one in result.dispatched if one.how == "published"} == {"r1", "r2"}
        for path in ("r1", "r2"):
            told = json.loads(sim.state.files[f"runs/2026/01/02/{path}/run.json"])
            assert told["pullRequest"]["status"] == "closed"
        assert f"learnings/open/p{MANY + 1}.json" not in sim.state.files
        assert f"learnings/open/p{MANY + 2}.json" in sim.state.files
        assert [path for path in sim.state.files if path.startswith("learnings/rejected/")]
        await cast(GitHubForge, sim.forges["github"]).close_connections()


async def test_a_merge_does_not_ask_for_all_that_ever_was(tmp_path: Path) -> None:
    with hosting(tmp_path / "github", make_origin(tmp_path, {"a": "b\n"})) as host:
        sim = await settled(tmp_path, host)
        now = sim.clock.now()
        for number in range(1000, 1600):
            old = Pull(number, "T", "", f"courier/o{number}", "main", "0" * 40, "ada", now, now)
            host.repo.pulls[number] = replace(old, state="closed", merge_commit="0" * 40)
        await sim.pass_once()
        for number in (1, 2, 3):
            pull = host.repo.pulls[number]
            host.repo.merge(pull, "squash", f"{pull.title} (#{number})", by="ada")
        asked = len(host.hub.requests)
        sim.reconciler.look_again()
        result = await sim.pass_once()
        assert result is not None
        told = {one.run: one.message for one in result.dispatched if one.how == "published"}
        assert told == {"r1": "merged", "r2": "merged", "r3": "merged"}
        # Pull requests and checks, then for each merge what is open.
        assert len(host.hub.requests) - asked <= 2 + 2 + 3 * 2
        await cast(GitHubForge, sim.forges["github"]).close_connections()


async def test_while_github_is_away_what_was_known_stays(tmp_path: Path) -> None:
    with hosting(tmp_path / "github", make_origin(tmp_path, {"a": "b\n"})) as host:
        sim = await settled(tmp_path, host)
        await sim.pass_once()
        limit = Fault("secondary")
        host.hub.faults = [limit, replace(limit)]
        await sim.clock.advance(60)
        result = await sim.pass_once()
        assert result is not None
        assert not [one for one in result.dispatched if one.how == "published"]
        await cast(GitHubForge, sim.forges["github"]).close_connections()
