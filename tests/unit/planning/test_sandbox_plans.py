"""What is to be done about Sandbox documents: made, told, killed, held, or nothing."""

import json
from collections.abc import Iterable
from typing import Any

from courier.planning.observed.observed import Observed
from courier.planning.observed.sandboxrecord import KeptSandbox, ObservedSandbox, read_sandbox
from courier.planning.plan import Held, KeepSandbox, KillSandbox, Plan, StartSandbox, TellSandbox
from courier.planning.planner import plan
from courier.planning.sandboxes.freeze import digest_of
from courier.runs.interactive.account import account
from courier.runs.interactive.live import LiveSandbox
from tests.unit.planning.world import COMMIT, DRIVERS, NOW, Json, catalog, document, project


def box(name: str = "desk", **spec: object) -> Json:
    return document("Sandbox", name, spec)


def seen(state: str, *, of: Json | None = None, **changes: Any) -> ObservedSandbox:
    asked = of or box()
    spec, metadata = asked["spec"], asked["metadata"]
    assert isinstance(spec, dict)
    assert isinstance(metadata, dict)
    told = {"project": "demo", "declared": "running", "spec_digest": digest_of(spec)} | changes
    return ObservedSandbox(str(metadata["name"]), state, **told)


def planned(
    *documents: Json,
    accounts: Iterable[ObservedSandbox] = (),
    kept: Iterable[KeptSandbox] = (),
    branches: dict[str, str] | None = None,
) -> Plan:
    observed = Observed(
        "main",
        COMMIT,
        branches=branches or {},
        sandboxes={one.name: one for one in accounts},
        kept={one.name: one for one in kept},
    )
    return plan(catalog(*documents), observed, now=NOW, drivers=DRIVERS)


def only_held(found: Plan) -> Held:
    assert not found.actions
    (one,) = found.held
    return one


KEPT = (KeptSandbox("desk"),)


def test_one_that_was_asked_for_and_is_not_there_is_made_with_everything_decided() -> None:
    asked = box(
        prompt="# Explain\n\nit",
        timeout="2h",
        model="opus",
        messages=[{"name": "more", "content": "And refunds?"}],
    )
    (action,) = planned(project(instructions="Be brief."), asked).actions
    assert isinstance(action, StartSandbox)
    frozen = action.sandbox
    step = frozen.plan.steps[0]
    assert (step.agent, step.model) == ("claude", "opus")
    assert step.origins["model"].startswith("Sandbox/desk spec.model")
    assert (frozen.lives_seconds, frozen.plan.sandbox.timeout_seconds) == (7200, 7200)
    assert frozen.plan.sandbox.on_timeout == "pause"
    assert [one.id for one in frozen.messages] == ["prompt", "messages/more"]
    assert frozen.plan.title == "Explain"
    assert frozen.plan.project_instructions == "Be brief."
    assert (frozen.plan.git.base_branch, frozen.plan.git.branch) == ("main", "courier/desk")
    assert (frozen.onto, frozen.plan.source) == ("main", "sandbox")


def test_a_branch_is_worked_on_itself_and_must_exist() -> None:
    asked = box(branch="feature")
    held = only_held(planned(project(), asked))
    assert held.reason == "Blocked"
    assert 'Branch "feature"' in held.message
    (action,) = planned(project(), asked, branches={"feature": "f" * 40}).actions
    assert isinstance(action, StartSandbox)
    assert action.sandbox.plan.git.branch == "feature"
    assert action.sandbox.own_branch == "courier/desk"


def test_planning_again_makes_nothing_twice() -> None:
    (action,) = planned(project(), box(), accounts=[seen("running")], kept=KEPT).actions
    assert isinstance(action, KeepSandbox)
    assert not planned(project(), box(), accounts=[seen("running")], kept=KEPT).changes
    assert isinstance(planned(project(), box(), kept=KEPT).actions[0], KeepSandbox)


def test_what_the_document_says_anew_is_told_once() -> None:
    asked = box(
        desiredState="paused",
        messages=[{"name": "a", "content": "A"}, {"name": "b", "content": "B"}],
    )
    known = seen("running", messages=frozenset({"messages/a"}))
    found = planned(project(), asked, accounts=[known], kept=KEPT).actions
    words = [action.word for action in found if isinstance(action, TellSandbox)]
    assert [(word.do, word.declared) for word in words] == [("send", None), ("pause", "paused")]
    assert words[0].message is not None
    assert words[0].message.content == "B"


def test_what_a_person_said_later_than_the_document_counts() -> None:
    paused = seen("paused", declared="running")
    (action,) = planned(project(), box(), accounts=[paused], kept=KEPT).actions
    assert isinstance(action, KeepSandbox)


def test_killed_by_its_document_or_because_that_is_gone() -> None:
    asked = box(desiredState="killed")
    (action,) = planned(project(), asked, accounts=[seen("running")], kept=KEPT).actions
    assert isinstance(action, KillSandbox)
    (action,) = planned(project(), accounts=[seen("running")], kept=KEPT).actions
    assert (type(action), action.reason) == (KillSandbox, "its document is gone")
    going = (KeptSandbox("desk", cancelling=True),)
    (action,) = planned(project(), accounts=[seen("running")], kept=going).actions
    assert isinstance(action, KeepSandbox)


def test_one_that_is_over_is_settled_whatever_its_document_says() -> None:
    for state in ("killed", "error"):
        found = planned(project(), box(prompt="again"), accounts=[seen(state)])
        assert (found.actions, found.held, found.settled) == ((), (), 1)
    assert planned(project(), box(desiredState="killed")).settled == 1


def test_one_that_is_kept_elsewhere_or_unreadable_is_not_made_again() -> None:
    held = only_held(planned(project(), box(), accounts=[seen("running")]))
    assert (held.reason, "another machine" in held.message) == ("Blocked", True)
    broken = ObservedSandbox("desk", "unreadable", "it is not JSON")
    assert "cannot be read" in only_held(planned(project(), box(), accounts=[broken])).message


def test_no_more_are_made_than_the_project_allows_and_paused_ones_count() -> None:
    room = project(concurrency={"sandboxes": 2})
    there = seen("paused", of=box("other"))
    found = planned(
        room, box("a"), box("b"), box("other"), accounts=[there], kept=[KeptSandbox("other")]
    )
    started = [one.run for one in found.actions if isinstance(one, StartSandbox)]
    assert started == ["sandbox/a"]
    (held,) = found.held
    assert (held.name, held.reason) == ("b", "Limit")
    assert "2 sandboxes are there" in held.message


def test_nothing_new_in_a_suspended_project() -> None:
    assert only_held(planned(project(suspend=True), box())).reason == "Suspended"


def test_what_cannot_be_done_yet_is_held() -> None:
    held = only_held(planned(project(), box(repository="https://example.com/other.git")))
    assert held.reason == "NotExecutedYet"
    assert only_held(planned(project(), box(agent="codex"))).reason == "NotExecutedYet"


def test_a_changed_document_is_told_and_changes_nothing() -> None:
    (action,) = planned(
        project(), box(model="haiku"), accounts=[seen("running")], kept=KEPT
    ).actions
    assert isinstance(action, KeepSandbox)
    assert "has changed since" in action.reason


def test_an_account_is_read_back_whatever_is_in_it() -> None:
    assert read_sandbox("desk", b"{").state == "unreadable"
    assert read_sandbox("desk", b"[]").state == "unreadable"
    assert read_sandbox("desk", b'{"state": "melted"}').state == "unreadable"
    (action,) = planned(project(), box(prompt="Hello")).actions
    assert isinstance(action, StartSandbox)

    told = json.dumps(account(action.sandbox, LiveSandbox(declared="running"))).encode()
    found = read_sandbox("desk", told)
    assert (found.state, found.project, found.declared) == ("creating", "demo", "running")
    spec = box(prompt="Hello")["spec"]
    assert isinstance(spec, dict)
    assert found.spec_digest == digest_of(spec)


def test_a_plan_with_a_sandbox_goes_through_its_text() -> None:
    found = planned(project(), box(prompt="Hello"))
    assert Plan.model_validate_json(found.model_dump_json(by_alias=True)) == found
