"""Runs that wait for others: whether they may start."""

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held
from courier.planning.observed.observed import Observed
from courier.planning.plan import Held

NOT_READY = "DependencyNotReady"
FAILED = "DependencyFailed"


def awaited(catalog: Catalog, observed: Observed, ref: Ref) -> Held | None:
    """Return why a Run may not start yet, or never will; None if nothing it depends on is left."""
    names = catalog.documents[ref].value["spec"].get("dependsOn") or ()
    left = [name for name in names if not _is_done(observed, name)]
    if not left:
        return None
    if failed := [told for name in left if (told := _failure(catalog, observed, name))]:
        advice = "Ask for the work under a new name and depend on that, or drop the dependency."
        return held(catalog, ref, FAILED, f"{' '.join(failed)} {advice}")
    named = ", ".join(left)
    return held(catalog, ref, NOT_READY, f"It starts once completed: {named} (`dependsOn`).")


def _is_done(observed: Observed, name: str) -> bool:
    record = observed.records.runs.get(name)
    return record is not None and record.phase == "completed" and name not in observed.in_flight


def _failure(catalog: Catalog, observed: Observed, name: str) -> str:
    """Return why a run will not complete any more; empty if it still may."""
    if name in observed.in_flight:
        return ""
    record = observed.records.runs.get(name)
    if record is not None:
        ended = record.ended or record.phase == "unreadable"
        return f"Run {name}, which it depends on, is {record.phase}." if ended else ""
    document = catalog.documents.get(Ref("Run", name))
    unwanted = document is not None and document.value["spec"].get("desiredState") == "cancelled"
    return f"Run {name}, which it depends on, is not wanted any more." if unwanted else ""
