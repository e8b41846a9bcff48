"""Whatever goes wrong on the way to GitHub, and at whichever request: one pull request, rightly."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from courier.engine.patience import patiently
from courier.errors import CourierError, RateLimited
from courier.forges.github import GitHubForge
from courier.ports.forges import Changes
from courier.ports.repository import Identity
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest
from courier.storage.mirror import Mirror
from courier.system import SystemClock
from tests.contracts.scratch import git, make_scratch
from tests.fakes.github import Access, Fault
from tests.fakes.github.faults import How
from tests.fakes.github.hosting import Hosting, hosting

CLOCK = SystemClock()
HANA = Identity("Hana", "hana@example.org")
HOWS = tuple(how for how in get_args(How) if how not in ("stall", "422"))
"""What passes: a request that is refused for what it says would be refused again."""


@dataclass(frozen=True)
class Bench:
    origin: Path
    host: Hosting
    mirror: Mirror
    forge: GitHubForge

    async def work(self, run: str) -> Proposed:
        """Put a run's branch into the bare repository and return what to propose."""
        branch = f"courier/{run}"
        blob = git("hash-object", "-w", "--stdin", cwd=self.origin, stdin=run.encode())
        own = f"100644 blob {blob}\t{run}\n"
        there = git("ls-tree", "main", cwd=self.origin)
        tree = git("mktree", cwd=self.origin, stdin=f"{there}\n{own}".encode())
        head = git("commit-tree", tree, "-p", "main", "-m", run, cwd=self.origin)
        git("update-ref", f"refs/heads/{branch}", head, cwd=self.origin)
        await self.mirror.fetch()
        labels, who = ("bot",), ("bob", "nobody")
        return Proposed(run, run, "Why.", "main", branch, head, labels=labels, reviewers=who)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    scratch = make_scratch(tmp_path)
    scratch.commit({"README.md": "hello\n"})
    scratch.push()
    mirror = await scratch.mirror().open()
    await mirror.fetch()
    with hosting(tmp_path / "github", scratch.origin) as host:
        forge = host.forge(mirror, CLOCK)
        yield Bench(scratch.origin, host, mirror, forge)
        await forge.close_connections()
    await mirror.close()


async def test_many_who_propose_the_same_at_once_open_one(bench: Bench) -> None:
    proposed = await bench.work("fix")
    forges = [bench.host.forge(bench.mirror, CLOCK) for _ in range(6)]
    pulls = await asyncio.gather(*(forge.propose(proposed) for forge in forges))
    assert {pull.number for pull in pulls} == {1}
    assert len(bench.host.repo.pulls) == 1
    for forge in forges:
        await forge.close_connections()


async def test_labels_and_reviewers_that_cannot_be_are_no_reason_to_fail(bench: Bench) -> None:
    pull = await bench.forge.propose(await bench.work("fix"))
    assert (pull.labels, pull.reviewers, pull.status) == (("bot",), ("bob",), "created")
    again = await bench.forge.propose(await bench.work("fix"))
    assert again == pull


async def test_a_repository_without_auto_merge_has_it_open_all_the_same(bench: Bench) -> None:
    bench.host.repo.allows.discard("auto")
    bench.host.repo.required = ["tests"]
    pull = await bench.forge.propose(replace(await bench.work("fix"), auto_merge=True))
    assert (pull.status, pull.auto_merge) == ("created", None)


@pytest.mark.slow
@pytest.mark.parametrize("how", HOWS)
async def test_a_fault_at_any_request_leaves_one_pull_request(bench: Bench, how: How) -> None:
    hub = bench.host.hub
    await bench.forge.propose(await bench.work("clean"))
    requests = len(hub.requests)
    assert requests >= 6
    # What is refused for a limit was not carried out.
    whens = ("before", "after") if how in ("502", "500", "drop") else ("before",)
    for when in whens:
        for at in range(1, requests + 1):
            proposed = await bench.work(f"{when}-{at}")
            fault = Fault(how, at=at, when="before" if when == "before" else "after")
            hub.faults = [fault]

            async def propose(asked: Proposed = proposed) -> object:
                return await bench.forge.propose(asked)

            await patiently(CLOCK, propose, give_up_after=timedelta(seconds=20))
            assert not fault.times, (when, at)
            own = [one for one in bench.host.repo.pulls.values() if one.head == proposed.branch]
            assert len(own) == 1, (when, at)
            assert (own[0].labels, own[0].reviewers) == (["bot"], ["bob"])
            pull = await bench.forge.get(own[0].number)
            assert (pull.status, pull.run, pull.head) == ("created", proposed.run, proposed.head)


async def _decide(forge: GitHubForge, number: int, how: str) -> PullRequest:
    match how:
        case "merge" | "squash":
            return await forge.merge(number, by=HANA, squash=how == "squash")
        case "green":
            return await forge.merge_when_green(number, by=HANA)
        case "close":
            return await forge.close(number, by=HANA)
        case _:
            return await forge.change(number, Changes(title="Other", draft=True, labels=("x",)))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["502", "drop"])
@pytest.mark.parametrize(
    ("decision", "status"),
    [
        ("merge", "merged"),
        ("squash", "merged"),
        ("green", "merged"),
        ("close", "closed"),
        ("change", "created"),
    ],
)
async def test_a_decision_whose_answer_is_lost_is_made_once(
    bench: Bench, decision: str, status: str, how: How
) -> None:
    hub, at, fault = bench.host.hub, 0, Fault(how)
    while not fault.times or not at:
        at += 1
        fault = Fault(how, at=at, when="after")
        pull = await bench.forge.propose(await bench.work(f"{decision}-{at}"))
        hub.faults = [fault]
        decide = partial(_decide, bench.forge, pull.number, decision)
        told = await patiently(CLOCK, decide, give_up_after=timedelta(seconds=20))
        hub.faults = []
        assert (told.status, told.run) == (status, pull.run), at
        assert await bench.forge.get(pull.number) == told, at
        trailer = f"--grep=^Courier-Run: {pull.run}$"
        merges = git("log", "--format=%h", trailer, "main", cwd=bench.origin).split()
        assert len(merges) == (1 if status == "merged" else 0), at
    assert at > 3, "every request was once the one whose answer was lost"


async def test_a_limit_is_told_and_nobody_asks_before_it_is_over(bench: Bench) -> None:
    bench.host.hub.faults = [Fault("secondary")]
    with pytest.raises(RateLimited) as told:
        await bench.forge.comments(1)
    assert told.value.retry_at is not None
    asked = len(bench.host.hub.requests)
    with pytest.raises(RateLimited):
        await bench.forge.list()
    assert len(bench.host.hub.requests) == asked


async def test_an_answer_that_is_known_costs_nothing(bench: Bench) -> None:
    number = (await bench.forge.propose(await bench.work("fix"))).number
    await bench.forge.comment(number, "plan", "Two.")
    before = bench.host.hub.budgets["core"]
    assert await bench.forge.comments(number) == await bench.forge.comments(number)
    assert bench.host.hub.budgets["core"] == before - 1
    assert bench.host.hub.cached == 1


async def test_a_comment_whose_answer_is_lost_is_there_once(bench: Bench) -> None:
    number = (await bench.forge.propose(await bench.work("fix"))).number
    bench.host.hub.faults = [
        Fault("502", when="after", match="POST /api/v3/repos/acme/demo/issues")
    ]
    await bench.forge.comment(number, "plan", "Two.")
    assert [one.number for one in bench.host.repo.comments] == [number]


async def test_rights_that_are_missing_are_named(bench: Bench) -> None:
    from courier.forges.github import rights
    from tests.fakes.github.hub import TOKEN

    some = {"metadata": "read", "contents": "read", "pull_requests": "read", "statuses": "read"}
    bench.host.hub.tokens[TOKEN] = Access("ada", some)
    transport = bench.host.transport(CLOCK)
    lacking = {one.name: one.detail for one in await rights(transport) if not one.is_there}
    await transport.close()
    assert set(lacking) == {"contents", "checks", "actions"}
    assert "checks=read" in lacking["checks"]
    with pytest.raises(CourierError, match="pull_requests: write"):
        await bench.forge.propose(await bench.work("fix"))


async def test_who_may_not_see_checks_is_told_of_workflows(bench: Bench) -> None:
    from tests.fakes.github.hub import TOKEN

    pull = await bench.forge.propose(await bench.work("fix"))
    bench.host.repo.check(pull.head, "tests", "failure")
    bench.host.repo.status(pull.head, "deploy", "success")
    full = await bench.forge.checks(pull.head, number=pull.number)
    some = {"actions": "read", "statuses": "read", "pull_requests": "read", "contents": "read"}
    bench.host.hub.tokens[TOKEN] = Access("ada", some)
    seen = await bench.forge.checks(pull.head, number=pull.number)
    told = [[(one.name, one.status) for one in found.checks] for found in (full, seen)]
    assert told[0] == told[1] == [("deploy", "success"), ("tests", "failure")]
    assert [one.required for one in full.checks] == [False, False]


async def test_the_log_of_a_check_is_what_it_says_and_the_end_of_what_it_printed(
    bench: Bench,
) -> None:
    pull = await bench.forge.propose(await bench.work("fix"))
    notes = [{"path": "a.py", "start_line": 3, "message": "undefined name"}]
    output = {"title": "1 failed", "annotations": notes}
    log = "2026-01-02T03:04:05.1234567Z E  assert 1 == 2\n"
    bench.host.repo.check(pull.head, "tests", "failure", output=output, log=log)
    (check,) = (await bench.forge.checks(pull.head)).checks
    said = await bench.forge.check_log(pull.head, check)
    assert said == "1 failed\n\na.py:3: undefined name\n\nE  assert 1 == 2\n"
