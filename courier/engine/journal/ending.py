"""How a life of a run ended, as the journal is told."""

import asyncio
import logging
from datetime import datetime

from courier.engine.inflight import DivergedReplay, Json, Phase, RunCancelled
from courier.engine.journal import errors
from courier.engine.journal.context import JournalContext
from courier.engine.journal.outcome import outcome_of
from courier.engine.journal.rows import Ending
from courier.engine.journal.run import LiveRun
from courier.engine.journal.schema import to_text
from courier.engine.seam import Flow
from courier.errors import CourierError

log = logging.getLogger(__name__)


async def enter(function: Flow, context: JournalContext) -> Json:
    """Run a flow; what is no coroutine function fails here."""
    return await function(context)


def end_of(
    run: LiveRun, context: JournalContext, task: "asyncio.Future[Json]", *, now: datetime
) -> Ending:
    """Return what is put on record of a flow that is done."""
    text, error = outcome_of(task)
    if error is None and context.unasked is not None:
        error = DivergedReplay(
            "The flow no longer does what its journal says.",
            detail=f"Run {run.run_id} ended where the journal has {context.unasked}.",
        )
    error = context.broken or error
    if run.raised is not None and (error is None or isinstance(error, RunCancelled)):
        return Ending(Phase.CANCELLED, now, result=text)
    if error is None:
        return Ending(Phase.COMPLETED, now, result=text)
    log.warning("Run %s failed: %s", run.run_id, error, exc_info=_unexpected(error))
    return Ending(Phase.FAILED, now, error=to_text(errors.to_json(error)))


def _unexpected(error: BaseException) -> BaseException | None:
    return None if isinstance(error, CourierError) else error
