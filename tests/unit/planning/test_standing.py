"""Several projects in one repository, each told by itself."""

from courier.planning.catalog.catalog import Catalog
from courier.planning.observed.observed import InFlight, ObservedRun
from courier.planning.plan import Plan
from courier.planning.planner import plan
from courier.planning.standing import Standing, standings
from tests.unit.planning.world import DRIVERS, NOW, Json, catalog, document, observed, workflow


def of(project: str, value: Json) -> Json:
    metadata = value["metadata"]
    assert isinstance(metadata, dict)
    return value | {"metadata": metadata | {"project": project}}


def run(name: str, **spec: object) -> Json:
    return document("Run", name, {"workflow": "fix", "prompt": "x"} | spec)


def told(found: tuple[Standing, ...]) -> dict[str, tuple[bool, list[str], int, int]]:
    return {
        each.project: (
            each.suspended,
            [action.run for action in each.plan.actions],
            len(each.plan.held),
            each.plan.settled,
        )
        for each in found
    }


def world() -> tuple[Catalog, Plan]:
    documents = catalog(
        document("Project", "blog", {}),
        document("Project", "shop", {"suspend": True}),
        of("blog", workflow()),
        of("blog", run("new")),
        of("blog", run("flying")),
        of("blog", run("done")),
        of("shop", run("waits")),
        of("shop", run("over")),
    )
    records = [ObservedRun(name, "completed", "", "", "fix") for name in ("done", "over")]
    seen = observed(*records, flying=[InFlight("flying")])
    return documents, plan(documents, seen, now=NOW, drivers=DRIVERS)


def test_each_project_has_its_part_of_the_plan() -> None:
    assert told(standings(*world())) == {
        "blog": (False, ["flying", "new"], 0, 1),
        "shop": (True, [], 1, 1),
    }


def test_one_project_has_all_of_it() -> None:
    documents = catalog(document("Project", "blog", {}), workflow(), run("new"))
    decided = plan(documents, observed(), now=NOW, drivers=DRIVERS)
    (only,) = standings(documents, decided)
    assert only.plan is decided
