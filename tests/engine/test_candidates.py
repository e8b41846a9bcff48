"""Candidates with shell agents: real sandboxes, real git, the local forge."""

import asyncio

import pytest

from courier.engine.accounts.following import Ended, Moment, Spoke, StepBegan, follow
from courier.engine.accounts.records import account, page
from courier.engine.accounts.replay import replay
from courier.engine.inflight import Phase
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.running.candidates import flight_of
from courier.errors import NotFound
from courier.planning.plan import Plan, PublishRun
from courier.ports.index import RunQuery
from courier.ports.repository import Identity
from courier.runs.run.frozen import FrozenStep
from tests.engine.contest import CHECK, candidate, contest
from tests.engine.worlds import UNTIL_TOLD, Scene, git

pytestmark = pytest.mark.slow

INNER = [("design", 1), ("check", 1), ("design", 2), ("check", 2)]


async def test_the_run_goes_on_from_the_candidate_its_judge_chose(here: Scene) -> None:
    state = await here.run(contest(here, candidate("one"), candidate("two")))
    record = await here.record()
    assert state.result == {"phase": "completed", "reason": "Completed"}, record
    told = [(one.get("candidate"), one["step"], one["iteration"]) for one in record["steps"]]
    assert told == [
        *(("candidate-1", *one) for one in INNER),
        *(("candidate-2", *one) for one in INNER),
        (None, "judge", 1),
        (None, "polish", 1),
    ]
    assert git(here.origin, "show", "courier/fix:polish") == "polished two"
    assert git(here.origin, "show", "courier/fix-candidate-1:value") == "one"
    assert here.branches() == {"main", "courier/fix", "courier/fix-candidate-1"}
    (proposal,) = await here.forge.list()
    assert (proposal.status, proposal.branch) == ("created", "courier/fix")
    log = git(here.origin, "log", "--format=%(trailers:key=Courier-Candidate)", "main..courier/fix")
    assert set(log.split()) == {"Courier-Candidate:", "candidate-2"}
    assert await here.tidy()
    assert (await replay(here.world, here.engine, "fix")).is_exact


async def test_one_place_is_enough_for_a_run_and_its_candidates(here: Scene) -> None:
    here.engine.limit(None, concurrency=1)
    plans = [
        contest(here, candidate("one"), candidate("two"), run=run, judge="echo candidate-1")
        for run in ("fix", "mend")
    ]
    async with asyncio.timeout(120):
        states = await asyncio.gather(*map(here.run, plans))
    done = {"phase": "completed", "reason": "Completed"}
    assert [state.result for state in states] == [done, done]


async def test_a_candidate_that_fails_leaves_the_choice_to_the_others(here: Scene) -> None:
    never = candidate("never", check="exit 1")
    judge = 'echo "$COURIER_CANDIDATES"; echo "$COURIER_CANDIDATES"'
    state = await here.run(contest(here, never, candidate("two"), judge=judge))
    record = await here.record()
    assert state.result == {"phase": "completed", "reason": "Completed"}, record
    one, two = record["candidates"]
    assert (one["phase"], one["reason"], one["chosen"]) == ("failed", "LoopExhausted", False)
    assert (two["phase"], two["chosen"]) == ("completed", True)
    assert git(here.origin, "show", "courier/fix:value") == "two"
    assert one["branch"] == "courier/fix-candidate-1"


async def test_a_run_whose_candidates_all_fail_fails_and_keeps_their_work(here: Scene) -> None:
    never = candidate("never", check="exit 1")
    state = await here.run(contest(here, never, never))
    assert state.result == {"phase": "failed", "reason": "LoopExhausted"}
    assert "candidate-2: LoopExhausted" in (await here.record())["message"]
    assert here.branches() == {"main", "courier/fix-candidate-1", "courier/fix-candidate-2"}
    assert await here.forge.list() == []


@pytest.mark.parametrize(
    ("judge", "reason"),
    [("echo none", "NoneChosen"), ("echo first", "ChoiceUnreadable"), ("false", "CommandFailed")],
)
async def test_without_a_choice_nothing_is_proposed(here: Scene, judge: str, reason: str) -> None:
    quick = candidate("one", design='echo "$WORD" > value', check="true")
    state = await here.run(contest(here, quick, quick, judge=judge))
    assert state.result == {"phase": "failed", "reason": reason}
    assert here.branches() == {"main", "courier/fix-candidate-1", "courier/fix-candidate-2"}
    assert await here.forge.list() == []


async def test_a_check_after_the_judge_has_it_choose_again(here: Scene) -> None:
    judge = 'if [ "$COURIER_ITERATION" = 1 ]; then echo candidate-1; else echo candidate-2; fi'
    check = FrozenStep(
        name="accept", type="checker", agent="shell", run="grep two value", gives_verdict=True
    )
    both = (candidate("one"), candidate("two"))
    state = await here.run(contest(here, *both, judge=judge, after=(check,)))
    record = await here.record()
    assert state.result == {"phase": "completed", "reason": "Completed"}, record
    own = [(one["step"], one["iteration"]) for one in record["steps"] if "candidate" not in one]
    assert own == [("judge", 1), ("accept", 1), ("judge", 2), ("accept", 2)]
    assert git(here.origin, "show", "courier/fix:value") == "two"
    assert here.branches() == {"main", "courier/fix", "courier/fix-candidate-1"}


async def test_cancelling_a_run_stops_its_candidates_and_keeps_their_work(here: Scene) -> None:
    long = 'echo "$WORD" > value; echo "begun $WORD"; sleep 300'
    plan = contest(here, *(candidate(word, design=long) for word in ("one", "two")))
    await here.submit(plan)
    await here.printed("fix", "begun one")
    await here.printed("fix", "begun two")
    assert await here.engine.cancel("fix", by="ada", reason="enough")
    state = await here.engine.wait("fix")
    assert (state.phase, state.result) == (
        Phase.CANCELLED,
        {"phase": "cancelled", "reason": "Cancelled"},
    )
    assert git(here.origin, "show", "courier/fix-candidate-1:value") == "one"
    assert git(here.origin, "show", "courier/fix-candidate-2:value") == "two"
    assert here.branches() == {"main", "courier/fix-candidate-1", "courier/fix-candidate-2"}
    record = await here.record()
    assert [one["outcome"]["reason"] for one in record["steps"]] == ["Stopped", "Stopped"]
    for number in (1, 2):
        child = await here.engine.status(flight_of("fix", number))
        assert child is not None
        assert child.phase is Phase.CANCELLED
    assert await here.tidy()


async def test_cancelling_stops_candidates_that_wait_in_line_too(here: Scene) -> None:
    here.engine.limit(None, concurrency=1)
    long = 'echo "$WORD" > value; echo "begun $WORD"; sleep 300'
    plan = contest(here, *(candidate(word, design=long) for word in ("one", "two")))
    await here.submit(plan)
    await here.printed("fix", "begun one")
    await here.engine.cancel("fix", by="ada", reason="enough")
    async with asyncio.timeout(60):
        await here.engine.wait("fix")
    record = await here.record()
    assert [one["phase"] for one in record["candidates"]] == ["cancelled", "cancelled"]
    assert here.branches() == {"main", "courier/fix-candidate-1"}
    assert await here.tidy()


async def test_candidates_are_told_with_their_run_and_as_no_runs_of_their_own(here: Scene) -> None:
    told = 'echo "$WORD" > value; ' + UNTIL_TOLD
    both = (candidate(word, design=told, check=CHECK) for word in ("one", "two"))
    await here.submit(contest(here, *both))
    seen: list[Moment] = []

    async def watch() -> None:
        async for moment in follow(here.world, here.engine, ["fix"]):
            seen.append(moment)

    watching = asyncio.create_task(watch())
    await here.reached(flight_of("fix", 1), "design-1.1/turn-1")
    await here.reached(flight_of("fix", 2), "design-1.1/turn-1")
    (live,) = (await page(here.world, here.engine, RunQuery(), whole=True)).accounts
    assert live["run"] == "fix"
    assert [one["phase"] for one in live["candidates"]] == ["running", "running"]
    with pytest.raises(NotFound):
        await account(here.world, here.engine, flight_of("fix", 1))
    head = await here.world.repository.head()
    observed = await Observation(here.world, here.engine, remote="").look(head)
    assert set(observed.in_flight) == {"fix"}
    await here.go_on()
    async with asyncio.timeout(60):
        await watching
    began = [one.tried.name for one in seen if isinstance(one, StepBegan)]
    assert sorted(began) == [
        *("c1/check-1.1", "c1/design-1.1", "c2/check-1.1", "c2/design-1.1"),
        *("judge-1.1", "polish-1.1"),
    ]
    assert "c2/design-1.1-turn-1" in {one.attempt for one in seen if isinstance(one, Spoke)}
    assert [one.phase for one in seen if isinstance(one, Ended)] == ["completed"]


@pytest.mark.parametrize("touched", [False, True])
async def test_what_was_kept_goes_once_the_pull_request_is_settled(
    here: Scene, touched: bool
) -> None:
    quick = candidate("one", design='echo "$WORD" > value', check="true")
    await here.run(contest(here, quick, candidate("two")))
    (proposal,) = await here.forge.list()
    if touched:
        git(here.origin, "branch", "-f", "courier/fix-candidate-1", "main")
    await here.forge.close(proposal.number, by=Identity("Ada", "ada@example.com"))
    await here.world.repository.fetch()
    head = await here.world.repository.head()
    observation = Observation(here.world, here.engine, remote="")
    await observation.look(head)
    publish = PublishRun(run="fix", reason="closed", pull_request_status="closed")
    plan = Plan(
        project="demo",
        repository="",
        commit="c" * 40,
        catalog_digest="c",
        observed_digest="o",
        actions=(publish,),
    )
    (done,) = await Dispatcher(here.world, here.engine, observation).carry_out(plan)
    assert done.how == "published", done
    kept = {"courier/fix-candidate-1"} if touched else set()
    assert here.branches() == {"main", "courier/fix", *kept}
    record = await here.record()
    assert record["candidates"][0]["branch"] == ("courier/fix-candidate-1" if touched else None)
