"""Budgets that are used up, and the one line each that would raise it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Final

from courier.planning.budgets.budgets import Money
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Pointer, Ref
from courier.planning.observed.observed import Lacking, Observed
from courier.planning.plan import Raise
from courier.resources.project import Project
from courier.runs.steps.retry import original
from courier.runs.usage.budget import DAY, MONTH, RUN, shortage

FACTOR: Final = 2
"""By how much more is proposed; who merges it may write another number."""

_PROSE: Final = ".md"


def raises(catalog: Catalog, observed: Observed, rooms: Mapping[str, Money]) -> Iterator[Raise]:
    """Yield what would raise every budget that is used up, where the project wants it proposed."""
    for name, room in sorted(rooms.items()):
        short = shortage(room.caps, room.spent, now=room.now)
        ref = Ref("Project", name)
        if short is None or not _wants(catalog, ref):
            continue
        field = "perDay" if short.reason == DAY else "perMonth"
        period = f"{room.now:%Y-%m}" if short.reason == MONTH else f"{room.now:%Y-%m-%d}"
        yield from _line(catalog, ref, ("spec", "budgets", field), (name, period, short.message))
    for lacking in observed.lacking.values():
        if lacking.reason != RUN or not _wants(catalog, Ref("Project", lacking.project)):
            continue
        told = (lacking.project, lacking.run, f"Run {lacking.run} has used its budget up.")
        found = (each for place in _places(lacking) for each in _line(catalog, *place, told))
        yield from islice(found, 1)


def _places(lacking: Lacking) -> tuple[tuple[Ref, Pointer], ...]:
    """Return where a run's budget may be written, what goes before first."""
    return (
        (Ref("Run", original(lacking.run)), ("spec", "budget")),
        (Ref("Workflow", lacking.workflow), ("spec", "budget")),
        (Ref("Project", lacking.project), ("spec", "budgets", "perRun")),
    )


def _wants(catalog: Catalog, project: Ref) -> bool:
    document = catalog.documents.get(project)
    budgets = document.value["spec"].get("budgets", {}) if document is not None else {}
    return budgets.get("proposeRaise") is True


def _project(catalog: Catalog, name: str) -> Project:
    project = catalog.resource(Ref("Project", name))
    assert isinstance(project, Project)  # noqa: S101 - what the catalog promises
    return project


def _line(
    catalog: Catalog, ref: Ref, pointer: Pointer, told: tuple[str, str, str]
) -> Iterator[Raise]:
    """Yield the line that says a budget, if the document says it and is no prose."""
    document = catalog.documents.get(ref)
    value: object = document.value if document is not None else None
    for step in pointer:
        value = value.get(step) if isinstance(value, Mapping) else None
    if document is None or isinstance(value, bool) or not isinstance(value, int | float):
        return
    at = document.position(pointer)
    if at.file.endswith(_PROSE):
        return
    project, period, message = told
    was = Decimal(str(value))
    yield Raise(
        project=project,
        forge=_project(catalog, project).spec.repository.forge,
        field=".".join(str(step) for step in pointer[1:]),
        period=period,
        path=at.file,
        line=at.line,
        column=at.column,
        was=was,
        to=was * FACTOR,
        message=message,
        signing_key=_project(catalog, project).spec.signing_key,
    )
