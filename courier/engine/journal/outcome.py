"""How a piece of a flow ended: its result as JSON text, or why there is none."""

import asyncio

from courier.engine.inflight import Json
from courier.engine.journal.schema import to_text


def outcome_of(task: asyncio.Future[Json]) -> tuple[str, BaseException | None]:
    """Return a finished task's result as text, and its error; a result JSON lacks is an error."""
    if task.cancelled():
        return "null", asyncio.CancelledError("It broke itself off.")
    error = task.exception()
    if error is not None:
        return "null", error
    try:
        return to_text(task.result()), None
    except (TypeError, ValueError, RecursionError) as unfit:
        return "null", unfit
