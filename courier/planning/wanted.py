"""What Run documents ask for, held against what is under way and on record.

Most runs of a long-lived catalog are settled, so every Run is looked at as plain values.
"""

from dataclasses import dataclass, field

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held, spec_digest
from courier.planning.observed.observed import InFlight, Observed, ObservedRun
from courier.planning.plan import Action, CancelRun, Held, ResumeRun
from courier.runs.steps.approvals import AWAITING

Digests = dict[Ref, tuple[Document, str, ObservedRun | None]]
"""Digests of specs, each with the very document it was made of, and the very record by which the
run was settled: kept between passes, it saves most of their work."""


@dataclass(slots=True)
class Sorted:
    """Every Run in exactly one place.

    Attributes:
        wanted: Those that are to start.
        moved: What is done about those under way.
        held: Those that ended, and whose documents ask for something else since.
        settled: How many are done.
    """

    wanted: list[Ref] = field(default_factory=list)
    moved: list[Action] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    settled: int = 0


def sort_runs(catalog: Catalog, observed: Observed, digests: Digests) -> Sorted:
    """Return where every Run of a catalog belongs."""
    found = Sorted()
    documents, records = catalog.documents, observed.records.runs
    for ref in catalog.of_kind("Run"):
        document, record = documents[ref], records.get(ref.name)
        flying = observed.in_flight.get(ref.name)
        if flying is None and record is not None and _was_settled(digests, ref, document, record):
            found.settled += 1
            continue
        cancelled = document.value["spec"].get("desiredState") == "cancelled"
        if flying is None and record is None:
            if cancelled:
                found.settled += 1
            else:
                found.wanted.append(ref)
            continue
        digest = _digest(digests, ref, document)
        if flying is not None:
            found.moved.append(_under_way(flying, digest=digest, cancelled=cancelled))
        elif record is not None and (why := kept(record, digest=digest, cancelled=cancelled)):
            found.held.append(held(catalog, ref, *why))
        else:
            digests[ref] = (document, digest, record)
            found.settled += 1
    return found


def _was_settled(digests: Digests, ref: Ref, document: Document, record: ObservedRun) -> bool:
    """Return whether a run was settled by the same record when its document was the same."""
    known = digests.get(ref)
    return known is not None and known[0] is document and known[2] is record


def _digest(digests: Digests, ref: Ref, document: Document) -> str:
    known = digests.get(ref)
    if known is not None and known[0] is document:
        return known[1]
    digest = spec_digest(document.value["spec"])
    digests[ref] = (document, digest, None)
    return digest


def _under_way(flying: InFlight, *, digest: str, cancelled: bool) -> Action:
    if flying.cancelling:
        return ResumeRun(run=flying.run, reason="is being cancelled")
    if cancelled:
        return CancelRun(run=flying.run, reason="its desiredState is cancelled")
    if flying.spec_digest not in (None, digest):
        reason = "goes on as it was started; its document has changed since"
        return ResumeRun(run=flying.run, reason=reason)
    return ResumeRun(run=flying.run, reason=flying.awaits or "under way")


def kept(record: ObservedRun, *, digest: str, cancelled: bool) -> tuple[str, str] | None:
    """Return reason and message if a run on record is held, None if it is settled."""
    if record.phase == "unreadable":
        return "Blocked", (
            f"Its record cannot be read: {record.reason}. It is not started again, so that nothing "
            "is done twice; repair the record, or give the run a new name."
        )
    if record.reason == AWAITING:
        return AWAITING, (
            "It waits for a person, and is not under way here: the machine that has it goes on "
            f"once somebody answers. See `courier describe run/{record.run}`."
        )
    if not record.ended:
        return "Blocked", (
            f"Its record says {record.phase}, and it is not under way here: another machine works "
            "on it, or its journal was lost. If nobody works on it, give the run a new name."
        )
    if cancelled or record.spec_digest in (None, digest):
        return None
    return "SpecChanged", (
        f"It is {record.phase}, and its spec was changed after it started. A run is done once; "
        "give it a new name to have it done again."
    )
