import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import spec_digest
from courier.planning.observed.history import Sample
from courier.planning.observed.observed import InFlight, ObservedRun
from courier.planning.plan import CancelRun, Held, Plan, PublishRun, ResumeRun, StartRun
from courier.planning.planner import Pass, plan, plan_pass
from courier.planning.stale import stale_because
from courier.runs.steps.prompts import assemble
from tests.unit.planning.world import (
    DRIVERS,
    NOW,
    Json,
    catalog,
    document,
    observed,
    planned,
    project,
    reading,
    run,
    workflow,
)


def done(name: str, *, of: Json | None = None, **changes: Any) -> ObservedRun:
    spec = (of or run(name))["spec"]
    assert isinstance(spec, dict)
    record = ObservedRun(name, "completed", "Completed", "demo", "fix", spec_digest(spec))
    return replace(record, **changes)


def only(found: Plan) -> Held:
    assert not found.actions
    (one,) = found.held
    return one


def test_a_run_that_was_asked_for_and_is_not_on_record_starts() -> None:
    found = planned(project(), workflow(), run())
    (start,) = found.actions
    assert isinstance(start, StartRun)
    assert start.run == "fix-auth"
    assert start.reason == "asked for and not on record"
    assert start.estimate is None
    assert found.changes == found.actions
    assert (found.project, found.branch, found.settled, found.held) == ("demo", "main", 0, ())


def test_every_step_shows_the_prompt_it_will_get_first() -> None:
    (start,) = planned(project(instructions="Be kind."), workflow(), run()).actions
    assert isinstance(start, StartRun)
    assert [prompt.step for prompt in start.prompts] == ["design", "check"]
    assert "Be kind." in start.prompts[0].text
    assert start.prompts[0].digest == assemble(start.frozen, start.frozen.steps[0]).digest


def test_a_run_on_record_is_settled() -> None:
    found = planned(project(), workflow(), run(), seen=observed(done("fix-auth")))
    assert (found.actions, found.held, found.settled) == ((), (), 1)


@pytest.mark.parametrize("phase", ["completed", "failed", "cancelled"])
def test_however_a_run_ended_it_is_not_done_again(phase: str) -> None:
    found = planned(project(), workflow(), run(), seen=observed(done("fix-auth", phase=phase)))
    assert (found.actions, found.settled) == ((), 1)


def test_a_changed_spec_of_a_run_on_record_is_held() -> None:
    found = only(
        planned(project(), workflow(), run(prompt="More."), seen=observed(done("fix-auth")))
    )
    assert found.reason == "SpecChanged"
    assert "new name" in found.message
    assert found.position == ".courier/run-fix-auth.yaml:1:1"


def test_a_record_that_does_not_know_its_spec_is_settled() -> None:
    seen = observed(done("fix-auth", spec_digest=None))
    assert planned(project(), workflow(), run(), seen=seen).settled == 1


def test_cancelling_what_is_done_or_never_began_is_settled() -> None:
    cancelled = run(desiredState="cancelled")
    assert planned(project(), workflow(), cancelled).settled == 1
    seen = observed(done("fix-auth", phase="cancelled"))
    assert planned(project(), workflow(), cancelled, seen=seen).settled == 1
    edited = run(desiredState="cancelled", prompt="More.")
    assert planned(project(), workflow(), edited, seen=seen).settled == 1


def test_an_unreadable_record_blocks_its_run() -> None:
    seen = observed(ObservedRun("fix-auth", "unreadable", "it is not JSON"))
    found = only(planned(project(), workflow(), run(), seen=seen))
    assert found.reason == "Blocked"
    assert "it is not JSON" in found.message


def test_a_record_that_is_not_ended_and_not_under_way_here_blocks_its_run() -> None:
    found = only(
        planned(project(), workflow(), run(), seen=observed(done("fix-auth", phase="running")))
    )
    assert found.reason == "Blocked"
    assert "another machine" in found.message


def test_a_run_under_way_is_resumed_and_changes_nothing() -> None:
    seen = observed(flying=[InFlight("fix-auth")])
    found = planned(project(), workflow(), run(), seen=seen)
    assert found.actions == (ResumeRun(run="fix-auth", reason="under way"),)
    assert found.changes == ()


def test_a_run_whose_record_is_written_already_is_under_way_until_the_engine_lets_go() -> None:
    seen = observed(done("fix-auth"), flying=[InFlight("fix-auth")])
    found = planned(project(), workflow(), run(), seen=seen)
    assert [type(action) for action in found.actions] == [ResumeRun]
    assert found.settled == 0


def test_an_edit_of_a_run_under_way_is_told() -> None:
    seen = observed(flying=[InFlight("fix-auth", spec_digest="other")])
    (action,) = planned(project(), workflow(), run(), seen=seen).actions
    assert isinstance(action, ResumeRun)
    assert "changed since" in action.reason


def test_a_run_under_way_that_is_not_wanted_any_more_is_cancelled_once() -> None:
    cancelled = (project(), workflow(), run(desiredState="cancelled"))
    (action,) = planned(*cancelled, seen=observed(flying=[InFlight("fix-auth")])).actions
    assert isinstance(action, CancelRun)
    seen = observed(flying=[InFlight("fix-auth", cancelling=True)])
    assert planned(*cancelled, seen=seen).changes == ()


def test_a_run_under_way_whose_document_is_gone_is_cancelled() -> None:
    seen = observed(flying=[InFlight("fix-auth")])
    (action,) = planned(project(), workflow(), seen=seen).actions
    assert action == CancelRun(run="fix-auth", reason="its document is gone")


def test_a_run_that_no_document_asked_for_is_not_pruned() -> None:
    seen = observed(flying=[InFlight("nightly", by_catalog=False)])
    assert planned(project(), workflow(), seen=seen).changes == ()


def test_a_suspended_project_starts_nothing_and_lets_go_on_what_is_under_way() -> None:
    seen = observed(flying=[InFlight("b")])
    found = planned(project(suspend=True), workflow(), run("a"), run("b"), seen=seen)
    assert [held.reason for held in found.held] == ["Suspended"]
    assert [type(action) for action in found.actions] == [ResumeRun]


def test_what_cannot_be_done_yet_is_held_beside_what_can() -> None:
    found = planned(project(), workflow(), run("a"), run("b", agent="codex"))
    assert [action.run for action in found.actions] == ["a"]
    assert [(held.name, held.reason) for held in found.held] == [("b", "NotExecutedYet")]


def test_no_more_pull_requests_are_opened_than_the_project_allows() -> None:
    limited = project(concurrency={"openPullRequests": 3, "runs": 2})
    seen = observed(
        done("old", pull_request="created"),
        done("older", pull_request="merged"),
        flying=[InFlight("a")],
        pull_requests={"old": "created", "older": "merged"},
    )
    found = planned(limited, workflow(), *map(run, "abcd"), seen=seen)
    assert [action.run for action in found.actions if isinstance(action, StartRun)] == ["b"]
    assert [(held.name, held.reason) for held in found.held] == [("c", "Limit"), ("d", "Limit")]
    assert "allows 3" in found.held[0].message
    (limit,) = found.limits
    assert (limit.project, limit.runs, limit.sandboxes, limit.proposals) == ("demo", 2, 8, 0)


def test_a_pull_request_its_forge_refused_has_room_kept_for_a_day() -> None:
    limited = project(concurrency={"openPullRequests": 2})
    an_hour_ago = NOW - timedelta(hours=1)
    seen = observed(
        done("open", pull_request="created", number=1),
        done("old", pull_request="failed", ended_at=an_hour_ago),
    )
    seen = replace(seen, pull_requests={"open": "created"}, unproposed=["old", "gone"])
    found = planned(limited, workflow(), run("a"), seen=seen)
    assert [(held.name, held.reason) for held in found.held] == [("a", "Limit")]
    assert "2 pull requests are open or on their way" in found.held[0].message
    assert [limit.proposals for limit in found.limits] == [1]
    long_ago = observed(
        done("open", pull_request="created", number=1),
        done("old", pull_request="failed", ended_at=NOW - timedelta(days=1)),
    )
    seen = replace(long_ago, pull_requests={"open": "created"}, unproposed=["old"])
    found = planned(limited, workflow(), run("a"), seen=seen)
    assert [action.run for action in found.actions] == ["a"]
    assert [limit.proposals for limit in found.limits] == [0]


def test_a_run_that_is_held_takes_no_room() -> None:
    limited = project(concurrency={"openPullRequests": 1})
    found = planned(limited, workflow(), run("a", agent="codex"), run("b"))
    assert [action.run for action in found.actions] == ["b"]


def test_projects_have_their_own_room() -> None:
    def other(name: str, of: str) -> Json:
        made = run(name)
        return made | {"metadata": {"name": name, "project": of}}

    small = project(concurrency={"openPullRequests": 1})
    big = document("Project", "large", {})
    found = planned(
        small, big, workflow(), *(other(name, "demo") for name in "ab"), other("c", "large")
    )
    assert [action.run for action in found.actions] == ["a", "c"]
    assert found.project == "demo, large"


def test_a_record_follows_its_pull_request() -> None:
    seen = observed(done("fix-auth", pull_request="created"), pull_requests={"fix-auth": "merged"})
    found = planned(project(), workflow(), run(), seen=seen)
    (action,) = found.actions
    assert isinstance(action, PublishRun)
    assert action.pull_request_status == "merged"
    assert "merged, on record it is created" in action.reason
    assert found.settled == 1


def test_records_of_runs_under_way_are_left_to_the_engine() -> None:
    seen = observed(
        done("fix-auth"), flying=[InFlight("fix-auth")], pull_requests={"fix-auth": "created"}
    )
    assert planned(project(), workflow(), run(), seen=seen).changes == ()


def test_history_gives_an_estimate() -> None:
    sample = Sample("old", datetime(2026, 11, 20, tzinfo=UTC), 120.0, 5000, Decimal("0.5"))
    seen = observed(done("old", sample=sample))
    (start,) = planned(project(), workflow(), run(), seen=seen).actions
    assert isinstance(start, StartRun)
    assert start.estimate is not None
    assert (start.estimate.runs, start.estimate.usd_low) == (1, Decimal("0.5"))


def test_settled_runs_are_decided_without_making_resources() -> None:
    names = [f"run-{number}" for number in range(50)]
    documents = catalog(project(), workflow(), *map(run, names), run("new"))
    plan(documents, observed(*map(done, names)), now=NOW, drivers=DRIVERS)
    assert set(documents._resources) == {
        Ref("Project", "demo"),
        Ref("Workflow", "fix"),
        Ref("Run", "new"),
    }


def test_a_later_pass_uses_what_an_earlier_one_found_out() -> None:
    documents = catalog(project(), workflow(), run("a"), run("b"))
    seen = observed(done("a"), done("b"))
    first = Pass(NOW, DRIVERS)
    told = plan_pass(documents, seen, first)
    assert set(first.digests) == {Ref("Run", "a"), Ref("Run", "b")}
    assert plan_pass(documents, seen, first) == told


def test_what_was_found_out_about_a_document_that_changed_is_not_used() -> None:
    before = reading(project(), workflow(), run("a"), run("b"))
    after = reading(project(), workflow(), run("a"), run("b", prompt="More."), former=before)
    seen = observed(done("a"), done("b"))
    by = Pass(NOW, DRIVERS)
    assert plan_pass(before.catalog, seen, by).settled == 2
    found = plan_pass(after.catalog, seen, by)
    assert [(held.name, held.reason) for held in found.held] == [("b", "SpecChanged")]


def test_a_saved_plan_is_read_back_whole() -> None:
    found = planned(project(), workflow(), run(budget=0.1), document("Sandbox", "box", {}))
    assert Plan.model_validate_json(found.model_dump_json()) == found


def test_a_plan_is_stale_when_what_it_was_made_from_moved() -> None:
    documents = (project(), workflow(), run())
    saved = planned(*documents)
    later = plan(catalog(*documents), observed(), now=datetime.now(UTC), drivers=DRIVERS)
    assert stale_because(saved, later) == ()
    assert stale_because(saved, planned(*documents, run("b"))) == ("the documents changed",)
    moved = replace(observed(), commit="f" * 40)
    assert "main moved" in stale_because(saved, planned(*documents, seen=moved))[0]
    flying = observed(flying=[InFlight("fix-auth")])
    assert stale_because(saved, planned(*documents, seen=flying)) == (
        "runs, sandboxes, pull requests or branches changed",
    )


def test_a_plan_of_uncommitted_changes_is_always_stale() -> None:
    saved = plan(catalog(project()), observed(), now=NOW, drivers=DRIVERS, dirty=True)
    assert saved.dirty
    assert "not committed" in stale_because(saved, saved)[0]


def test_documents_in_any_order_give_the_same_plan() -> None:
    documents = [project(), workflow(), *(run(f"run-{number}") for number in range(20))]
    shuffled = random.Random(7).sample(documents, len(documents))
    assert planned(*shuffled) == planned(*documents)
