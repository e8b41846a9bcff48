"""Every Issue of a catalog at one look: which are carried out alone, and how far each is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.chains.decide import decide
from courier.planning.chains.planner import look_of
from courier.planning.chains.work import KIND as WORK_CHAIN
from courier.planning.chains.work import issue_prompt, work_chain
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held
from courier.planning.made.following import astray, followed, gone, noted
from courier.planning.made.making import Found, Made, Sight, start_made
from courier.planning.made.names import made_run
from courier.planning.observed.course import Course, CoursePhase, ObservedCourse, Part, PartPhase
from courier.planning.observed.observed import Observed
from courier.planning.plan import Held, StartRun

KIND: Final = "Issue"

_URGENCY: Final = ("critical", "high", "medium", "low")

_PHASES: Final[Mapping[PartPhase, CoursePhase]] = {
    "pending": "new",
    "running": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "stopped",
}


@dataclass(frozen=True, slots=True)
class _Issue:
    """One issue.

    Attributes:
        part: How far it has come.
        chain: The chain that works it off; None for none.
    """

    document: Document
    part: Part
    chain: Ref | None = None

    @property
    def ref(self) -> Ref:
        return self.document.ref

    @property
    def spec(self) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self.document.value["spec"]
        return told

    @property
    def is_own(self) -> bool:
        """Return whether it is carried out by itself."""
        return "execute" in self.spec and self.chain is None

    @property
    def urgency(self) -> tuple[int, str]:
        """Return what sorts the most urgent first."""
        return _URGENCY.index(self.spec.get("priority", "medium")), self.ref.name

    @property
    def made(self) -> Made:
        """Return its run."""
        return issue_run(self.document)


def issue_run(document: Document) -> Made:
    """Return the run of an Issue that says what carries it out."""
    spec = document.value["spec"]
    workflow = spec["execute"]
    return Made(
        made_run(document.ref),
        document,
        source="issue",
        spec={"workflow": workflow, **({"paths": spec["paths"]} if "paths" in spec else {})},
        reason=f"to be carried out with {workflow}",
        task=issue_prompt(spec),
        title=spec["title"],
    )


def plan_issues(sight: Sight) -> Found:
    """Return what is to be done about every Issue, the most urgent first."""
    found = Found()
    issues = sorted(_issues(sight.catalog, sight.observed), key=lambda one: one.urgency)
    own = [one for one in issues if one.is_own]
    found.owned |= {one.part.run for one in own if one.part.run}
    wanted = [one.made for one in own if one.part.phase == "pending"]
    started = start_made(sight, wanted)
    for one in issues:
        _take(found, one, sight, started.get(made_run(one.ref)))
    found.courses += gone(sight.catalog, sight.observed, (KIND,))
    return found


def _issues(catalog: Catalog, observed: Observed) -> list[_Issue]:
    chained = _chained(catalog, observed)
    found = []
    for ref in catalog.of_kind(KIND):
        chain, part = chained.get(ref.name, (None, None))
        own = part or followed(observed, ref.name, made_run(ref))
        found.append(_Issue(catalog.documents[ref], own, chain))
    return found


def _chained(catalog: Catalog, observed: Observed) -> Mapping[str, tuple[Ref, Part]]:
    """Return the issues that chains work off, with how far they have come there."""
    found: dict[str, tuple[Ref, Part]] = {}
    for ref in catalog.of_kind(WORK_CHAIN):
        chain = work_chain(catalog, ref)
        seen = observed.courses.get(ref, ObservedCourse())
        for part in decide(chain, seen, look_of(chain, observed)).course.parts:
            if part.name not in found or found[part.name][1].phase == "pending":
                found[part.name] = (ref, part)
    return found


def _take(found: Found, one: _Issue, sight: Sight, start: StartRun | Held | None) -> None:
    """Note what becomes of one issue."""
    if isinstance(start, Held):
        found.held.append(start)
    elif start is not None:
        found.actions.append(start)
        begun = one.part.model_copy(update={"phase": "running", "run": start.run})
        one = replace(one, part=begun)
    elif (why := _kept(one, sight.observed)) is not None:
        found.held.append(held(sight.catalog, one.ref, *why))
    course = _course(one, sight.catalog)
    is_known = sight.observed.courses.get(one.ref, ObservedCourse()).course is not None
    if (is_known or course.phase != "new") and (
        planned := noted(sight.observed, course)
    ) is not None:
        found.courses.append(planned)


def _kept(one: _Issue, observed: Observed) -> tuple[str, str] | None:
    """Return reason and message if an issue is held; None if it is not."""
    if "execute" not in one.spec:
        return None
    if one.chain is not None:
        return "InChain", f"{one.chain} works it off; leave `execute` out."
    if (why := astray(observed, one.part)) is not None:
        return "Blocked", why
    record = observed.records.runs.get(one.part.run or "")
    if record is None or not record.ended or one.part.phase == "running":
        return None
    if record.spec_digest in (None, one.made.spec_digest):
        return None
    return "SpecChanged", (
        f"Its run {record.run} is {record.phase}, and the issue was changed after it started. An "
        "issue is carried out once; give it a new name to have it done again."
    )


def _course(one: _Issue, catalog: Catalog) -> Course:
    project = catalog.project_of(one.ref)
    return Course(
        kind=KIND,
        name=one.ref.name,
        project=project.name if project else "",
        phase=_PHASES[one.part.phase],
        reason=one.part.reason,
        parts=(one.part,),
    )
