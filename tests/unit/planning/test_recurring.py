"""What recurring tasks come to at one look after another: each rule, and nothing twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from courier.planning.catalog.catalog import Catalog
from courier.planning.observed.diary import Ask, Diary, ObservedTask, read_diary
from courier.planning.observed.observed import InFlight, Observed, ObservedRun, fold
from courier.planning.plan import CancelRun, Plan, StartRun
from courier.planning.planner import plan
from courier.planning.recurring.names import asked_run, due_run, stem, stem_of
from courier.planning.stale import stale_because
from courier.runs.records.writeback import to_json
from tests.unit.planning.world import DRIVERS, Json, catalog, document, observed, project, workflow

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
NIGHTLY = {"frequency": "daily", "hour": 2, "timezone": "UTC"}


def task(name: str = "nightly", **spec: object) -> Json:
    told = {"workflow": "fix", "prompt": "Tidy up.", "schedule": NIGHTLY}
    return document("RecurringTask", name, {**told, **spec})


@dataclass
class World:
    """A catalog that is looked at again and again, and does at once what a plan says."""

    asked: Catalog
    now: datetime = START
    records: dict[str, ObservedRun] = field(default_factory=dict)
    flying: dict[str, InFlight] = field(default_factory=dict)
    diaries: dict[str, Diary] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    forgets: bool = False

    def seen(self) -> Observed:
        diaries = {name: self._reread(diary) for name, diary in self.diaries.items()}
        with_asks = {name: replace(seen, asks=tuple(self.asks)) for name, seen in diaries.items()}
        found = observed(flying=self.flying.values())
        return replace(found, records=fold(self.records.values()), tasks=with_asks)

    def _reread(self, diary: Diary) -> ObservedTask:
        return read_diary(to_json(diary.model_dump(mode="json", by_alias=True)))

    def look(self) -> Plan:
        found = plan(self.asked, self.seen(), now=self.now, drivers=DRIVERS)
        for action in found.actions:
            match action:
                case StartRun(run=run):
                    assert run not in self.flying
                    assert run not in self.records
                    self.started.append(run)
                    self.flying[run] = InFlight(run)
                case CancelRun(run=run):
                    self.flying[run] = replace(self.flying[run], cancelling=True)
                case _:
                    pass
        if not self.forgets:
            self.diaries |= {each.task: each.diary for each in found.tasks if each.diary}
        return found

    def at(self, text: str) -> Plan:
        self.now = datetime.fromisoformat(f"2026-11-{text}:00+00:00")
        return self.look()

    def end(self, run: str, phase: str = "completed") -> None:
        del self.flying[run]
        self.records[run] = ObservedRun(run, phase, project="demo", workflow="fix")

    def end_all(self, phase: str = "completed") -> None:
        for run in list(self.flying):
            self.end(run, phase)

    @property
    def diary(self) -> Diary:
        return self.diaries["nightly"]

    def left_out(self) -> list[tuple[str, int]]:
        return [(one.reason, one.count) for one in self.diary.recent if one.how == "skipped"]


def world(*tasks: Json, **of_project: object) -> World:
    return World(catalog(project(**of_project), workflow(), *(tasks or (task(),))))


def names(*days: str) -> list[str]:
    return [f"nightly-202611{day}t0200z" for day in days]


def test_it_runs_when_it_is_due_under_the_name_of_its_time() -> None:
    found = world()
    first = found.look()
    assert (first.actions, first.held) == ((), ())
    assert first.wake_at == datetime(2026, 11, 21, 2, tzinfo=UTC)
    assert found.at("21T01:59").actions == ()
    (start,) = found.at("21T02:00").actions
    assert isinstance(start, StartRun)
    assert start.run == "nightly-20261121t0200z"
    assert start.reason == "RecurringTask/nightly: due 2026-11-21 02:00 UTC"
    assert start.frozen.source == "scheduled"
    assert start.frozen.task == "Tidy up."
    assert start.frozen.document == ".courier/recurringtask-nightly.yaml"
    assert start.frozen.git.branch == "courier/nightly-20261121t0200z"
    assert {one.kind for one in start.frozen.inputs} == {"Project", "Workflow", "RecurringTask"}
    found.end_all()
    assert found.at("21T02:01").actions == ()
    assert found.started == names("21")


def test_nothing_before_it_was_first_seen_is_made_up_for() -> None:
    found = world(task(catchUp="all"))
    found.at("21T02:01")
    found.at("21T02:02")
    assert found.started == []


def test_a_diary_that_is_never_written_repeats_nothing() -> None:
    found = world()
    found.look()
    found.forgets = True
    for minute in range(5):
        found.at(f"21T02:0{minute}")
        if minute == 2:
            found.end_all("failed")
    assert found.started == names("21")


@pytest.mark.parametrize(
    ("catch_up", "starts", "left_out"),
    [
        ("none", [], [("Missed", 4)]),
        ("latest", names("24"), [("Missed", 3)]),
        ("all", names("21"), []),
    ],
)
def test_after_an_outage(catch_up: str, starts: list[str], left_out: list[tuple[str, int]]) -> None:
    found = world(task(catchUp=catch_up))
    found.look()
    found.at("24T12:00")
    assert found.started == starts
    assert found.left_out() == left_out


def test_all_that_was_missed_is_made_up_for_one_after_the_other() -> None:
    found = world(task(catchUp="all"))
    found.look()
    found.at("24T12:00")
    for _ in range(6):
        assert len(found.flying) <= 1
        found.end_all()
        found.look()
    assert found.started == names("21", "22", "23", "24")


def test_a_very_long_outage_is_made_up_for_in_part_and_says_so() -> None:
    hourly = {"cron": "0 * * * *"}
    found = world(task(catchUp="all", schedule=hourly))
    found.look()
    found.at("28T12:30")
    assert len(found.diary.waiting) == 99
    assert found.left_out() == [("TooMany", 8 * 24 - 100)]
    found.end_all()
    found.at("28T12:31")
    assert found.started == ["nightly-20261124t0900z", "nightly-20261124t1000z"]


def test_what_is_late_by_minutes_is_on_time() -> None:
    found = world(task(catchUp="none"))
    found.look()
    found.at("21T02:04")
    assert found.started == names("21")


def test_one_that_is_on_time_stands_for_those_missed() -> None:
    found = world()
    found.look()
    found.at("23T02:01")
    assert found.started == names("23")
    assert found.left_out() == [("Missed", 2)]


def test_overlap_skip_leaves_out_what_comes_meanwhile() -> None:
    found = world()
    for moment in ("20T12:00", "21T02:00", "22T02:00", "23T02:00"):
        found.at(moment)
    assert found.started == names("21")
    assert found.left_out() == [("Overlap", 2)]
    found.end_all()
    found.at("23T09:00")
    found.at("24T02:00")
    assert found.started == names("21", "24")


def test_overlap_queue_does_one_after_the_other() -> None:
    found = world(task(overlap="queue"))
    for moment in ("20T12:00", "21T02:00", "22T02:00", "23T02:00"):
        found.at(moment)
    assert found.started == names("21")
    for moment in ("23T09:00", "23T10:00", "23T11:00", "23T12:00"):
        found.end_all()
        found.at(moment)
    assert found.started == names("21", "22", "23")
    assert found.left_out() == []


def test_overlap_replace_cancels_the_older() -> None:
    found = world(task(overlap="replace"))
    for moment in ("20T12:00", "21T02:00"):
        found.at(moment)
    second = found.at("22T02:00")
    assert [(one.run, one.action) for one in second.actions] == [
        ("nightly-20261121t0200z", "cancelRun"),
        ("nightly-20261121t0200z", "resumeRun"),
        ("nightly-20261122t0200z", "startRun"),
    ]
    assert found.flying["nightly-20261121t0200z"].cancelling
    again = found.at("22T02:01")
    assert not [one for one in again.actions if isinstance(one, CancelRun | StartRun)]


def fail_nightly(found: World, *days: str) -> None:
    for day in days:
        found.at(f"{day}T02:00")
        found.end_all("failed")
    found.at(f"{days[-1]}T03:00")


def test_it_rests_after_too_many_failures_in_a_row() -> None:
    found = world(task(pauseAfterFailures=2))
    found.look()
    fail_nightly(found, "21")
    found.at("22T02:00")
    found.end_all("completed")
    fail_nightly(found, "23", "24")
    (held,) = found.at("25T02:00").held
    assert (held.kind, held.name, held.reason) == ("RecurringTask", "nightly", "TooManyFailures")
    assert "2 runs failed in a row" in held.message
    assert "courier resume recurringtask/nightly" in held.message
    assert found.at("26T02:00").wake_at is None
    assert found.started == names("21", "22", "23", "24")


@pytest.mark.parametrize("phase", ["cancelled", "parked"])
def test_neither_cancelled_nor_parked_runs_are_failures(phase: str) -> None:
    found = world(task(pauseAfterFailures=1, overlap="replace"))
    found.look()
    found.at("21T02:00")
    found.end_all(phase)
    found.at("22T02:00")
    assert found.started == names("21", "22")


def test_it_goes_on_when_somebody_says_so() -> None:
    found = world(task(pauseAfterFailures=1, catchUp="all"))
    found.look()
    fail_nightly(found, "21")
    found.asks.append(Ask("resume", "T <t@example.com>", datetime(2026, 11, 21, 1, tzinfo=UTC)))
    assert found.at("22T02:00").held, "it was said before it rested"
    found.asks.append(Ask("resume", "T <t@example.com>", datetime(2026, 11, 22, 9, tzinfo=UTC)))
    assert found.at("22T09:01").held == ()
    assert found.started == names("21"), "what came while it rested is not made up for"
    fail_nightly(found, "23")
    assert found.at("24T02:00").held, "it was said before it rested again"
    assert found.started == names("21", "23")


def test_it_goes_on_when_its_document_changes() -> None:
    found = world(task(pauseAfterFailures=1))
    found.look()
    fail_nightly(found, "21")
    found.asked = world(task(pauseAfterFailures=1, prompt="Tidy up, but better.")).asked
    assert found.at("22T02:00").held == ()
    found.at("23T02:00")
    assert found.started == names("21", "23")


def test_it_goes_on_when_a_run_by_hand_completes() -> None:
    found = world(task(pauseAfterFailures=1))
    found.look()
    fail_nightly(found, "21")
    asked = datetime(2026, 11, 21, 9, 15, 2, tzinfo=UTC)
    found.asks.append(Ask("trigger", "T <t@example.com>", asked))
    (start,) = found.at("21T09:16").actions
    assert isinstance(start, StartRun)
    assert start.run == "nightly-20261121t091502z"
    assert start.frozen.source == "manual"
    assert start.reason == "RecurringTask/nightly: T <t@example.com> asked for it"
    assert found.at("21T09:17").held
    found.end_all()
    assert found.at("21T09:18").held == ()
    assert found.diary.recent[0].by == "T <t@example.com>"
    found.at("22T02:00")
    assert found.started == [*names("21"), "nightly-20261121t091502z", *names("22")]


@pytest.mark.parametrize("who", ["task", "project"])
def test_what_comes_while_it_is_suspended_is_passed_over(who: str) -> None:
    found = world(task(catchUp="all"))
    awake = found.asked
    found.look()
    found.asked = world(task(catchUp="all", suspend=who == "task"), suspend=who == "project").asked
    assert found.at("21T01:00").held
    assert found.at("22T02:00").held
    found.asked = awake
    found.at("22T09:00")
    assert found.started == []
    found.at("23T02:00")
    assert found.started == names("23")


def test_a_changed_schedule_means_nothing_for_the_past() -> None:
    found = world(task(catchUp="all"))
    found.look()
    found.at("21T01:59")
    found.asked = world(task(catchUp="all", schedule={**NIGHTLY, "hour": 1})).asked
    found.at("21T02:30")
    assert found.started == []
    assert found.at("21T02:31").wake_at == datetime(2026, 11, 22, 1, tzinfo=UTC)


def test_a_changed_prompt_changes_neither_times_nor_names() -> None:
    found = world()
    found.look()
    found.at("21T02:00")
    found.asked = world(task(prompt="Something else.")).asked
    found.at("21T02:01")
    found.end_all()
    found.at("22T02:00")
    assert found.started == names("21", "22")


def test_a_task_that_goes_cancels_its_run_and_comes_back_without_a_past() -> None:
    found = world(task(catchUp="all"))
    found.look()
    found.at("21T02:00")
    kept = found.asked
    found.asked = world(task("other")).asked
    gone = found.at("21T02:30")
    assert [(one.run, one.action) for one in gone.actions] == [
        ("nightly-20261121t0200z", "cancelRun")
    ]
    found.end_all("cancelled")
    found.asked = kept
    found.at("23T12:00")
    found.at("24T02:00")
    assert [run for run in found.started if run.startswith("nightly")] == names("21", "24")


def test_what_cannot_start_stays_due_and_says_why() -> None:
    found = world(task(base="release"), task("well"))
    found.look()
    late = found.at("21T02:00")
    (held,) = late.held
    assert (held.kind, held.name, held.reason) == ("RecurringTask", "nightly", "Blocked")
    assert 'Branch "release"' in held.message
    assert found.started == ["well-20261121t0200z"]
    found.asked = world(task(), task("well")).asked
    found.diaries["nightly"] = found.diary
    found.at("21T02:03")
    assert found.started[1:] == names("21")


def test_a_run_that_never_began_is_begun_again() -> None:
    found = world()
    found.look()
    found.at("21T02:00")
    found.flying.clear()  # a journal that was lost
    found.at("21T02:30")
    assert found.started == names("21", "21")


def test_a_run_that_is_on_record_elsewhere_is_waited_for_and_told_of() -> None:
    found = world()
    found.look()
    found.at("21T02:00")
    del found.flying["nightly-20261121t0200z"]
    found.records["nightly-20261121t0200z"] = ObservedRun("nightly-20261121t0200z", "running")
    (held,) = found.at("22T02:00").held
    assert (held.name, held.reason) == ("nightly", "Blocked")
    assert "nightly-20261121t0200z has not ended on record" in held.message
    assert found.left_out() == [("Overlap", 1)]
    del found.records["nightly-20261121t0200z"]
    found.at("22T09:00")
    assert found.started == names("21", "21")


def test_a_diary_that_cannot_be_read_starts_nothing() -> None:
    found = world()
    seen = replace(observed(), tasks={"nightly": read_diary(b"{")})
    told = plan(found.asked, seen, now=START + timedelta(days=9), drivers=DRIVERS)
    assert (told.actions, told.tasks) == ((), ())
    assert [(held.name, held.reason) for held in told.held] == [("nightly", "Blocked")]


def test_a_saved_plan_is_stale_once_something_came_due() -> None:
    found = world()
    found.look()
    found.now = datetime(2026, 11, 21, 1, 59, tzinfo=UTC)
    saved = found.look()
    fresh = found.at("21T02:00")
    assert stale_because(saved, fresh) == ("recurring tasks came due",)


def test_jitter_delays_the_start_by_a_share_of_its_own_and_leaves_the_name() -> None:
    schedule = {**NIGHTLY, "jitter": "10m"}
    many = [task(f"task-{number}", schedule=schedule) for number in range(20)]
    found = world(*many, concurrency={"openPullRequests": 100})
    first = found.look()
    due = sorted(each.due_at for each in first.tasks if each.due_at)
    assert len(set(due)) > 15
    assert due[0] >= datetime(2026, 11, 21, 2, tzinfo=UTC)
    assert due[-1] <= datetime(2026, 11, 21, 2, 10, tzinfo=UTC)
    assert first.wake_at == due[0]
    for moment in due:
        found.now = moment
        found.look()
    assert set(found.started) == {f"task-{number}-20261121t0200z" for number in range(20)}


def test_names_fit_however_long_the_task_s_name_is() -> None:
    at = datetime(2026, 11, 21, 2, 0, 5, tzinfo=UTC)
    for length in (1, 40, 46, 47, 63):
        name = "a" * length
        runs = due_run(name, at), asked_run(name, at)
        assert all(len(run) <= 63 for run in runs)
        assert {stem_of(run) for run in runs} == {stem(name)}
    assert stem("a" * 62 + "b") != stem("a" * 63)
    assert stem_of("fix-auth") is None


def test_its_runs_are_not_taken_for_runs_without_a_document() -> None:
    found = world()
    found.look()
    found.at("21T02:00")
    (action,) = found.at("21T02:30").actions
    assert (action.run, action.action) == ("nightly-20261121t0200z", "resumeRun")


def kinds(actions: Iterable[Any]) -> list[str]:
    return [action.action for action in actions]


def test_a_run_document_of_that_very_name_is_that_run() -> None:
    written = document("Run", "nightly-20261121t0200z", {"workflow": "fix", "prompt": "By hand."})
    found = World(catalog(project(), workflow(), task(), written))
    assert kinds(found.look().actions) == ["startRun"]
    found.end_all()
    assert kinds(found.at("21T02:00").actions) == []
    assert found.started == names("21")
