"""Asking something of a recurring task: checked, and put on record with who asked."""

from datetime import datetime
from typing import Literal

from courier.cli.here import Here


async def ask_of_task(
    here: Here, action: Literal["trigger", "resume"], what: str, *, reason: str = ""
) -> tuple[str, datetime]:
    """Put a request on record; return the task's name and the time of the request.

    Args:
        here: Where the command was started.
        action: What is asked.
        what: ``recurringtask/NAME``, or the name alone.
        reason: Why.

    Raises:
        Misused: If it names another kind.
        NotFound: If the tracked branch has no such task.
        Conflict: If there is nothing to resume.
    """
    from courier.cli.kinds import kind_named
    from courier.engine.agenda import agenda
    from courier.engine.diaries import TaskRequest
    from courier.engine.journal.lock import holder
    from courier.errors import Conflict, Misused, NotFound
    from courier.planning.diary import TRIPPED
    from courier.planning.problems import suggestion

    kind, slash, name = what.rpartition("/")
    if slash and kind_named(kind) != "RecurringTask":
        raise Misused("This works for recurring tasks.", detail=what)
    by = await here.checkout.identity()
    at = here.clock.now().replace(microsecond=0)
    async with here.wired() as wiring:
        catalog = (await wiring.preview().tracked()).catalog
        known = await agenda(catalog, wiring.state, now=at)
        if name not in known:
            hint = suggestion(name, known).strip()
            raise NotFound(
                "There is no such recurring task on the tracked branch.",
                detail=name,
                next_step=hint or "See `courier get recurring`.",
            )
        if action == "resume" and known[name]["reason"] != TRIPPED:
            rests = known[name]["message"] or "It does not rest."
            raise Conflict(f"{name} does not rest after failures.", detail=rests)
        request = TaskRequest(action, name, by, at, reason)
        await wiring.state.write([request.file], message=f"{action}: {name}")
        if holder(wiring.journal) is None:
            here.console.note("No engine runs here: it happens with the next `courier apply`.")
    return name, at
