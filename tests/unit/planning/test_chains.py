"""What chains come to at one look after another: their order, their branches, their ends."""

from dataclasses import replace

from courier.planning.documents.references import Ref
from courier.planning.observed.course import Course, ObservedCourse, Part, Resumption, read_course
from courier.planning.observed.observed import InFlight
from courier.planning.plan import Held
from courier.planning.planner import plan
from courier.runs.records.writeback import to_json
from courier.runs.steps.retry import Asked, retried
from tests.unit.planning.chainworld import (
    SPRINTS,
    WORK,
    World,
    begun,
    issue,
    reasons,
    sprints,
    work,
)
from tests.unit.planning.world import DRIVERS, catalog, project, reading, workflow


def test_issues_are_worked_off_in_order_on_one_branch() -> None:
    world = begun(work("a", "b", "c"))
    assert world.started == ["backlog.a.chain"]
    first = world.frozen["backlog.a.chain"]
    assert (first.git.branch, first.git.expected) == ("courier/backlog", None)
    assert first.source == "workChain"
    assert first.title == "Mend a"
    assert [(each.kind, each.name) for each in first.inputs][-2:] == [
        ("WorkChain", "backlog"),
        ("Issue", "a"),
    ]
    world.step()
    second = world.frozen["backlog.b.chain"].git
    assert second.branch == "courier/backlog"
    assert second.base_branch == "main"
    assert second.expected == second.base_commit == world.branches["courier/backlog"]
    assert second.aside == "courier/backlog.b.chain"
    world.step()
    assert world.course(WORK).current == 2
    found = world.step()
    assert world.course(WORK).phase == "completed"
    assert world.course(WORK).current is None
    assert [part.name for each in found.courses for part in each.ended if each.course.ref == WORK]
    assert world.look().courses == ()
    assert world.started == ["backlog.a.chain", "backlog.b.chain", "backlog.c.chain"]


def test_an_issue_each_is_a_stack_of_pull_requests() -> None:
    world = begun(work("a", "b", pullRequest="perIssue", branch="fix/all"))
    world.step()
    second = world.frozen["backlog.b.chain"].git
    assert (second.base_branch, second.branch) == ("fix/all.a.chain", "fix/all.b.chain")
    assert second.expected is second.aside is None
    assert second.base_commit == world.branches["fix/all.a.chain"]


def test_what_was_merged_below_is_not_built_on_again() -> None:
    world = begun(work("a", "b", "c", pullRequest="perIssue"))
    world.end("backlog.a.chain", pull_request="merged")
    del world.branches["courier/backlog.a.chain"]
    world.look()
    assert world.frozen["backlog.b.chain"].git.base_branch == "main"
    world.step()
    assert world.frozen["backlog.c.chain"].git.base_branch == "courier/backlog.b.chain"


def test_what_was_merged_into_the_one_below_is_found_there() -> None:
    world = begun(work("a", "b", "c", pullRequest="perIssue"))
    world.step()
    world.end("backlog.b.chain", pull_request="merged")
    world.look()
    assert world.frozen["backlog.c.chain"].git.base_branch == "courier/backlog.a.chain"


def test_a_run_that_changed_nothing_is_passed_over() -> None:
    world = begun(work("a", "b", "c", pullRequest="perIssue"))
    world.step()
    world.step(branch=None, commit=None, pull_request=None, number=None)
    assert world.frozen["backlog.c.chain"].git.base_branch == "courier/backlog.a.chain"


def test_a_failure_stops_a_chain_until_its_run_is_retried() -> None:
    world = begun(work("a", "b"))
    found = world.step("failed")
    assert world.course(WORK).phase == "failed"
    assert "courier retry backlog.a.chain" in reasons(found)["PartFailed"]
    assert world.look().courses == ()
    asked = Asked("backlog.a.chain.r2", by="somebody", step="start")
    world.frozen["backlog.a.chain.r2"] = retried(world.frozen["backlog.a.chain"], (), asked)
    world.flying["backlog.a.chain.r2"] = InFlight("backlog.a.chain.r2", by_catalog=False)
    world.look()
    assert world.course(WORK).phase == "running"
    world.step()
    assert world.frozen["backlog.b.chain"].git.branch == "courier/backlog"
    assert world.phases(WORK) == ["completed", "running"]
    assert world.course(WORK).parts[0].run == "backlog.a.chain.r2"


def test_a_chain_may_go_on_without_what_failed() -> None:
    world = begun(work("a", "b", "c", onFailure="continue"))
    world.step()
    world.step("failed")
    third = world.frozen["backlog.c.chain"].git
    assert third.expected == world.branches["courier/backlog"]
    world.step()
    assert world.course(WORK).phase == "failed"
    assert world.phases(WORK) == ["completed", "failed", "completed"]


def test_whoever_cancels_a_run_stops_its_chain() -> None:
    world = begun(work("a", "b"))
    world.step("cancelled")
    assert world.course(WORK).phase == "stopped"
    assert world.started == ["backlog.a.chain"]


def test_a_chain_that_is_gone_takes_its_run_along() -> None:
    world = begun(work("a", "b"))
    world.asked = catalog(project(), workflow(), issue("a"), issue("b"))
    world.look()
    assert world.flying["backlog.a.chain"].cancelling
    assert (world.course(WORK).phase, world.course(WORK).reason) == ("stopped", "Gone")
    assert world.look().courses == ()


def test_an_issue_that_left_its_chain_takes_its_run_along() -> None:
    world = begun(work("a", "b"))
    world.asked = catalog(*work("b"))
    world.look()
    assert world.flying["backlog.a.chain"].cancelling
    assert world.started[-1] == "backlog.b.chain"


def test_nothing_is_built_on_what_people_closed() -> None:
    world = begun(work("a", "b"))
    found = world.step(pull_request="closed")
    assert world.started == ["backlog.a.chain"]
    assert (world.course(WORK).phase, world.course(WORK).reason) == ("stopped", "PullRequestClosed")
    assert "#1 of issue a was closed" in reasons(found)["PartFailed"]
    world.asks.append(Resumption("somebody", world.now))
    world.look()
    git = world.frozen["backlog.a.chain-2"].git
    assert (git.branch, git.base_commit) == ("courier/backlog", world.seen().commit)
    assert git.expected == world.branches["courier/backlog"]
    world.step()
    assert world.started[-1] == "backlog.b.chain"


def test_what_was_closed_may_be_left_out() -> None:
    world = begun(work("a", "b", "c", pullRequest="perIssue"))
    world.step()
    world.step(pull_request="closed")
    world.asks.append(Resumption("somebody", world.now, "c"))
    world.look()
    assert world.frozen["backlog.c.chain"].git.base_branch == "courier/backlog.a.chain"
    world.step()
    assert world.course(WORK).phase == "completed"


def test_a_branch_that_is_gone_is_waited_for() -> None:
    world = begun(work("a", "b"))
    world.end("backlog.a.chain")
    kept = world.branches.pop("courier/backlog")
    assert "courier/backlog" in reasons(world.look())["BranchGone"]
    world.branches["courier/backlog"] = kept
    world.look()
    assert world.started[-1] == "backlog.b.chain"


def test_a_shared_branch_that_was_merged_begins_anew_unless_people_went_on_with_it() -> None:
    world = begun(work("a", "b"))
    world.end("backlog.a.chain", pull_request="merged")
    forked = replace(world, branches={"courier/backlog": "f" * 40}, frozen=dict(world.frozen))
    forked.flying, forked.courses = dict(world.flying), dict(world.courses)
    world.look()
    git = world.frozen["backlog.b.chain"].git
    assert git.base_commit == world.seen().commit
    assert git.expected == world.branches["courier/backlog"]
    forked.look()
    git = forked.frozen["backlog.b.chain"].git
    assert git.base_commit == git.expected == "f" * 40


def test_sprints_are_told_the_goal_and_where_they_stand() -> None:
    world = begun(sprints("one", "two", "three"))
    world.step()
    second = world.frozen["roadmap.two.sprint"]
    assert second.title == "Do two"
    for told in ("Build two.", "All is well.", "It began badly.", "part 2 of 3", "Do three"):
        assert told in second.task
    assert second.git.base_branch == "courier/roadmap.one.sprint"
    assert second.chain is not None
    assert [(each.part, each.number) for each in second.chain.links] == [
        ("one", 1),
        ("two", None),
        ("three", None),
    ]


def test_a_range_leaves_out_the_rest() -> None:
    world = begun(sprints("one", "two", "three", range={"from": "two", "to": "two"}))
    world.step()
    assert world.started == ["roadmap.two.sprint"]
    assert world.course(SPRINTS).phase == "completed"


def test_a_range_that_holds_nothing_is_held() -> None:
    world = World(catalog(*sprints("one", "two", range={"from": "two", "to": "one"})))
    assert "Turn them round" in reasons(world.look())["Blocked"]


def test_a_sprint_waits_for_the_merge_of_the_one_before() -> None:
    world = begun(sprints("one", "two", base="merged"))
    found = world.step()
    assert "pull request #1 of sprint one" in reasons(found)["AwaitingMerge"]
    assert world.course(SPRINTS).phase == "running"
    one = world.records["roadmap.one.sprint"]
    world.records["roadmap.one.sprint"] = replace(one, pull_request="merged")
    world.look()
    assert world.frozen["roadmap.two.sprint"].git.base_branch == "main"


def test_sprints_cannot_wait_for_a_merge_and_be_proposed_together() -> None:
    told = reading(*sprints("one", base="merged", pullRequest="single")).diagnostics
    assert [found.code for found in told] == ["NeverMerged"]


def test_an_issue_is_worked_off_once_in_a_chain() -> None:
    told = reading(*work("a", "a")[:2], *work("a")[2:3], work("a", "a")[-1]).diagnostics
    assert [found.code for found in told] == ["NameTwice"]


def test_a_course_that_cannot_be_read_starts_nothing_and_cancels_nothing() -> None:
    world = begun(sprints("one", "two"))
    seen = replace(world.seen(), courses={SPRINTS: read_course(b'{"kind": 1}')})
    found = plan(world.asked, seen, now=world.now, drivers=DRIVERS)
    assert found.changes == ()
    assert "cannot be read (kind" in reasons(found)["Blocked"]


def test_a_run_left_by_another_machine_is_told_and_waited_for() -> None:
    world = begun(sprints("one", "two"))
    world.end("roadmap.one.sprint", "running", ended_at=None, branch=None)
    assert "another machine" in reasons(world.look())["Blocked"]
    assert world.course(SPRINTS).phase == "running"


def test_work_never_goes_to_the_tracked_branch() -> None:
    world = begun(work("a", branch="main"))
    assert world.started == []


def test_the_limit_of_open_pull_requests_counts_a_shared_one_once() -> None:
    documents = work("a", "b", "c")
    limited = (project(concurrency={"openPullRequests": 2, "runs": 1}), *documents[1:])
    world = begun(limited)
    for _ in range(3):
        assert len(world.flying) == 1
        (run,) = world.flying
        world.end(run, number=7)
        world.look()
    assert world.course(WORK).phase == "completed"


def test_a_course_says_what_it_is_of() -> None:
    told = Course(kind="SprintChain", name="x", phase="pending", parts=(Part(name="a"),))
    content = to_json(told.model_dump(mode="json", by_alias=True))
    assert read_course(content) == ObservedCourse(told, mark=read_course(content).mark)
    assert told.ref == Ref("SprintChain", "x")


def test_held_ones_say_where_they_are_written() -> None:
    limited = (project(suspend=True), *work("a")[1:])
    found = World(catalog(*limited)).look()
    told: Held = found.held[0]
    assert (told.kind, told.name, told.reason) == ("WorkChain", "backlog", "Suspended")
    assert told.position
    assert told.position.startswith(".courier/workchain-backlog.yaml")


def test_a_chain_goes_on_once_a_pull_request_is_open_after_all() -> None:
    world = begun(work("a", "b", "c"))
    world.step()
    world.decline("backlog.b.chain")
    found = world.look()
    assert (world.course(WORK).phase, world.course(WORK).reason) == ("failed", "ProposalDeclined")
    assert "goes on once it is open" in reasons(found)["PartFailed"]
    world.open_late("backlog.b.chain")
    world.look()
    assert world.phases(WORK) == ["completed", "completed", "running"]
    third = world.frozen["backlog.c.chain"].git
    assert third.expected == third.base_commit == world.branches["courier/backlog"]


def test_nothing_goes_onto_a_shared_branch_before_what_is_there_is_proposed() -> None:
    world = begun(work("a", "b", onFailure="continue"))
    world.decline("backlog.a.chain")
    world.look()
    assert world.started == ["backlog.a.chain"]
    world.open_late("backlog.a.chain")
    world.look()
    assert world.frozen["backlog.b.chain"].git.expected == world.branches["courier/backlog"]


def test_one_of_several_pull_requests_may_be_open_later() -> None:
    world = begun(work("a", "b", "c", onFailure="continue", pullRequest="perIssue"))
    world.decline("backlog.a.chain")
    world.look()
    assert world.frozen["backlog.b.chain"].git.base_branch == "main"
    world.open_late("backlog.a.chain")
    world.step()
    world.step()
    assert world.course(WORK).phase == "completed"


def test_what_was_never_proposed_gives_way_to_what_is_begun_anew() -> None:
    world = begun(work("a"))
    world.decline("backlog.a.chain")
    world.look()
    world.asks.append(Resumption("somebody", world.now))
    world.look()
    again = world.frozen["backlog.a.chain-2"].git
    assert (again.branch, again.expected) == ("courier/backlog", world.branches["courier/backlog"])
    assert again.base_commit == world.frozen["backlog.a.chain"].git.base_commit
