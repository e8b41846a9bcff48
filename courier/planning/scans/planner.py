"""Scans that are done once: each as often as what it asks for changes."""

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held, spec_digest
from courier.planning.made.making import Found, Made, Sight, start_made, starts_of
from courier.planning.made.names import cause_of, made_run
from courier.planning.observed.diary import SCAN
from courier.planning.plan import Held
from courier.planning.scans.scan import scan

_WHEN = ("schedule", "suspend")
"""Fields that say when it is done, not what."""


def plan_scans(sight: Sight) -> Found:
    """Return what is to be done about every IssueScan without a schedule."""
    flying = {run: cause_of(run) for run in sight.observed.in_flight}
    found = Found(owned={run for run, cause in flying.items() if _stands(sight.catalog, cause)})
    wanted: list[Made] = []
    for ref in sight.catalog.of_kind(SCAN):
        spec = sight.catalog.documents[ref].value["spec"]
        run = once_run(ref, spec)
        if "schedule" in spec or run in flying or run in sight.observed.records.runs:
            continue
        if spec.get("suspend"):
            told = "It is suspended (`spec.suspend`)."
            found.held.append(held(sight.catalog, ref, "Suspended", told))
        elif ref in flying.values():
            told = "It was changed; the scan as it was goes on, and this one follows it."
            found.held.append(held(sight.catalog, ref, "Overlap", told))
        else:
            wanted.append(scan(sight, ref, run, reason="not done yet as it is written"))
    decided = start_made(sight, wanted).values()
    found.actions += starts_of(decided)
    found.held += [each for each in decided if isinstance(each, Held)]
    return found


def once_run(ref: Ref, spec: dict[str, object]) -> str:
    """Return the name of the run of a scan without a schedule, e.g. ``first.1a2b3c4d.scan``."""
    asked = {field: value for field, value in spec.items() if field not in _WHEN}
    return made_run(ref, part=spec_digest(asked)[:8])


def _stands(catalog: Catalog, cause: Ref | None) -> bool:
    return cause is not None and cause.kind == SCAN and cause in catalog.documents
