"""Scans that are done once: each as often as what it asks for changes."""

from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held, spec_digest
from courier.planning.made.following import begun, flying_of
from courier.planning.made.making import Found, Made, Sight, start_made
from courier.planning.made.names import cause_of, made_run
from courier.planning.observed.diary import SCAN
from courier.planning.scans.scan import scan

_WHEN = ("schedule", "suspend")
"""Fields that say when it is done, not what."""


def plan_scans(sight: Sight) -> Found:
    """Return what is to be done about every IssueScan without a schedule."""
    found = Found(owned=flying_of(sight.catalog, sight.observed, SCAN))
    busy = {cause_of(run) for run in sight.observed.in_flight}
    wanted: list[Made] = []
    for ref in sight.catalog.of_kind(SCAN):
        spec = sight.catalog.documents[ref].value["spec"]
        run = once_run(ref, spec)
        if "schedule" in spec or begun(sight.observed, run):
            continue
        if spec.get("suspend"):
            told = "It is suspended (`spec.suspend`)."
            found.held.append(held(sight.catalog, ref, "Suspended", told))
        elif ref in busy:
            told = "It was changed; the scan as it was goes on, and this one follows it."
            found.held.append(held(sight.catalog, ref, "Overlap", told))
        else:
            wanted.append(scan(sight, ref, run, reason="not done yet as it is written"))
    found.take(start_made(sight, wanted).values())
    return found


def once_run(ref: Ref, spec: dict[str, object]) -> str:
    """Return the name of the run of a scan without a schedule, e.g. ``first.1a2b3c4d.scan``."""
    asked = {field: value for field, value in spec.items() if field not in _WHEN}
    return made_run(ref, part=spec_digest(asked)[:8])
