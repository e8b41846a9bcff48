"""What becomes of what a run taught: new, known, rejected; the pull request; the figures."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from courier.planning.catalog.learnings import lesson_in
from courier.planning.documents.pinning import with_status
from courier.planning.harvest.reap import _check
from courier.planning.learned.batch import (
    MOST_TOGETHER,
    Batch,
    batch_path,
    begun,
    document_of,
    rejected_path,
)
from courier.planning.learned.figures import Tally, figures
from courier.planning.learned.planner import looked_at
from courier.planning.learned.sifting import KnownLessons, sifted
from courier.runs.learnings.lesson import Evidence, Lesson
from tests.unit.planning.world import SCHEMAS, document, reading
from tests.unit.runs.lessons import lesson, lessons

NOBODY = KnownLessons()


def about(name: str, trigger: str, behavior: str) -> Lesson:
    return lesson(name).model_copy(update={"trigger": trigger, "correct_behavior": behavior})


LINT = about("lint", "You commit", "Run the linter.")
NEVER = about("never-lint", "You commit", "Never run the linter.")
DEPLOY = about("deploy", "You deploy", "Ask Anna.")


def test_what_is_new_is_proposed() -> None:
    told = sifted([LINT, DEPLOY], NOBODY, None, project="demo")
    assert told.proposed == ("lint", "deploy")
    assert told.batch is not None
    assert told.batch.title == "2 learnings of demo"
    assert told.batch.branch.startswith("courier-learnings/demo-")


def test_asked_again_about_one_run_it_says_the_same() -> None:
    once = sifted([LINT, DEPLOY], NOBODY, None, project="demo")
    assert sifted([LINT, DEPLOY], NOBODY, once.batch, project="demo") == once
    assert sifted([LINT, LINT], NOBODY, None, project="demo").proposed == ("lint",)


def test_what_another_run_taught_too_is_evidence() -> None:
    once = sifted([LINT, DEPLOY], NOBODY, None, project="demo")
    other = Evidence(run="other")
    found = [one.model_copy(update={"evidence": (other,)}) for one in (LINT, DEPLOY)]
    again = sifted(found, NOBODY, once.batch, project="demo")
    assert (again.batch, again.proposed) == (once.batch, ())
    assert [(one.name, shown) for one, shown in again.evidence] == [
        ("lint", other),
        ("deploy", other),
    ]


def test_what_is_known_has_one_more_evidence_in_place_of_a_proposal() -> None:
    twin = about("other-name", "you COMMIT.", "run the linter")
    told = sifted([twin], KnownLessons(documents=[LINT]), None, project="demo")
    assert (told.batch, told.proposed) == (None, ())
    ((known, evidence),) = told.evidence
    assert (known.name, evidence.run) == ("lint", "fix-auth")


def test_what_was_rejected_is_not_proposed_again_in_other_words() -> None:
    twin = about("other-name", "When you commit", "Run the linter!")
    told = sifted([twin, DEPLOY], KnownLessons(rejected=[LINT]), None, project="demo")
    assert (told.rejected, told.proposed) == (1, ("deploy",))


def test_a_contradiction_is_proposed_and_flagged() -> None:
    told = sifted([NEVER], KnownLessons(documents=[LINT, DEPLOY]), None, project="demo")
    assert told.batch is not None
    assert told.batch.learnings[0].contrary == ("lint",)
    assert "**Contradicts `lint`**" in told.batch.body


def test_one_pull_request_has_an_end_and_the_rest_waits() -> None:
    many = [about(f"a{n}", f"Occasion {n}", f"Behaviour {n}") for n in range(MOST_TOGETHER + 2)]
    told = sifted(many, NOBODY, None, project="demo")
    assert (len(told.proposed), told.wait) == (MOST_TOGETHER, 2)


def test_a_name_that_is_taken_by_something_else_is_not_taken_again() -> None:
    known = KnownLessons(names=frozenset({"lint"}))
    told = sifted([LINT], known, None, project="demo")
    assert told.proposed == ("lint-learnt",)


def test_words_of_agents_do_nothing_in_the_pull_request() -> None:
    sly = about("sly", "You @mention\n# somebody", "See [this](x) <b>")
    batch = begun("demo", sly, forge="local")
    told = sifted([sly], NOBODY, batch, project="demo").batch
    assert told is not None
    assert "\n# somebody" not in told.body
    assert "@mention" not in told.body
    assert "<b>" not in told.body


@settings(max_examples=25)
@given(lessons)
def test_every_proposed_document_is_valid_and_says_what_was_learnt(every: list[Lesson]) -> None:
    for one in every:
        safe = one.model_copy(
            update={
                "description": "".join(filter(str.isprintable, one.description)) or "x",
                "trigger": "".join(filter(str.isprintable, one.trigger)) or "x",
                "correct_behavior": "".join(filter(str.isprintable, one.correct_behavior)) or "x",
                "expires": None,
            }
        )
        content = document_of(safe)
        _check(safe.path, content, SCHEMAS)
        assert lesson_in(safe.path, content, safe.name) == safe


def test_places_are_one_file_each() -> None:
    assert batch_path("demo") == "learnings/open/demo.json"
    assert rejected_path(LINT) == rejected_path(LINT.model_copy(update={"name": "x"}))
    batch = Batch(project="demo", branch="b")
    assert Batch.model_validate_json(batch.model_dump_json(by_alias=True)) == batch


def test_a_status_is_written_into_a_file_and_nothing_else() -> None:
    spec = yaml.safe_load(document_of(LINT))["spec"]
    (found,) = reading(document("Learning", "lint", spec)).catalog.documents.values()
    before = yaml.safe_dump(dict(found.value), sort_keys=False)
    rejected = with_status(found, before, "rejected")
    assert rejected is not None
    assert yaml.safe_load(rejected)["spec"] == {**spec, "status": "rejected"}


def ran(
    phase: str, *names: str, reason: str = "Completed", source: str = "manual", rounds: int = 1
) -> dict[str, Any]:
    lessons = [{"name": name, "digest": "d"} for name in names]
    learnings = {"learnings": {"version": 2, "lessons": lessons}} if names else {}
    steps = [{"step": "design", "iteration": at + 1, **learnings} for at in range(rounds)]
    check = {"step": "check", "iteration": 9, "verdict": {"passed": True}}
    told = {"phase": phase, "reason": reason, "source": source}
    return {**told, "steps": [*steps, check]}


def test_runs_with_and_without_are_counted_once_each() -> None:
    found = figures(
        [
            ran("completed", "lint", "deploy", rounds=2),
            ran("failed", "lint", rounds=3),
            ran("completed"),
            ran("completed", reason="Rejected", rounds=0),
            ran("running", "lint"),
            ran("completed", "lint", source="learning"),
        ]
    )
    assert (found.whole, found.told) == (Tally(4, 2, 3, 6), Tally(2, 1, 2, 5))
    assert found.by_lesson == {"lint": Tally(2, 1, 2, 5), "deploy": Tally(1, 1, 1, 2)}
    others = found.whole.without(found.by_lesson["lint"])
    assert (others, others.rate, others.mean_rounds) == (Tally(2, 1, 1, 1), 0.5, 1.0)
    assert found.told.mean_rounds == 2.5
    assert found.by_version == {2: Tally(2, 1, 2, 5), 0: Tally(2, 1, 1, 1)}
    assert (Tally().rate, Tally().mean_rounds) == (None, None)


@pytest.mark.parametrize(
    ("session", "run"),
    [
        ("fix.learn", "fix"),
        ("fix.learn.r3", "fix"),
        ("fix.r2.learn.r2", "fix.r2"),
        ("fix.r2", None),
        ("learn", None),
    ],
)
def test_a_session_says_by_its_name_what_it_looks_through(session: str, run: str | None) -> None:
    assert looked_at(session) == run
