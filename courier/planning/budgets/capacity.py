"""How much room each project has for further runs."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from courier.planning.budgets.budgets import Money
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.observed.observed import Observed
from courier.planning.plan import Limit
from courier.resources.project import Project

REFUSED_FOR: Final = timedelta(days=1)
"""How long room is kept for a pull request that the forge refused; later it has what is left."""

_OPEN: Final = frozenset({"creating", "created"})


@dataclass(slots=True)
class Capacity:
    """One project's room; ``users`` grows while a plan is made.

    Attributes:
        limit: What the dispatcher keeps to.
        most: The most pull requests that may be open or on their way.
        suspended: Whether nothing new is started.
        users: Whoever takes room: open pull requests, as ``#7``, and runs in flight or about to
            start.
        refused: Runs that take room as well until their forge, which refused, opens theirs.
        shared: Runs that go on with a pull request that is open, with that.
        money: What it may still spend; None without a budget of the day or the month.
    """

    limit: Limit
    most: int
    suspended: bool = False
    users: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    shared: dict[str, str] = field(default_factory=dict)
    money: Money | None = None

    def add(self, run: str, usd: Decimal) -> None:
        """Count a run that is about to start and may cost so much."""
        self.users.add(self.shared.get(run, run))
        if self.money is not None:
            self.money.aside[run] = usd

    def is_full(self, run: str) -> bool:
        """Return whether that run may not start; what it uses itself does not count."""
        own = {run, self.shared.get(run, run)}
        return len((self.users | self.refused) - own) >= self.most

    @property
    def told(self) -> Limit:
        """Return what the dispatcher keeps to, once everything is decided."""
        left = max(0, self.most - len(self.users))
        return self.limit.model_copy(update={"proposals": left})

    def why_full(self) -> str:
        """Return the sentence for people."""
        taken = len(self.users | self.refused)
        return (
            f"{taken} pull requests are open or on their way, and the project allows "
            f"{self.most} (`concurrency.openPullRequests`). Merge or close some."
        )


def capacities(catalog: Catalog, observed: Observed, *, now: datetime) -> dict[str, Capacity]:
    """Return every project's room by its name."""
    found = {}
    for ref in catalog.of_kind("Project"):
        resource = catalog.resource(ref)
        assert isinstance(resource, Project)  # noqa: S101 - what the catalog promises
        found[ref.name] = _capacity(resource)
    for run in _users(observed):
        project = _project_of(catalog, observed, run, found)
        if project in found:
            found[project].users.add(_user(observed, run))
    for run in _refused(observed, now):
        project = _project_of(catalog, observed, run, found)
        if project in found:
            found[project].refused.add(run)
    return found


def _capacity(project: Project) -> Capacity:
    most = project.spec.concurrency
    limit = Limit(project=project.metadata.name, runs=most.runs, sandboxes=most.sandboxes)
    return Capacity(limit, most=most.open_pull_requests, suspended=project.spec.suspend)


def _user(observed: Observed, run: str) -> str:
    """Return what takes the room: several runs may have brought work to one pull request."""
    record = observed.records.runs.get(run)
    if run in observed.in_flight or record is None or not record.number:
        return run
    return f"#{record.number}"


def _users(observed: Observed) -> set[str]:
    """Return every run that has an open pull request or may still open one."""
    open_now = {run for run, status in observed.pull_requests.items() if status in _OPEN}
    return open_now | set(observed.in_flight)


def _refused(observed: Observed, now: datetime) -> set[str]:
    """Return the runs that ended not long ago, and whose pull requests are tried again."""
    records = {run: observed.records.runs.get(run) for run in observed.unproposed}
    return {
        run
        for run, record in records.items()
        if record is not None and record.ended_at and now < record.ended_at + REFUSED_FOR
    } - set(observed.in_flight)


def _project_of(
    catalog: Catalog, observed: Observed, run: str, known: Collection[str]
) -> str | None:
    record = observed.records.runs.get(run)
    if record is not None and record.project:
        return record.project
    ref = Ref("Run", run)
    found = catalog.project_of(ref) if ref in catalog.documents else None
    if found is not None:
        return found.name
    return next(iter(known)) if len(known) == 1 else None
