"""Starting: whether a run that is wanted may begin now, and everything it will do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from courier.planning.asked.library import Library
from courier.planning.asked.steps import unwaited
from courier.planning.budgets.budgets import may_cost
from courier.planning.budgets.capacity import Capacity
from courier.planning.budgets.estimate import estimate
from courier.planning.catalog.catalog import Catalog
from courier.planning.dependencies import awaited
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze, held
from courier.planning.freezing.templates import strangers
from courier.planning.freezing.wishes import unfulfilled
from courier.planning.observed.askedagain import AskedAgain
from courier.planning.observed.observed import Observed
from courier.planning.plan import Held, PlannedPrompt, StartRun
from courier.runs.run.candidates import candidate_plans
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.prompts import assemble


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts runs one after the other, as long as there is room.

    Attributes:
        observed: What is true now.
        drivers: Names of the agents this build can run.
        library: Gives files that are no documents.
        room: What each project has left, by its name; every start takes of it.
    """

    observed: Observed
    drivers: Collection[str]
    library: Library
    room: Mapping[str, Capacity]

    def start(self, catalog: Catalog, ref: Ref) -> StartRun | Held:
        """Return a Run of a catalog ready to begin, or why it does not begin now."""
        project = catalog.project_of(ref)
        space = self.room.get(project.name) if project else None
        if space is not None and (why := _suspended(space)):
            return held(catalog, ref, *why)
        if waiting := awaited(catalog, self.observed, ref):
            return waiting
        if space is not None and (why := _full(space, ref.name) or _short(space)):
            return held(catalog, ref, *why)
        frozen = freeze(
            catalog, ref, observed=self.observed, drivers=self.drivers, library=self.library
        )
        if isinstance(frozen, Held):
            return frozen
        if space is not None:
            space.add(ref.name, may_cost(self.observed, frozen.workflow, frozen.budget_usd))
        return StartRun(
            run=ref.name,
            reason="asked for and not on record",
            frozen=frozen,
            prompts=prompts_of(frozen),
            warnings=(*unfulfilled(frozen, catalog), *strangers(frozen), *unwaited(frozen.ci)),
            estimate=estimate(self.observed.records.history.get(frozen.workflow, ())),
        )

    def retry(self, asked: AskedAgain) -> StartRun | Held:
        """Return a run that is done again, or why it does not begin now."""
        frozen = asked.frozen
        if frozen is None:
            return Held(kind="Run", name=asked.name, reason="Blocked", message=asked.problem)
        space = self.room.get(frozen.project)
        if space is not None and (why := _suspended(space) or _full(space, asked.name)):
            return Held(kind="Run", name=asked.name, reason=why[0], message=why[1])
        if space is not None:
            space.users.add(asked.name)
        where = f" from step {frozen.retry.step}" if frozen.retry and frozen.retry.step else ""
        reason = f"{asked.by} wants {asked.run} done again{where}"
        return StartRun(run=asked.name, reason=reason, frozen=frozen)


def prompts_of(frozen: FrozenPlan) -> tuple[PlannedPrompt, ...]:
    """Return what every step would be told in its first iteration."""
    return tuple(
        PlannedPrompt(step=f"{plan.lane}{step.name}", text=prompt.text, digest=prompt.digest)
        for plan in (*candidate_plans(frozen), frozen)
        for step in plan.steps
        for prompt in (assemble(plan, step),)
    )


def _suspended(space: Capacity) -> tuple[str, str] | None:
    told = ("Suspended", "Its project is suspended (`spec.suspend`).")
    return told if space.suspended else None


def _full(space: Capacity, run: str) -> tuple[str, str] | None:
    return ("Limit", space.why_full()) if space.is_full(run) else None


def _short(space: Capacity) -> tuple[str, str] | None:
    short = space.money.short() if space.money is not None else None
    return (short.reason, short.message) if short is not None else None
