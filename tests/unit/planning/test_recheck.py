"""Reading a commit from the last one finds what reading it from nothing finds."""

import random

from courier.planning.catalog import catalog as catalogs
from tests.unit.planning.world import Json, document, reading

STEPS = [{"name": "work", "type": "custom", "run": "true"}]


def project(name: str) -> Json:
    return document("Project", name, {})


def workflow(name: str) -> Json:
    return document("Workflow", name, {"type": "single", "steps": STEPS})


def run(name: str, workflow: str, prompt: str, **more: object) -> Json:
    return document("Run", name, {"workflow": workflow, "prompt": prompt, **more})


def some_run(dice: random.Random) -> Json:
    name = f"r{dice.randrange(8)}"
    more: dict[str, object] = {}
    if dice.random() < 0.05:
        more["dependsOn"] = [f"r{dice.randrange(8)}"]
    if dice.random() < 0.02:
        more["nonsense"] = 1
    flow = dice.choice([*["w0"] * 30, "w1", "w9"])
    return run(name, flow, f"Do {dice.randrange(3)}.", **more)


def edited(files: list[Json], dice: random.Random) -> list[Json]:
    """Return the documents after one commit."""
    changed = list(files)
    for _ in range(dice.choice([0, 1, 1, 1, 2, 5])):
        one = some_run(dice)
        kind = dice.random()
        if kind < 0.9:
            changed = [each for each in changed if each["metadata"] != one["metadata"]] + [one]
        elif kind < 0.94:
            changed = changed[:-1]
        elif kind < 0.97:
            extra = dice.choice([project("p1"), workflow("w1"), workflow("r1")])
            changed = [each for each in changed if each["metadata"] != extra["metadata"]] + [extra]
        else:
            dice.shuffle(changed)
    return changed


def test_random_commits_are_read_as_if_for_the_first_time() -> None:
    short = 0
    for seed in range(20):
        dice = random.Random(seed)
        files: list[Json] = [project("p0"), workflow("w0"), *(some_run(dice) for _ in range(4))]
        former = reading(*files)
        for _ in range(12):
            files = edited(files, dice)
            whole, amended = reading(*files), reading(*files, former=former)
            assert amended.diagnostics == whole.diagnostics, seed
            assert amended.catalog.digest == whole.catalog.digest
            assert dict(amended.catalog.documents) == dict(whole.catalog.documents)
            for kind in ("Project", "Workflow", "Run"):
                assert list(amended.catalog.of_kind(kind)) == list(whole.catalog.of_kind(kind))
            assert list(amended.files) == list(whole.files)
            short += amended.census is not None
            former = amended
    # The short way was taken, and not always.
    assert 20 < short < 220, short


def test_only_what_came_is_looked_at() -> None:
    files = [project("p0"), workflow("w0"), *(run(f"r{n}", "w0", "Go.") for n in range(30))]
    former = reading(*files)
    unchanged = former.catalog.documents[next(former.catalog.of_kind("Run"))]
    amended = reading(*files, run("new", "w0", "Go."), former=former)
    assert amended.census is not None
    assert amended.catalog.documents[unchanged.ref] is unchanged
    wrong = reading(*files, run("new", "w7", "Go."), former=amended)
    (found,) = wrong.diagnostics
    assert "w7" in found.detail
    assert wrong.census is None
    assert reading(*files, former=wrong).diagnostics == ()


def test_a_typed_resource_is_made_anew_only_where_its_document_changed() -> None:
    files = [project("p0"), workflow("w0"), run("a", "w0", "Go."), run("b", "w0", "Go.")]
    former = reading(*files)
    one, two = former.catalog.of_kind("Run")
    kept, gone = former.catalog.resource(one), former.catalog.resource(two)
    amended = reading(*files[:3], run("b", "w0", "Go on."), former=former)
    assert amended.catalog.resource(one) is kept
    assert amended.catalog.resource(two) is not gone
    assert isinstance(amended.catalog, catalogs.Catalog)
