"""What the `Forge` port promises about checks, on the local forge over real git."""

import asyncio
import json
from dataclasses import replace

import pytest

from courier.errors import Misconfigured, NotFound
from courier.forges.local import ReportedChecks
from courier.forges.local.checks import LOG_LIMIT
from courier.ports.forges import Changes
from courier.ports.state import WriteFile
from courier.runs.pullrequests.checks import Check, CheckStatus
from tests.contracts.forge.conftest import Place
from tests.contracts.scratch import git


async def tell(
    place: Place, commit: str, name: str, status: CheckStatus, *, log: str = ""
) -> Check:
    reported = ReportedChecks(place.state, place.clock)
    return await reported.tell(commit, Check(name=name, status=status), log=log)


async def test_a_commit_nobody_spoke_of_has_none(local_place: Place) -> None:
    proposed = await local_place.work("a")
    found = await local_place.forge.checks(proposed.head)
    assert (found.head, found.checks, found.overall()) == (proposed.head, (), "none")
    assert found.last_polled == local_place.clock.now()


async def test_what_was_told_of_a_commit_is_seen_by_name_with_its_times(local_place: Place) -> None:
    proposed = await local_place.work("a")
    pull = await local_place.forge.propose(proposed)
    began = local_place.clock.now()
    await tell(local_place, pull.head, "tests", "pending")
    assert (await local_place.forge.checks(pull.head, number=pull.number)).overall() == "pending"
    await local_place.clock.advance(90)
    await tell(local_place, pull.head, "lint", "success")
    await tell(local_place, pull.head, "tests", "failure", log="E  assert 1 == 2\n")
    found = await local_place.forge.checks(pull.head, number=pull.number)
    assert [(one.name, one.status) for one in found.checks] == [
        ("lint", "success"),
        ("tests", "failure"),
    ]
    assert found.overall() == "failure"
    tests = found.checks[1]
    assert (tests.started_at, tests.ended_at) == (began, local_place.clock.now())
    assert await local_place.forge.check_log(pull.head, tests) == "E  assert 1 == 2\n"
    assert await local_place.forge.check_log(pull.head, found.checks[0]) == ""


async def test_the_same_name_again_takes_its_place(local_place: Place) -> None:
    head = (await local_place.work("a")).head
    await tell(local_place, head, "tests", "failure", log="flaked")
    await tell(local_place, head, "tests", "success")
    found = await local_place.forge.checks(head)
    assert [one.status for one in found.checks] == ["success"]
    assert await local_place.forge.check_log(head, found.checks[0]) == ""


async def test_results_belong_to_the_commit_and_not_to_the_branch(local_place: Place) -> None:
    one, other = await local_place.work("a"), await local_place.work("b")
    await tell(local_place, one.head, "tests", "failure")
    assert (await local_place.forge.checks(other.head)).overall() == "none"


async def test_of_a_long_log_the_beginning_and_the_end_are_kept(local_place: Place) -> None:
    head = (await local_place.work("a")).head
    check = await tell(local_place, head, "tests", "failure", log="begin " + "x" * 90_000 + " end")
    kept = await local_place.forge.check_log(head, check)
    assert len(kept) < LOG_LIMIT + 200
    assert kept.startswith("begin ")
    assert kept.endswith(" end")


async def test_results_told_at_the_same_moment_are_all_kept(local_place: Place) -> None:
    head = (await local_place.work("a")).head
    names = [f"check {number}" for number in range(6)]
    await asyncio.gather(*(tell(local_place, head, name, "success") for name in names))
    assert [one.name for one in (await local_place.forge.checks(head)).checks] == names


async def test_results_are_files_of_the_state_branch(local_place: Place) -> None:
    head = (await local_place.work("a")).head
    await tell(local_place, head, "tests", "success")
    shown = git("show", f"courier/state:checks/{head}.json", cwd=local_place.scratch.origin)
    assert json.loads(shown)["told"][0]["check"]["name"] == "tests"


async def test_results_that_cannot_be_read_name_their_file(local_place: Place) -> None:
    head = (await local_place.work("a")).head
    await local_place.state.write([WriteFile(f"checks/{head}.json", b"{")], message="break it")
    with pytest.raises(Misconfigured, match=f"checks/{head}.json"):
        await local_place.forge.checks(head)


async def test_many_are_looked_at_together(place: Place) -> None:
    pulls = [await place.forge.propose(await place.work(name)) for name in ("a", "b", "c")]
    await place.tell(pulls[1].head, Check(name="tests", status="failure"))
    found = await place.forge.checks_of([pull.number for pull in pulls] + [99])
    assert {number: checks.overall() for number, checks in found.items()} == {
        1: "none",
        2: "failure",
        3: "none",
    }
    assert found[2].head == pulls[1].head


async def test_many_commits_are_looked_at_together(place: Place) -> None:
    heads = [(await place.work(name)).head for name in ("a", "b")]
    await place.tell(heads[1], Check(name="tests", status="failure"))
    found = await place.forge.checks_at([*heads, "0" * 40])
    assert {commit: checks.overall() for commit, checks in found.items()} == {
        heads[0]: "none",
        heads[1]: "failure",
        "0" * 40: "none",
    }
    assert {commit: checks.head for commit, checks in found.items()} == {one: one for one in found}


async def test_a_label_is_borne_besides_others_and_once(place: Place) -> None:
    pull = await place.forge.propose(replace(await place.work("a"), labels=("bot",)))
    for _ in range(2):
        changed = await place.forge.change(pull.number, Changes(labels=("needs-human",)))
        assert changed.labels == ("bot", "needs-human")
    assert (await place.forge.change(pull.number, Changes(title="T"))).labels == changed.labels


async def test_many_follow_one_each_at_a_time(place: Place) -> None:
    pulls = [await place.forge.propose(await place.work(name)) for name in ("a", "b", "c")]
    await place.tell(pulls[1].head, Check(name="tests", status="failure"))
    told = await asyncio.gather(
        *(place.forge.follow(pull.number, head=pull.head) for pull in pulls),
        place.forge.follow(99, head=pulls[0].head),
        return_exceptions=True,
    )
    assert isinstance(told[-1], NotFound)
    found = [one for one in told if isinstance(one, tuple)]
    assert [(pull.number, checks.overall()) for pull, checks in found] == [
        (1, "none"),
        (2, "failure"),
        (3, "none"),
    ]


async def test_who_follows_a_commit_is_told_of_that_one(place: Place) -> None:
    pull = await place.forge.propose(await place.work("a"))
    await place.tell(pull.head, Check(name="tests", status="success"))
    other = await place.forge.propose(await place.work("b"))
    _, checks = await place.forge.follow(other.number, head=pull.head)
    assert (checks.head, checks.overall()) == (pull.head, "success")
