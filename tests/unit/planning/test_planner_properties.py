"""What holds of every plan, whatever the documents and whatever is observed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from courier.planning.freezing.freeze import spec_digest
from courier.planning.observed.observed import InFlight, Observed, ObservedRun
from courier.planning.plan import CancelRun, Plan, PublishRun, ResumeRun, StartRun
from tests.unit.planning.world import Json, observed, planned, project, run, workflow

NAMES = [f"run-{letter}" for letter in "abcdef"]
names = st.sampled_from(NAMES)

specs = st.fixed_dictionaries(
    {"prompt": st.sampled_from(["One.", "Two.", "{{ inputs.x }}"])},
    optional={
        "agent": st.sampled_from(["claude", "codex"]),
        "desiredState": st.sampled_from(["run", "cancelled"]),
        "base": st.sampled_from(["main", "gone"]),
    },
)
projects = st.fixed_dictionaries(
    {},
    optional={
        "suspend": st.booleans(),
        "concurrency": st.fixed_dictionaries({"openPullRequests": st.integers(1, 4)}),
    },
)
records = st.builds(
    ObservedRun,
    run=names,
    phase=st.sampled_from(["running", "parked", "completed", "failed", "cancelled", "unreadable"]),
    project=st.just("demo"),
    workflow=st.just("fix"),
    spec_digest=st.sampled_from(
        [None, "other", spec_digest({"workflow": "fix", "prompt": "One."})]
    ),
    pull_request=st.sampled_from([None, "created", "merged"]),
)
flying = st.builds(
    InFlight,
    run=names,
    spec_digest=st.sampled_from([None, "other"]),
    cancelling=st.booleans(),
    by_catalog=st.booleans(),
)
few = settings(max_examples=50, deadline=None)
statuses = st.sampled_from(["creating", "created", "merged", "closed"])


@dataclass(frozen=True)
class World:
    documents: Mapping[str, Json]
    project: Json
    seen: Observed

    def plan(self) -> Plan:
        return planned(self.project, workflow(), *self.documents.values(), seen=self.seen)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    wanted = draw(st.dictionaries(names, specs))
    return World(
        documents={name: run(name, **spec) for name, spec in wanted.items()},
        project=project(**draw(projects)),
        seen=observed(
            *draw(st.lists(records, unique_by=lambda record: record.run)),
            flying=draw(st.lists(flying, unique_by=lambda one: one.run)),
            pull_requests=draw(st.dictionaries(names, statuses)),
        ),
    )


def applied(world: World, found: Plan) -> World:
    """Return the world after somebody did everything the plan says, to its very beginning."""
    in_flight = dict(world.seen.in_flight)
    runs = dict(world.seen.records.runs)
    for action in found.actions:
        match action:
            case StartRun():
                in_flight[action.run] = InFlight(action.run, action.frozen.spec_digest)
            case CancelRun():
                in_flight[action.run] = replace(in_flight[action.run], cancelling=True)
            case PublishRun():
                status = action.pull_request_status
                runs[action.run] = replace(runs[action.run], pull_request=status)
            case ResumeRun():
                pass
    seen = observed(
        *runs.values(), flying=in_flight.values(), pull_requests=world.seen.pull_requests
    )
    return replace(world, seen=seen)


def started(found: Plan) -> list[str]:
    return [action.run for action in found.actions if isinstance(action, StartRun)]


@few
@given(worlds())
def test_planning_an_already_planned_world_is_empty(world: World) -> None:
    assert applied(world, world.plan()).plan().changes == ()


@few
@given(worlds())
def test_planning_twice_gives_the_same(world: World) -> None:
    first, second = world.plan(), world.plan()
    assert first == second
    assert first.model_dump_json() == second.model_dump_json()


@few
@given(worlds())
def test_every_run_is_in_exactly_one_place(world: World) -> None:
    found = world.plan()
    under_way = {
        action.run
        for action in found.actions
        if isinstance(action, ResumeRun | CancelRun) and action.run in world.documents
    }
    held = {one.name for one in found.held if one.kind == "Run"}
    assert len(started(found)) + len(under_way) + len(held) + found.settled == len(world.documents)
    assert not set(started(found)) & under_way
    assert not held & (under_way | set(started(found)))


@few
@given(worlds())
def test_the_order_of_documents_does_not_matter(world: World) -> None:
    backwards = dict(reversed(list(world.documents.items())))
    assert replace(world, documents=backwards).plan() == world.plan()


@few
@given(worlds(), names)
def test_removing_a_document_starts_nothing_that_was_not_waiting(world: World, name: str) -> None:
    rest = {other: value for other, value in world.documents.items() if other != name}
    before, after = world.plan(), replace(world, documents=rest).plan()
    waited = {held.name for held in before.held if held.reason == "Limit"}
    assert set(started(after)) <= set(started(before)) | waited


@few
@given(worlds())
def test_nothing_starts_that_is_under_way_or_on_record(world: World) -> None:
    found = started(world.plan())
    assert len(found) == len(set(found))
    assert not set(found) & (set(world.seen.in_flight) | set(world.seen.records.runs))


@few
@given(worlds())
def test_a_run_is_told_to_do_one_thing_at_a_time(world: World) -> None:
    told = [action.run for action in world.plan().actions]
    assert told == sorted(told)
    assert len(told) == len(set(told))


@few
@given(worlds())
def test_a_plan_survives_being_saved(world: World) -> None:
    found = world.plan()
    assert Plan.model_validate_json(found.model_dump_json()) == found


@few
@given(worlds())
def test_no_more_starts_than_there_is_room_for(world: World) -> None:
    spec = world.project["spec"]
    assert isinstance(spec, dict)
    most = spec.get("concurrency", {}).get("openPullRequests", 20)
    moving = world.seen.pull_requests.items()
    open_now = {name for name, status in moving if status in ("creating", "created")}
    users = open_now | set(world.seen.in_flight)
    assert len(users | set(started(world.plan()))) <= max(most, len(users))
