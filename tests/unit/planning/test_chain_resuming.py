"""Going on after failures: once for each word, whatever dies in between."""

from functools import cache
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from courier.planning.catalog.catalog import Catalog
from courier.planning.observed.course import Resumption
from courier.planning.plan import StartRun
from tests.unit.planning.chainworld import (
    SPRINTS,
    WORK,
    World,
    begun,
    reasons,
    sprints,
    work,
)
from tests.unit.planning.world import catalog


def test_resume_from_counts_once_for_each_failure() -> None:
    world = begun(sprints("one", "two", "three"))
    world.step()
    world.step("failed")
    assert (world.course(SPRINTS).phase, world.course(SPRINTS).resume) == ("failed", 1)
    world.asked = catalog(*sprints("one", "two", "three", resumeFrom="two"))
    world.look()
    assert world.started[-1] == "roadmap.two.sprint-2"
    again = world.frozen["roadmap.two.sprint-2"].git
    assert again.base_branch == "courier/roadmap.one.sprint"
    assert again.branch == "courier/roadmap.two.sprint-2"
    found = world.step("failed")
    assert world.look().changes == ()
    assert "taken at its word already" in reasons(found)["PartFailed"]
    world.asked = catalog(*sprints("one", "two", "three"))
    world.look()
    world.asked = catalog(*sprints("one", "two", "three", resumeFrom="two"))
    world.look()
    assert world.started[-1] == "roadmap.two.sprint-3"
    world.step()
    world.step()
    assert world.course(SPRINTS).phase == "completed"
    assert world.started[-1] == "roadmap.three.sprint"


def test_what_came_after_a_resumed_sprint_is_done_anew_too() -> None:
    world = begun(sprints("one", "two", "three"))
    world.step()
    world.step()
    world.step("failed")
    world.asked = catalog(*sprints("one", "two", "three", resumeFrom="two"))
    world.look()
    world.step()
    assert world.started[-2:] == ["roadmap.two.sprint-2", "roadmap.three.sprint-2"]
    base = world.frozen["roadmap.three.sprint-2"].git.base_branch
    assert base == "courier/roadmap.two.sprint-2"


def test_a_later_sprint_may_be_gone_on_with() -> None:
    world = begun(sprints("one", "two", "three", "four"))
    world.step()
    world.step("failed")
    world.asked = catalog(*sprints("one", "two", "three", "four", resumeFrom="four"))
    world.look()
    assert world.started[-1] == "roadmap.four.sprint"
    assert world.frozen["roadmap.four.sprint"].git.base_branch == "courier/roadmap.one.sprint"
    world.step()
    assert world.course(SPRINTS).phase == "completed"
    assert world.phases(SPRINTS) == ["completed", "failed", "pending", "completed"]


def test_a_word_before_the_failure_is_none_about_it() -> None:
    world = begun(sprints("one", "two", resumeFrom="one"))
    world.step("failed")
    assert world.started == ["roadmap.one.sprint"]


def test_people_may_say_by_command_that_a_chain_goes_on() -> None:
    world = begun(sprints("one", "two"))
    world.asks.append(Resumption("somebody", world.now))
    world.step("failed")
    assert world.started == ["roadmap.one.sprint"]
    world.asks.append(Resumption("somebody", world.now))
    world.look()
    assert world.started[-1] == "roadmap.one.sprint-2"
    world.step("failed")
    world.look()
    assert world.started[-1] == "roadmap.one.sprint-2"


def test_a_kill_between_the_course_and_the_start_changes_nothing() -> None:
    world = begun(sprints("one", "two"))
    world.step("failed")
    world.asked = catalog(*sprints("one", "two", resumeFrom="one"))
    world.dies = True
    world.look()
    assert world.course(SPRINTS).parts[0].tries == 2
    world.dies = False
    world.look()
    assert world.started == ["roadmap.one.sprint", "roadmap.one.sprint-2"]


OUTCOMES = st.sampled_from(["completed", "completed", "completed", "failed", "cancelled"])
NAMES = ("a", "b", "c", "d")


@cache
def resumable(name: str | None) -> Catalog:
    return catalog(*sprints(*NAMES, **({} if name is None else {"resumeFrom": name})))


@given(
    st.lists(st.tuples(OUTCOMES, st.booleans(), st.sampled_from([None, *NAMES])), max_size=14),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_sprints_keep_their_order_and_resume_once(
    happenings: list[tuple[str, bool, str | None]], dies: bool
) -> None:
    world = World(resumable(None))
    failures = words = 0
    for outcome, twice, word in happenings:
        world.dies = dies and twice
        world.look()
        world.dies = False
        world.look()
        assert len(world.flying) <= 1
        if twice:
            assert not [each for each in world.look().changes if isinstance(each, StartRun)]
        for run in list(world.flying):
            failures += outcome != "completed"
            world.end(run, outcome)
        world.asked = resumable(word)
        words += word is not None
    assert len(set(world.started)) == len(world.started)
    # A sprint begins anew only by a word, and only one that was begun before.
    for name in NAMES:
        mine = [run for run in world.started if run.startswith(f"roadmap.{name}.")]
        endings = [run.removeprefix(f"roadmap.{name}.sprint") for run in mine]
        assert endings == ["", *(f"-{number}" for number in range(2, len(mine) + 1))][: len(mine)]
        assert len(mine) <= 1 + min(failures, words)


@given(st.lists(OUTCOMES, max_size=8), st.booleans(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_issues_run_at_most_once_in_order(outcomes: list[str], goes_on: bool, single: bool) -> None:
    spec: dict[str, Any] = {
        "onFailure": "continue" if goes_on else "stop",
        "pullRequest": "single" if single else "perIssue",
    }
    world = begun(work(*NAMES, **spec))
    ended = []
    for outcome in outcomes:
        if world.flying:
            ended.append(outcome)
            world.step(outcome)
    names = [f"backlog.{name}.chain" for name in NAMES]
    assert world.started == names[: len(world.started)]
    bad = [at for at, outcome in enumerate(ended) if outcome != "completed"]
    if not goes_on and bad:
        assert len(world.started) == bad[0] + 1
    good = [git.branch for run in world.started if (git := world.frozen[run].git)]
    assert len(set(good)) == (1 if single else len(good))


@given(st.lists(OUTCOMES, max_size=5))
@settings(max_examples=30, deadline=None)
def test_a_lost_course_restarts_nothing_that_was_done(outcomes: list[str]) -> None:
    world = begun(work(*NAMES))
    for outcome in outcomes:
        if world.flying:
            world.step(outcome)
    before = list(world.started)
    world.courses.clear()
    world.look()
    assert world.started == before


@given(
    st.lists(st.sampled_from(["completed", "failed", "declined"]), max_size=len(NAMES)),
    st.booleans(),
    st.booleans(),
    st.randoms(use_true_random=False),
)
@settings(max_examples=15, deadline=None)
def test_opened_late_is_as_good_as_opened_at_once(
    outcomes: list[str], goes_on: bool, single: bool, dice: Random
) -> None:
    documents = work(
        *NAMES,
        onFailure="continue" if goes_on else "stop",
        pullRequest="single" if single else "perIssue",
    )
    prompt, late = begun(documents), begun(documents)
    for outcome in outcomes:
        for run in list(prompt.flying):
            prompt.step("completed" if outcome == "declined" else outcome)
            assert [*late.flying] == [run]
            if outcome != "declined":
                late.step(outcome)
                continue
            late.decline(run)
            for _ in range(dice.randrange(3)):
                late.look()
            late.open_late(run)
            late.look()
    assert late.started == prompt.started
    assert late.phases(WORK) == prompt.phases(WORK)
    assert late.course(WORK).phase == prompt.course(WORK).phase
    for run, plan in late.frozen.items() if single or not goes_on else ():
        # Another commit stands where no pull request was at first; the rest is the same.
        assert plan.git.branch == prompt.frozen[run].git.branch
        assert plan.git.base_branch == prompt.frozen[run].git.base_branch
