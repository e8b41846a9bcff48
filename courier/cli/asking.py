"""Asking something of a recurring task: checked, and put on record with who asked."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from courier.cli.here import Here

if TYPE_CHECKING:
    from courier.errors import CourierError
    from courier.planning.documents.references import Ref


async def ask_of_task(
    here: Here, action: Literal["trigger", "resume"], what: str, *, reason: str = ""
) -> "tuple[Ref, datetime]":
    """Put a request on record; return the task and the time of the request.

    Args:
        here: Where the command was started.
        action: What is asked.
        what: ``recurringtask/NAME``, its name alone, or ``issuescan/NAME``.
        reason: Why.

    Raises:
        Misused: If it names another kind.
        NotFound: If the tracked branch has no such task.
        Conflict: If there is nothing to resume.
    """
    from courier.cli.kinds import kind_named
    from courier.engine.accounts.agenda import agenda
    from courier.engine.accounts.diaries import TaskRequest
    from courier.engine.journal.lock import holder
    from courier.errors import Conflict, Misused
    from courier.planning.documents.references import Ref
    from courier.planning.observed.diary import SCAN, TASK, TRIPPED, key_of, label_of

    kind, slash, name = what.rpartition("/")
    ref = Ref(kind_named(kind) if slash else TASK, name)
    if ref.kind not in (TASK, SCAN):
        raise Misused("This works for recurring tasks, and scans with a schedule.", detail=what)
    label = label_of(ref)
    by = await here.checkout.identity()
    at = here.clock.now().replace(microsecond=0)
    async with here.wired() as wiring:
        catalog = (await wiring.preview().tracked()).catalog
        known = await agenda(catalog, wiring.state, now=at)
        if label not in known:
            raise _unscheduled(label, known, is_there=ref in catalog.documents)
        if action == "resume" and known[label]["reason"] != TRIPPED:
            rests = known[label]["message"] or "It does not rest."
            raise Conflict(f"{label} does not rest after failures.", detail=rests)
        request = TaskRequest(action, key_of(ref), by, at, reason)
        await wiring.state.write([request.file], message=f"{action}: {label}")
        if holder(wiring.journal) is None:
            here.console.note("No engine runs here: it happens with the next `courier apply`.")
    return ref, at


def _unscheduled(label: str, known: Collection[str], *, is_there: bool) -> "CourierError":
    from courier.errors import Conflict, NotFound
    from courier.planning.problems import suggestion

    if is_there:
        return Conflict(
            f"{label} has no schedule.",
            detail="It is done once, and again when what it asks for is changed.",
            next_step="Give it a `schedule`, or change it.",
        )
    return NotFound(
        "There is no such recurring task on the tracked branch.",
        detail=label,
        next_step=suggestion(label, known).strip() or "See `courier get recurring`.",
    )
