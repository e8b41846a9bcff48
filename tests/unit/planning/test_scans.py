"""Scans and answering sessions at one look after another: what starts, once for each cause."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from courier.planning.observed.diary import ObservedTask
from courier.planning.observed.observed import InFlight, Observed, ObservedRun, fold
from courier.planning.plan import Plan, StartRun
from courier.planning.planner import plan
from tests.unit.planning.world import (
    DRIVERS,
    NOW,
    Json,
    catalog,
    document,
    observed,
    project,
    run,
    workflow,
)

QUESTIONS = [{"id": "who", "text": "Who reads it?"}, {"id": "why", "text": "Why?"}]


def scan(name: str = "weekly", **spec: object) -> Json:
    return document("IssueScan", name, {"prompt": "Find what is wrong."} | spec)


def issue(name: str = "one", **spec: object) -> Json:
    return document("Issue", name, {"title": f"Do {name}", "description": "It is."} | spec)


def session(name: str = "weekly-1", **spec: object) -> Json:
    return document("AnsweringSession", name, {"questions": QUESTIONS} | spec)


def look(*documents: Json, seen: Observed | None = None, later: int = 0) -> Plan:
    now = NOW + timedelta(seconds=later)
    return plan(catalog(*documents), seen or observed(), now=now, drivers=DRIVERS)


def started(found: Plan) -> list[str]:
    return [each.run for each in found.actions if isinstance(each, StartRun)]


def only(found: Plan) -> StartRun:
    (start,) = [each for each in found.actions if isinstance(each, StartRun)]
    return start


def flying(*runs: str) -> Observed:
    return observed(flying=[InFlight(name) for name in runs])


def ended(run: str, phase: str = "completed") -> Observed:
    return replace(observed(), records=fold([ObservedRun(run, phase, "")]))


def test_a_scan_without_a_schedule_is_done_once_and_again_when_it_asks_for_something_else() -> None:
    first = only(look(project(), scan()))
    assert first.run.startswith("weekly.")
    assert first.run.endswith(".scan")
    assert (first.frozen.source, first.frozen.workflow) == ("scan", "issue-scan")
    assert started(look(project(), scan(), seen=flying(first.run))) == []
    assert started(look(project(), scan(), seen=ended(first.run, "failed"))) == []
    other = look(project(), scan(prompt="Find more."), seen=ended(first.run))
    assert started(other) not in ([], [first.run])


def test_a_changed_scan_waits_for_the_scan_as_it_was() -> None:
    first = only(look(project(), scan())).run
    found = look(project(), scan(prompt="Find more."), seen=flying(first))
    assert started(found) == []
    assert [(each.name, each.reason) for each in found.held] == [("weekly", "Overlap")]
    assert [each.action for each in found.actions] == ["resumeRun"]


def test_resting_changes_nothing_about_what_is_asked() -> None:
    first = only(look(project(), scan())).run
    found = look(project(), scan(suspend=True))
    assert (started(found), [each.reason for each in found.held]) == ([], ["Suspended"])
    assert only(look(project(), scan(suspend=False))).run == first


def test_a_scan_whose_document_is_gone_is_cancelled() -> None:
    first = only(look(project(), scan())).run
    (action,) = look(project(), seen=flying(first)).actions
    assert action.action == "cancelRun"


def test_a_scan_is_frozen_with_its_session_s_settings_and_what_is_known() -> None:
    settings = {"issue": {"agent": "claude", "model": "haiku", "prompt": "Be kind."}}
    asked = scan(focus=["tests", "names"], paths=["src/**"], maxIssues=3)
    frozen = only(look(project(sessions=settings), asked, issue(), workflow())).frozen
    (step,) = frozen.steps
    assert (step.agent, step.model, step.harvests) == ("claude", "haiku", "issues")
    assert "session" in step.origins["model"] or "Project/demo" in step.origins["model"]
    assert step.instructions.startswith("Be kind.")
    assert frozen.harvest is not None
    assert (frozen.harvest.most, frozen.harvest.cause) == (3, "IssueScan/weekly")
    for words in ("Find what is wrong.", "tests; names", "src/**", "at most 3", "- Do one"):
        assert words in frozen.task
    assert {each.kind for each in frozen.inputs} == {"Project", "IssueScan"}


def test_braces_in_a_scan_are_no_inputs() -> None:
    frozen = only(look(project(), scan(prompt="Look at {{ inputs.nothing }}."))).frozen
    assert "{{ inputs.nothing }}" in frozen.task


def test_a_scan_with_a_schedule_is_due_like_a_recurring_task() -> None:
    asked = (project(), scan(schedule={"frequency": "daily", "hour": 13}))
    first = look(*asked)
    assert started(first) == []
    (task,) = first.tasks
    assert task.task == "scan.weekly"
    seen = replace(observed(), tasks={task.task: ObservedTask(task.diary)})
    due = only(look(*asked, seen=seen, later=3_601))
    assert due.run == "weekly.20261121t1300z.scan"
    assert due.frozen.harvest is not None
    again = replace(flying(due.run), tasks={})
    assert [each.action for each in look(*asked, seen=again).actions] == ["resumeRun"]


def test_a_scan_and_a_task_of_one_name_have_diaries_of_their_own() -> None:
    daily = {"frequency": "daily", "hour": 13}
    task = document(
        "RecurringTask", "weekly", {"workflow": "fix", "prompt": "x", "schedule": daily}
    )
    found = look(project(), workflow(), task, scan(schedule=daily))
    assert sorted(each.task for each in found.tasks) == ["scan.weekly", "weekly"]


def test_open_questions_are_asked_once() -> None:
    first = only(look(project(), session()))
    assert first.run.endswith(".answers")
    assert (first.frozen.source, first.frozen.steps[0].type) == ("answering", "answerer")
    assert "`who`" in first.frozen.task
    assert started(look(project(), session(), seen=flying(first.run))) == []
    assert started(look(project(), session(), seen=ended(first.run))) == []


def test_questions_with_an_answer_are_not_asked_approved_or_not() -> None:
    answers: list[Any] = [{"question": "who", "answer": "Me.", "confidence": 0.5}]
    found = only(look(project(), session(answers=answers)))
    assert "`who`" not in found.frozen.task
    assert "`why`" in found.frozen.task
    answers.append({"question": "why", "answer": "So.", "approved": True})
    assert started(look(project(), session(answers=answers))) == []


def answered(name: str, *, approved: bool, **spec: object) -> Json:
    answers = [
        {"question": "who", "answer": f"{name} says who.", "approved": approved},
        {"question": "why", "answer": f"{name} says why."},
    ]
    return session(name, answers=answers, **spec)


@pytest.mark.parametrize(
    ("asker", "told"),
    [
        ((run(),), ["all/who"]),
        ((scan("first"),), ["all/who", "mine/who"]),
        ((scan("second"),), ["all/who"]),
    ],
)
def test_runs_are_told_what_is_approved_of_their_scan_and_of_the_project(
    asker: tuple[Json, ...], told: list[str]
) -> None:
    other = [scan(name, suspend=True) for name in ("first", "second")]
    others = [each for each in other if each["metadata"] != asker[0]["metadata"]]
    found = look(
        project(),
        workflow(),
        *asker,
        *others,
        answered("mine", approved=True, scan="first"),
        answered("all", approved=True),
        answered("unapproved", approved=False),
    )
    frozen = only(found).frozen
    assert [f"{each.session}/{each.id}" for each in frozen.answers] == told
    known = {each.name: each.digest for each in frozen.inputs if each.kind == "AnsweringSession"}
    assert sorted(known) == told
    assert len(set(known.values())) == len(told)
    (prompt, *_) = only(found).prompts
    assert "all says who." in prompt.text
    assert "says why." not in prompt.text
    assert "unapproved" not in prompt.text


def test_answers_of_another_project_are_not_told() -> None:
    here = project()
    there = document("Project", "other", {})
    mine = run()
    for each, name in ((mine, "demo"), (theirs := answered("all", approved=True), "other")):
        metadata = each["metadata"]
        assert isinstance(metadata, dict)
        metadata["project"] = name
    frozen = only(look(here, there, workflow(), mine, theirs)).frozen
    assert frozen.answers == ()
