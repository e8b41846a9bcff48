"""Runs that wait for others (`dependsOn`)."""

import pytest

from courier.planning.catalog.circles import circles
from courier.planning.observed.observed import InFlight, ObservedRun
from courier.planning.plan import Held, StartRun
from tests.unit.planning.catalogs import document
from tests.unit.planning.catalogs import reading as read_texts
from tests.unit.planning.world import observed, planned, project, run, workflow

FIRST = run("first")
SECOND = run("second", dependsOn=["first"])


def ended(name: str, phase: str) -> ObservedRun:
    return ObservedRun(name, phase, "", "demo", "fix")


def held(*records: ObservedRun, flying: tuple[InFlight, ...] = (), first: object = None) -> Held:
    spec = run("first", **({"desiredState": first} if first else {}))
    seen = observed(*records, flying=flying)
    found = planned(project(), workflow(), spec, SECOND, seen=seen)
    return next(each for each in found.held if each.name == "second")


def test_it_starts_once_all_it_depends_on_is_completed() -> None:
    found = planned(project(), workflow(), FIRST, SECOND)
    assert [each.run for each in found.actions if isinstance(each, StartRun)] == ["first"]
    assert [each.reason for each in found.held] == ["DependencyNotReady"]
    assert "first" in found.held[0].message
    seen = observed(ended("first", "completed"))
    later = planned(project(), workflow(), FIRST, SECOND, seen=seen)
    assert [each.run for each in later.actions] == ["second"]


def test_a_run_whose_end_is_being_recorded_is_not_completed_yet() -> None:
    found = held(ended("first", "completed"), flying=(InFlight("first"),))
    assert found.reason == "DependencyNotReady"
    assert held(flying=(InFlight("first"),)).reason == "DependencyNotReady"


@pytest.mark.parametrize("phase", ["failed", "cancelled", "unreadable"])
def test_it_never_starts_after_a_failure(phase: str) -> None:
    found = held(ended("first", phase))
    assert found.reason == "DependencyFailed"
    assert f"Run first, which it depends on, is {phase}." in found.message


def test_a_run_at_work_elsewhere_may_still_complete() -> None:
    assert held(ended("first", "running")).reason == "DependencyNotReady"


def test_a_run_nobody_wants_will_not_complete() -> None:
    assert held(first="cancelled").reason == "DependencyFailed"


def depending(**needs: str) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {
        "p.yaml": document("Project", "demo"),
        "w.yaml": document("Workflow", "fix"),
    }
    for name, others in needs.items():
        text = (
            f"workflow: fix\nprompt: x\ndependsOn: [{others}]"
            if others
            else ("workflow: fix\nprompt: x")
        )
        files[f"runs/{name}.yaml"] = document("Run", name, text)
    return files


def test_a_circle_is_refused_with_its_place() -> None:
    (found,) = read_texts(depending(a="b", b="c", c="a", d="a")).diagnostics
    assert (found.code, str(found.position)) == (
        "CircularDependency",
        ".courier/runs/a.yaml:8:15",
    )
    assert found.detail.startswith('"a" → "b" → "c" → "a"')


def test_a_run_cannot_wait_for_itself_or_for_nobody() -> None:
    codes = {found.code for found in read_texts(depending(a="a")).diagnostics}
    assert codes == {"CircularDependency"}
    codes = {found.code for found in read_texts(depending(a="b")).diagnostics}
    assert codes == {"UnknownReference"}
    assert not read_texts(depending(a="b, c", b="c", c="")).diagnostics


def test_circles_of_a_large_world_are_found_quickly() -> None:
    chain = {str(number): [str(number + 1)] for number in range(20_000)}
    assert circles(chain) == []
    assert len(circles({**chain, "20000": ["0"]})[0]) == 20_001
    both = circles({"a": ["b", "c"], "b": ["a"], "c": ["a"]})
    assert both == [("a", "b"), ("a", "c")]
