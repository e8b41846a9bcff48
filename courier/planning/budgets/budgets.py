"""Budgets of projects: what each may spend, what is left of it, and what that holds back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from courier.planning.asked.asked import Missing, gather
from courier.planning.asked.candidates import share_out
from courier.planning.budgets.estimate import estimate
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.observed.observed import Lacking, Observed
from courier.planning.plan import GrantBudget, Headroom, Held
from courier.resources.project import Budgets, Project
from courier.runs.steps.retry import original
from courier.runs.usage.budget import (
    REASONS,
    RUN,
    Caps,
    Grant,
    Shortage,
    dollars,
    next_day,
    shortage,
)
from courier.runs.usage.spending import Spent

UNLIMITED = Decimal(1_000_000)
"""What a run may cost whose limit was taken away while it waited, in US dollars."""


def caps_of(budgets: Budgets) -> Caps:
    """Return what a project may spend."""
    return Caps(per_day=budgets.per_day, per_month=budgets.per_month, on_exceed=budgets.on_exceed)


def caps_by_project(catalog: Catalog) -> dict[str, Caps]:
    """Return what every project may spend by the documents in force."""
    found = {}
    for ref in catalog.of_kind("Project"):
        resource = catalog.resource(ref)
        assert isinstance(resource, Project)  # noqa: S101 - what the catalog promises
        found[ref.name] = caps_of(resource.spec.budgets)
    return found


@dataclass(slots=True)
class Money:
    """What one project may still spend; ``aside`` grows while a plan is made.

    Attributes:
        caps: What it may spend.
        spent: What it has spent.
        now: The moment of the look.
        aside: Run to the US dollars it may still cost, of those under way and about to start.
    """

    caps: Caps
    spent: Spent
    now: datetime
    aside: dict[str, Decimal] = field(default_factory=dict)

    def short(self) -> Shortage | None:
        """Return why no further run may start now; None if one may."""
        spent_up = shortage(self.caps, self.spent, now=self.now)
        if spent_up is not None:
            return spent_up if self.caps.on_exceed == "park" else None
        reserved = sum(self.aside.values(), Decimal(0))
        taken = shortage(self.caps, self.spent.plus(reserved), now=self.now)
        if taken is None:
            return None
        told = (
            f"{dollars(reserved)} are set aside for runs under way ({', '.join(sorted(self.aside))}"
            f"); with what is spent that is all of the budget ({self.shown}). It starts once they "
            "have cost less."
        )
        return Shortage(taken.reason, told, taken.until)

    @property
    def shown(self) -> str:
        """Return what is spent of what, for people."""
        parts = (
            (self.spent.day, self.caps.per_day, "today"),
            (self.spent.month, self.caps.per_month, "this month"),
        )
        return ", ".join(
            f"{dollars(spent)} of {dollars(cap)} {when}"
            for spent, cap, when in parts
            if cap is not None
        )

    def line(self, project: str) -> Headroom:
        """Return it for the plan."""
        return Headroom(
            project=project,
            per_day=self.caps.per_day,
            spent_today=self.spent.day,
            per_month=self.caps.per_month,
            spent_this_month=self.spent.month,
            aside=sum(self.aside.values(), Decimal(0)),
        )


def money(catalog: Catalog, observed: Observed, *, now: datetime) -> dict[str, Money]:
    """Return what every project that has a budget of the day or the month may still spend."""
    found = {
        name: Money(caps, observed.spent.get(name, Spent()), now)
        for name, caps in caps_by_project(catalog).items()
        if caps.any
    }
    for flying in observed.in_flight.values():
        if flying.project in found and flying.may_cost is not None:
            found[flying.project].aside[flying.run] = flying.may_cost
    return found


def may_cost(observed: Observed, workflow: str, budget: Decimal | None) -> Decimal:
    """Return what a run that is about to start may cost, as far as anybody can say."""
    if budget is not None:
        return budget
    likely = estimate(observed.records.history.get(workflow, ()))
    return (likely.usd_high if likely else None) or Decimal(0)


def anew(held: Iterable[Held], now: datetime, *, before: datetime | None) -> datetime | None:
    """Return when a budget that holds anything begins anew, if that is before a moment.

    Args:
        held: Everything that waits.
        now: The moment of the look.
        before: When something else is due; None if nothing is.
    """
    if not any(each.reason in REASONS for each in held):
        return before
    return min(next_day(now), before or next_day(now))


def grants(
    catalog: Catalog, observed: Observed, rooms: Mapping[str, Money]
) -> Iterator[GrantBudget]:
    """Yield what lets runs go on that wait for a budget which has something left again."""
    for lacking in observed.lacking.values():
        room = rooms.get(lacking.project)
        if room is not None and shortage(room.caps, room.spent, now=room.now) is not None:
            continue
        grant = _grant(catalog, lacking, room)
        if grant is not None:
            reason = "its budget was raised" if lacking.reason == RUN else "there is budget again"
            yield GrantBudget(run=lacking.run, reason=reason, grant=grant)


def _grant(catalog: Catalog, lacking: Lacking, room: Money | None) -> Grant | None:
    caps = room.caps if room is not None else None
    if lacking.reason != RUN:
        return Grant(caps=caps)
    now = _budget_of(catalog, lacking)
    return Grant(per_run=now, caps=caps) if now > lacking.spent else None


def _budget_of(catalog: Catalog, lacking: Lacking) -> Decimal:
    """Return what a run may cost by the documents in force."""
    ref = Ref("Run", original(lacking.run))
    if ref in catalog.documents:
        try:
            return share_out(gather(catalog, ref)).whole.dollars("budget") or UNLIMITED
        except Missing:
            return Decimal(0)
    # A recurring task asked for it: then its workflow says it, or its project.
    workflow = catalog.documents.get(Ref("Workflow", lacking.workflow))
    project = catalog.documents.get(Ref("Project", lacking.project))
    told = workflow.value["spec"].get("budget") if workflow else None
    if told is None and project is not None:
        told = project.value["spec"].get("budgets", {}).get("perRun")
    return UNLIMITED if told is None else Decimal(str(told))
