"""What is to be done about the sandboxes people work in: one pure decision a document."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from courier.planning.budgets.capacity import Capacity
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held
from courier.planning.observed.observed import Observed
from courier.planning.observed.sandboxrecord import KeptSandbox, ObservedSandbox
from courier.planning.plan import (
    Held,
    KeepSandbox,
    KillSandbox,
    SandboxAction,
    StartSandbox,
    TellSandbox,
)
from courier.planning.sandboxes.freeze import digest_of, freeze_guest, messages_of
from courier.resources.sandbox import Sandbox
from courier.runs.interactive.frozen import Word, shown


@dataclass(slots=True)
class Sandboxes:
    """What was decided about all of them."""

    actions: list[SandboxAction] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    settled: int = 0


def plan_sandboxes(
    catalog: Catalog,
    observed: Observed,
    *,
    drivers: Collection[str],
    room: Mapping[str, Capacity],
) -> Sandboxes:
    """Return what is to be done about every Sandbox that is asked for or kept."""
    found = Sandboxes()
    active = _active(observed)
    for ref in catalog.of_kind("Sandbox"):
        kept, seen = observed.kept.get(ref.name), observed.sandboxes.get(ref.name)
        if kept is not None:
            found.actions += _kept(catalog, ref, kept, seen)
        elif seen is not None:
            _settle(found, catalog, ref, seen)
        elif catalog.documents[ref].value["spec"].get("desiredState") == "killed":
            found.settled += 1
        else:
            space = _space(catalog, ref, room)
            decided = _missing(catalog, ref, space, active) or _start(
                catalog, ref, observed, drivers
            )
            if isinstance(decided, StartSandbox):
                found.actions.append(decided)
                active.setdefault(decided.sandbox.plan.project, set()).add(ref.name)
            else:
                found.held.append(decided)
    found.actions += _gone(catalog, observed)
    return found


def _active(observed: Observed) -> dict[str, set[str]]:
    """Return project to the sandboxes it has; derived anew at every look."""
    active: dict[str, set[str]] = {}
    for name, seen in observed.sandboxes.items():
        if seen.is_live:
            active.setdefault(seen.project, set()).add(name)
    return active


def _space(catalog: Catalog, ref: Ref, room: Mapping[str, Capacity]) -> Capacity | None:
    project = catalog.project_of(ref)
    return room.get(project.name) if project else None


def _missing(
    catalog: Catalog, ref: Ref, space: Capacity | None, active: Mapping[str, set[str]]
) -> Held | None:
    """Return why a sandbox that is missing may not be made now."""
    if space is None:
        return None
    if space.suspended:
        return held(catalog, ref, "Suspended", "Its project is suspended (`spec.suspend`).")
    count, most = len(active.get(space.limit.project, ())), space.limit.sandboxes
    if most is not None and count >= most:
        message = (
            f"{count} sandboxes are there, and the project allows {most} "
            "(`concurrency.sandboxes`). Kill some."
        )
        return held(catalog, ref, "Limit", message)
    return None


def _start(
    catalog: Catalog, ref: Ref, observed: Observed, drivers: Collection[str]
) -> StartSandbox | Held:
    frozen = freeze_guest(catalog, ref, observed=observed, drivers=drivers)
    if isinstance(frozen, Held):
        return frozen
    reason = "asked for and not on record"
    return StartSandbox(run=shown(ref.name), reason=reason, sandbox=frozen)


def _kept(
    catalog: Catalog, ref: Ref, kept: KeptSandbox, seen: ObservedSandbox | None
) -> Iterator[SandboxAction]:
    run = shown(ref.name)
    resource = catalog.resource(ref)
    assert isinstance(resource, Sandbox)  # noqa: S101 - what the catalog promises
    spec = resource.spec
    if kept.cancelling:
        yield KeepSandbox(run=run, reason="is going")
        return
    if spec.desired_state == "killed":
        yield KillSandbox(run=run, reason="its desiredState is killed")
        return
    if seen is None or seen.declared is None:
        yield KeepSandbox(run=run, reason="is being made")
        return
    for given in messages_of(spec):
        if given.id not in seen.messages:
            word = Word(do="send", message=given)
            yield TellSandbox(run=run, reason=f"{given.id} was not sent", word=word)
    if seen.declared != spec.desired_state:
        word = Word(
            do="pause" if spec.desired_state == "paused" else "resume",
            declared=spec.desired_state,
        )
        yield TellSandbox(run=run, reason=f"its desiredState is {spec.desired_state}", word=word)
    changed = seen.spec_digest != digest_of(catalog.documents[ref].value["spec"])
    says = "goes on as it was made; its document has changed since"
    yield KeepSandbox(run=run, reason=says if changed else f"is {seen.state}")


def _settle(found: Sandboxes, catalog: Catalog, ref: Ref, seen: ObservedSandbox) -> None:
    if seen.state == "unreadable":
        message = (
            f"Its record cannot be read: {seen.reason}. It is not made again; repair the record, "
            "or give the sandbox a new name."
        )
        found.held.append(held(catalog, ref, "Blocked", message))
    elif seen.is_live:
        message = (
            f"Its record says {seen.state}, and it is not kept here: another machine keeps it, or "
            "its journal was lost. If nobody keeps it, give the sandbox a new name."
        )
        found.held.append(held(catalog, ref, "Blocked", message))
    else:
        found.settled += 1


def _gone(catalog: Catalog, observed: Observed) -> Iterator[SandboxAction]:
    for name, kept in observed.kept.items():
        if Ref("Sandbox", name) in catalog.documents:
            continue
        run = shown(name)
        if kept.cancelling:
            yield KeepSandbox(run=run, reason="is going")
        else:
            yield KillSandbox(run=run, reason="its document is gone")
