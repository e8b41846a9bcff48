"""A small world of chains and issues that is looked at again and again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from courier.planning.catalog.catalog import Catalog
from courier.planning.chains.planner import tips_wanted
from courier.planning.documents.references import Ref
from courier.planning.observed.course import Course, Resumption, read_course
from courier.planning.observed.observed import InFlight, Observed, ObservedRun, fold
from courier.planning.plan import CancelRun, Plan, StartRun
from courier.planning.planner import plan
from courier.runs.records.writeback import to_json
from courier.runs.run.frozen import FrozenPlan
from tests.unit.planning.world import DRIVERS, Json, catalog, document, observed, project, workflow

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORK, SPRINTS = Ref("WorkChain", "backlog"), Ref("SprintChain", "roadmap")


def issue(name: str, **spec: object) -> Json:
    return document("Issue", name, {"title": f"Mend {name}", "description": "It is broken."} | spec)


def work(*issues: str, **spec: object) -> tuple[Json, ...]:
    told = {"issues": list(issues), "workflow": "fix"} | spec
    return (project(), workflow(), *map(issue, issues), document("WorkChain", "backlog", told))


def sprints(*names: str, **spec: object) -> tuple[Json, ...]:
    each = [{"name": name, "title": f"Do {name}", "prompt": f"Build {name}."} for name in names]
    told = {"goal": "All is well.", "background": "It began badly.", "sprints": each}
    chain = {"plan": "plan", "workflow": "fix"} | spec
    return (
        project(),
        workflow(),
        document("SprintPlan", "plan", told),
        document("SprintChain", "roadmap", chain),
    )


@dataclass
class World:
    """A catalog that is looked at again and again; runs end as they are told."""

    asked: Catalog
    now: datetime = START
    records: dict[str, ObservedRun] = field(default_factory=dict)
    flying: dict[str, InFlight] = field(default_factory=dict)
    courses: dict[Ref, Course] = field(default_factory=dict)
    asks: list[Resumption] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    frozen: dict[str, FrozenPlan] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    dies: bool = False

    def seen(self) -> Observed:
        known = {
            ref: replace(
                read_course(to_json(course.model_dump(mode="json", by_alias=True))),
                asks=tuple(self.asks),
            )
            for ref, course in self.courses.items()
        }
        proposed = {
            run: one.pull_request
            for run, one in self.records.items()
            if one.is_proposed and one.pull_request
        }
        found = observed(flying=self.flying.values(), pull_requests=proposed)
        found = replace(found, records=fold(self.records.values()), courses=known)
        tips = {name: self.branches.get(name) for name in tips_wanted(self.asked, found)}
        return replace(found, branches={name: tip for name, tip in tips.items() if tip})

    def look(self) -> Plan:
        """Do what a plan says; one who dies has written courses down and started nothing."""
        self.now += timedelta(minutes=1)
        found = plan(self.asked, self.seen(), now=self.now, drivers=DRIVERS)
        self.courses |= {each.course.ref: each.course for each in found.courses}
        for action in found.actions if not self.dies else ():
            match action:
                case StartRun(run=run, frozen=frozen):
                    assert run not in self.flying
                    assert run not in self.records
                    self.started.append(run)
                    self.frozen[run] = frozen
                    self.flying[run] = InFlight(run)
                case CancelRun(run=run):
                    self.flying[run] = replace(self.flying[run], cancelling=True)
                case _:
                    pass
        return found

    def end(self, run: str, phase: str = "completed", **changes: object) -> None:
        """Bring a run to its end; a good one has pushed its work and has a pull request."""
        self.now += timedelta(minutes=1)
        del self.flying[run]
        git = self.frozen[run].git
        record = ObservedRun(run, phase, phase.capitalize(), project="demo", ended_at=self.now)
        record = replace(record, base=git.base_branch, spec_digest=self.frozen[run].spec_digest)
        if phase == "completed":
            commit = f"{len(self.records):040x}"
            self.branches[git.branch] = commit
            record = replace(record, branch=git.branch, commit=commit)
            record = replace(record, pull_request="created", number=len(self.records) + 1)
        self.records[run] = replace(record, **changes)  # type: ignore[arg-type]  # names of fields

    def decline(self, run: str) -> None:
        """Bring a run to an end that has pushed its work, and whose pull request is not open."""
        self.now += timedelta(minutes=1)
        del self.flying[run]
        git, commit = self.frozen[run].git, f"{len(self.records):040x}"
        self.branches[git.branch] = commit
        self.records[run] = ObservedRun(
            run,
            "failed",
            "ProposalDeclined",
            project="demo",
            ended_at=self.now,
            base=git.base_branch,
            spec_digest=self.frozen[run].spec_digest,
            branch=git.branch,
            commit=commit,
            pull_request="failed",
            number=0,
        )

    def open_late(self, run: str) -> None:
        """Open what was declined, as courier does after a while."""
        opened = {"pull_request": "created", "number": len(self.records) + 1}
        done = replace(self.records[run], phase="completed", reason="Completed")
        self.records[run] = replace(done, **opened)  # type: ignore[arg-type]  # names of fields

    def step(self, phase: str = "completed", **changes: object) -> Plan:
        """End the one run that is under way, and look."""
        (run,) = self.flying
        self.end(run, phase, **changes)
        return self.look()

    def course(self, ref: Ref) -> Course:
        return self.courses[ref]

    def phases(self, ref: Ref) -> list[str]:
        return [part.phase for part in self.course(ref).parts]


def begun(documents: tuple[Json, ...]) -> World:
    world = World(catalog(*documents))
    world.look()
    return world


def reasons(found: Plan) -> Mapping[str, str]:
    return {each.reason: each.message for each in found.held}
