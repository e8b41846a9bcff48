"""Plans as people see them, whole."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from courier.cli.views.ink import Ink, columns, safe, width
from courier.cli.views.plan_view import summary, to_json, to_text
from courier.planning.observed.history import Sample
from courier.planning.observed.observed import InFlight, Observed, ObservedRun
from courier.planning.plan import Plan, PlannedPrompt, StartRun
from courier.planning.planner import plan
from courier.runs.run.frozen import FrozenInput
from tests.unit.planning.world import (
    DRIVERS,
    NOW,
    catalog,
    document,
    observed,
    planned,
    project,
    run,
    workflow,
)

BRIEF = """\
demo at main 1a2b3c4d5e

  + fix-auth  asked for and not on record
      task      Make the login\\x1b[31m redirect work.
      workflow  fix (designerChecker)
      loop      check goes back to design, which works at most 3 times
      branch    main 1a2b3c4d5e -> courier/fix-auth
      budget    at most $3.00
      estimate  $0.40 to 2.40, 3 min to 5 min, 120k to 180k tokens (from 3 runs)

      step    type      agent   model  effort  from
      design  designer  claude  opus   high    built-in, Project/demo, Workflow/fix
      check   checker   shell   -      -       Workflow/fix

  ~ docs-7  in flight  under way
  - gone    cancel     its document is gone
  > old-1   publish    its pull request is merged, on record it is created

  @ RecurringTask/nightly  next 2026-11-22 02:30 Europe/Berlin

  ! IssueScan (4 documents)  Suspended
      It is suspended (`spec.suspend`).
  ! RecurringTask/resting    Suspended
      .courier/recurringtask-resting.yaml:1:1: It is suspended (`spec.suspend`); what comes \
meanwhile is not made up for.
  ! Run/codex-try            NotExecutedYet
      .courier/run-codex-try.yaml:1:1: Agent "codex" cannot be run yet. Agents that work today: \
claude, shell.

Plan: 1 to start, 1 to cancel, 1 to publish, 1 in flight, 0 settled, 6 held.
"""

WIDE = """\
demo at main 1a2b3c4d5e

  + a  asked for and not on record
      task      Fix the login.
      workflow  fix (single)
      branch    main 1a2b3c4d5e -> courier/a
      estimate  no history

      step    type      agent  model  effort  from
      design  designer  shell  -      -       Workflow/fix

      value                     written in
      design.agent    shell     Workflow/fix spec.steps[0].run (.courier/workflow-fix.yaml:10:10)
      design.timeout  15 min    built-in
      design.run      make fix  Workflow/fix spec.steps[0].run (.courier/workflow-fix.yaml:10:10)

      prompt                    digest
      design  1,234 characters  dddddddddddd

      input         digest
      Project/demo  000000000000
      Workflow/fix  111111111111
      Run/a         222222222222

Plan: 1 to start, 0 in flight, 0 settled, 0 held.
"""

PIPELINE = """\
      workflow  fix (pipeline)
      loop      check goes back to design, which works at most 2 times
      loop      review goes back to look, which works at most 3 times
      left out  Step "plan" is left out: Persona "dreamer" is not enabled.
      branch    main 1a2b3c4d5e -> courier/a
      estimate  no history

      step    type          agent   model  effort  from
      look    investigator  claude  -      -       built-in
      design  designer      claude  -      -       built-in
      check   checker       claude  -      -       built-in
      review  reviewer      claude  -      -       built-in
"""


def samples() -> list[Sample]:
    return [
        Sample(
            f"old-{number}",
            datetime(2026, 11, number + 1, tzinfo=UTC),
            seconds=200.0 + number * 40,
            tokens=120_000 + number * 30_000,
            cost_usd=Decimal("0.40") + number,
        )
        for number in range(3)
    ]


def busy() -> Plan:
    done = [
        ObservedRun(one.run, "completed", "", "demo", "fix", None, "created", sample=one)
        for one in samples()
    ]
    seen = observed(
        *done,
        flying=[InFlight("docs-7"), InFlight("gone")],
        pull_requests={"old-1": "merged"},
    )
    steps = [
        {"name": "design", "type": "designer"},
        {"name": "check", "type": "checker", "run": "make test"},
    ]
    schedule = {"frequency": "daily", "hour": 2, "minute": 30, "timezone": "Europe/Berlin"}
    nightly = {"workflow": "fix", "prompt": "Tidy.", "schedule": schedule}
    return planned(
        project(model="opus"),
        workflow(effort="high", steps=steps),
        run(prompt="Make the login\x1b[31m redirect work.", budget=3),
        run("docs-7"),
        run("codex-try", agent="codex"),
        document("RecurringTask", "nightly", nightly),
        document("RecurringTask", "resting", {**nightly, "suspend": True}),
        *(
            document("IssueScan", f"look-{number}", {"prompt": "Look.", "suspend": True})
            for number in range(4)
        ),
        seen=seen,
    )


def test_a_busy_plan() -> None:
    assert to_text(busy()) == BRIEF


def test_a_wide_plan_tells_every_origin_prompt_and_input() -> None:
    steps = [{"name": "design", "type": "designer", "run": "make fix\nmake again"}]
    found = planned(project(), workflow(type="single", steps=steps), run("a"))
    (start,) = found.actions
    assert isinstance(start, StartRun)
    inputs = [
        FrozenInput(kind=one.kind, name=one.name, digest=f"{number}" * 64)
        for number, one in enumerate(start.frozen.inputs)
    ]
    known = start.model_copy(
        update={
            "prompts": (PlannedPrompt(step="design", text="x" * 1234, digest="d" * 64),),
            "frozen": start.frozen.model_copy(update={"inputs": tuple(inputs)}),
        }
    )
    told = to_text(found.model_copy(update={"actions": (known,)}), form="wide")
    assert told == WIDE


def test_a_wide_plan_tells_every_held_document_with_its_place() -> None:
    told = to_text(busy(), form="wide")
    assert all(f"IssueScan/look-{number}" in told for number in range(4))


def test_nothing_to_do() -> None:
    done = ObservedRun("fix-auth", "completed")
    found = planned(project(), workflow(), run(), seen=observed(done))
    assert to_text(found) == (
        "demo at main 1a2b3c4d5e\n\nNothing to do.\n"
        "Plan: 0 to start, 0 in flight, 1 settled, 0 held.\n"
    )


def test_a_dirty_plan_says_so_at_once() -> None:
    found = plan(catalog(project()), observed(), now=NOW, drivers=DRIVERS, dirty=True)
    assert "not committed" in to_text(found).splitlines()[0]


def test_colour_changes_nothing_but_colour() -> None:
    coloured = to_text(busy(), ink=Ink(colour=True))
    assert "\x1b[1;32m+\x1b[0m" in coloured
    bare = coloured
    for code in ("0", "1", "2", "1;31", "1;32", "1;33", "1;36", "33"):
        bare = bare.replace(f"\x1b[{code}m", "")
    assert bare == BRIEF


def test_without_colour_nothing_reaches_the_terminal_but_text() -> None:
    assert "\x1b" not in to_text(busy(), form="wide")


def test_json_is_the_plan_in_camel_case() -> None:
    told = json.loads(to_json(busy()))
    assert told["formatVersion"] == 1
    start = next(action for action in told["actions"] if action["action"] == "startRun")
    assert start["frozen"]["specDigest"]
    assert Plan.model_validate_json(to_json(busy())) == busy()


def test_the_summary_leaves_out_what_is_rare_and_not_there() -> None:
    empty = Observed("main", "c")
    assert summary(planned(project(), seen=empty)) == (
        "Plan: 0 to start, 0 in flight, 0 settled, 0 held."
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ümläut 漢字", "plain ümläut 漢字"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
    ],
)
def test_what_could_repaint_the_screen_is_shown(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_columns_line_up_also_where_letters_are_wide() -> None:
    lines = columns([("漢字", "x"), ("ab", "y")])
    assert [width(line) for line in lines] == [7, 7]
    assert columns([]) == []


def test_a_pipeline_shows_its_loops_and_what_is_left_out() -> None:
    steps = [
        {"name": "plan", "persona": "dreamer"},
        {"name": "look", "type": "investigator"},
        {"name": "design", "type": "designer"},
        {"name": "check", "type": "checker", "loop": {"backTo": "design", "maxIterations": 2}},
        {"name": "review", "type": "reviewer", "loop": {"backTo": "plan"}},
    ]
    off = document("Persona", "dreamer", {"type": "planner", "enabled": False})
    plan = planned(project(), workflow(type="pipeline", steps=steps), off, run("a"))
    assert PIPELINE in to_text(plan)
