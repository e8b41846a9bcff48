"""Learnings in plans: compiled, told, pinned, believed only where approved."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from courier.planning.catalog.learnings import ObservedLearnings, pins
from courier.planning.observed.observed import Observed
from courier.planning.plan import Plan, StartRun
from courier.runs.learnings.version import LearningVersion, VersionIndex
from courier.runs.run.frozen import FrozenStep
from tests.unit.planning.world import (
    Json,
    catalog,
    document,
    observed,
    planned,
    project,
    run,
    workflow,
)

TODAY = date(2026, 11, 21)


def learning(name: str = "freeze-time", **spec: object) -> Json:
    told: dict[str, object] = {
        "description": "Tests that read the clock fail at midnight.",
        "trigger": "A test depends on time",
        "correctBehavior": f"Freeze the clock ({name}).",
        "severity": "important",
        "category": "gotcha",
    }
    return document("Learning", name, told | spec)


def seen(*versions: LearningVersion, **kept: Any) -> Observed:
    index = VersionIndex()
    for version in versions:
        index = index.with_version(version)
    believed = {one.version: kept.get(f"v{one.version}", one) for one in versions}
    return replace(observed(), learnings=ObservedLearnings(TODAY, index, believed))


def version_of(found: Plan) -> LearningVersion:
    assert found.learnings is not None
    return found.learnings


def steps(found: Plan) -> dict[str, FrozenStep]:
    (start,) = (action for action in found.actions if isinstance(action, StartRun))
    return {step.name: step for step in start.frozen.steps}


def held_for(found: Plan) -> str:
    assert not [action for action in found.actions if isinstance(action, StartRun)]
    (held,) = found.held
    assert held.reason == "Blocked"
    return held.message


def test_without_learnings_nothing_is_kept_or_told() -> None:
    found = planned(project(), workflow(), run(), seen=seen())
    assert found.learnings is None
    assert {step.learnings for step in steps(found).values()} == {None}


def test_the_first_version_is_kept_and_told_to_the_steps_it_is_for() -> None:
    only = learning("only-checkers", roles=["checker"])
    found = planned(project(), workflow(), run(), learning(), only, seen=seen())
    version = version_of(found)
    assert (version.version, [one.name for one in version.lessons]) == (
        1,
        ["freeze-time", "only-checkers"],
    )
    told = {name: step.learnings for name, step in steps(found).items()}
    design, check = told["design"], told["check"]
    assert design is not None
    assert check is not None
    assert (design.version, design.digest) == (1, version.digest)
    assert [one.name for one in design.lessons] == ["freeze-time"]
    assert [one.name for one in check.lessons] == ["freeze-time", "only-checkers"]
    (start,) = (action for action in found.actions if isinstance(action, StartRun))
    prompts = {one.step: one.text for one in start.prompts}
    assert "Freeze the clock (freeze-time)." in prompts["design"]
    assert "only-checkers" not in prompts["design"]
    assert "only-checkers" in prompts["check"]


def test_only_approved_ones_that_hold_are_told() -> None:
    found = planned(
        project(),
        workflow(),
        run(),
        learning("asked", status="proposed"),
        learning("refused", status="rejected"),
        learning("over", expires="2026-11-20"),
        learning("last", expires="2026-11-21"),
        seen=seen(),
    )
    assert [one.name for one in version_of(found).lessons] == ["last"]
    assert found.wake_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_a_new_version_only_where_something_changed() -> None:
    first = version_of(planned(project(), learning(), seen=seen()))
    again = planned(project(), workflow(), run(), learning(), seen=seen(first))
    assert again.learnings is None
    design = steps(again)["design"].learnings
    assert design is not None
    assert (design.version, design.digest) == (1, first.digest)
    second = planned(project(), learning(), learning("more"), seen=seen(first))
    assert version_of(second).version == 2


def two_versions() -> tuple[LearningVersion, LearningVersion]:
    first = version_of(planned(project(), learning(), seen=seen()))
    second = planned(project(), learning(), learning("more"), seen=seen(first))
    return first, version_of(second)


def pinned(pin: str = "1") -> Json:
    return project(learnings={"pin": pin})


def test_a_pin_rolls_back() -> None:
    everything = (workflow(), run(), learning(), learning("more"))
    found = planned(pinned(), *everything, seen=seen(*two_versions()))
    design = steps(found)["design"].learnings
    assert design is not None
    assert (design.version, [one.name for one in design.lessons]) == (1, ["freeze-time"])
    assert pins(catalog(pinned())) == {1}


def test_a_pinned_version_still_says_what_it_said_after_its_learning_was_reworded() -> None:
    reworded = learning(correctBehavior="Ask for the time.")
    found = planned(
        pinned(), workflow(), run(), reworded, learning("more"), seen=seen(*two_versions())
    )
    design = steps(found)["design"].learnings
    assert design is not None
    assert "Freeze the clock" in design.text


def test_a_pin_to_no_version_holds_the_run() -> None:
    found = planned(pinned("7"), workflow(), run(), learning(), seen=seen(*two_versions()))
    message = held_for(found)
    assert "pinned to version 7" in message
    assert "there is no such version (newest ones: 1, 2)" in message
    assert ".courier/project-demo.yaml:" in message


def test_a_pinned_version_that_cannot_be_believed_holds_the_run() -> None:
    versions = two_versions()
    doubted = seen(*versions, v1="its document is not the one that was compiled")
    message = held_for(planned(pinned(), workflow(), run(), learning(), seen=doubted))
    assert "its document is not the one that was compiled. Pin another version" in message


def test_what_is_not_approved_any_more_is_not_told_by_a_pin_either() -> None:
    withdrawn = learning(status="rejected")
    found = planned(pinned(), workflow(), run(), withdrawn, seen=seen(*two_versions()))
    assert "freeze-time is not approved in `.courier/`" in held_for(found)


def test_a_broken_index_holds_runs_and_keeps_nothing() -> None:
    broken = replace(observed(), learnings=ObservedLearnings(TODAY, fault="no JSON"))
    found = planned(project(), workflow(), run(), learning(), seen=broken)
    assert "cannot be read (no JSON)" in held_for(found)
    assert found.learnings is None


def test_what_is_observed_of_versions_moves_the_digest() -> None:
    first, second = two_versions()
    digests = {seen(first).digest, seen(first, second).digest, seen().digest, observed().digest}
    assert len(digests) == 3
    assert seen(first).digest != seen(first, v1="edited").digest


def why(found: Plan, step: str = "design") -> dict[str, tuple[str, ...]]:
    """Return what a step is not told, by the reason."""
    learnings = steps(found)[step].learnings
    assert learnings is not None
    return {one.because: one.names for one in learnings.left_out}


def names(found: Plan, step: str = "design") -> list[str]:
    learnings = steps(found)[step].learnings
    assert learnings is not None
    return [one.name for one in learnings.lessons]


def scoped() -> tuple[Json, ...]:
    return (
        learning("any"),
        learning("api", scope=["src/api/**"]),
        learning("docs", scope=["docs/**"]),
    )


def test_what_the_narrowest_document_says_of_paths_chooses_those_with_a_scope() -> None:
    wide: dict[str, Any] = {"paths": ["src/**"]}
    narrow: dict[str, Any] = {"paths": ["docs/guide.md"]}
    everywhere = planned(project(), workflow(), run(), *scoped(), seen=seen())
    assert names(everywhere) == ["any", "api", "docs"]
    assert why(everywhere) == {}
    of_project = planned(project(**wide), workflow(), run(), *scoped(), seen=seen())
    assert (names(of_project), why(of_project)) == (["any", "api"], {"paths": ("docs",)})
    of_workflow = planned(project(**wide), workflow(**narrow), run(), *scoped(), seen=seen())
    assert names(of_workflow) == ["any", "docs"]
    of_run = planned(
        project(**wide), workflow(**narrow), run(paths=["setup.py"]), *scoped(), seen=seen()
    )
    assert (names(of_run), why(of_run)) == (["any"], {"paths": ("api", "docs")})
    unbound = planned(project(**wide), workflow(), run(paths=[]), *scoped(), seen=seen())
    assert names(unbound) == ["any", "api", "docs"]


def test_an_issue_is_told_what_concerns_its_files() -> None:
    about = {"title": "Mend it", "description": "It is broken.", "execute": "fix"}
    issue = document("Issue", "mend", {**about, "paths": ["src/api/view.py"]})
    found = planned(project(), workflow(), issue, *scoped(), seen=seen())
    assert names(found) == ["any", "api"]


def test_a_scan_is_told_what_concerns_the_places_it_looks_at() -> None:
    scan = document("IssueScan", "weekly", {"prompt": "Look.", "paths": ["docs/**"]})
    found = planned(project(), scan, *scoped(), seen=seen())
    assert names(found, "scan") == ["any", "docs"]


def test_it_is_said_why_what_is_approved_is_not_told() -> None:
    first = version_of(planned(project(), learning("old"), seen=seen()))
    every = (
        learning("old"),
        learning("new"),
        learning("over", expires="2026-11-20"),
        learning("only-checkers", roles=["checker"]),
    )
    found = planned(project(), workflow(), run(), *every, seen=seen())
    assert why(found) == {"role": ("only-checkers",), "expired": ("over",)}
    assert why(found, "check") == {"expired": ("over",)}
    rolled_back = planned(pinned(), workflow(), run(), *every, seen=seen(first))
    assert why(rolled_back) == {"expired": ("over",), "pin": ("new", "only-checkers")}


def test_what_has_no_room_is_said_too() -> None:
    long = "Never do it. " * 1_600
    grave = [learning(f"grave-{n}", severity="critical", description=long) for n in "abc"]
    found = planned(project(), workflow(), run(), *grave, seen=seen())
    assert why(found) == {"room": ("grave-c",)}
