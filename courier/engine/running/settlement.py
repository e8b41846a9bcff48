"""Settlement: the end of a run, put on record whatever else fails."""

from collections.abc import Mapping

from courier.engine.patience import patiently
from courier.engine.running.archive import keep_transcripts
from courier.engine.running.chronicle import Chronicle, files_of
from courier.engine.running.testimony import tell
from courier.engine.seam import Json, StepIO
from courier.errors import Misconfigured, Unavailable
from courier.runs.run.events import RunEnded
from courier.runs.run.run import fold
from courier.runs.steps.ending import Ending


async def settle(chronicle: Chronicle, ending: Ending) -> Json:
    """Close what is open, keep the transcript, write the record; return how the run ended."""
    plan = chronicle.plan

    async def keep(_io: StepIO) -> Json:
        started = chronicle.run.started_at
        if started is None:
            return None
        return await keep_transcripts(chronicle.world, chronicle.journal, plan, started=started)

    await chronicle.if_possible("sandboxes", chronicle.close_sandboxes)
    kept = await chronicle.if_possible("transcript", keep)
    blobs = kept if isinstance(kept, Mapping) else {}
    ended = RunEnded(
        at=await chronicle.now("ended"),
        phase=ending.phase,
        reason=ending.reason,
        message=ending.message,
        transcript=_text(blobs.get("transcript")),
        journal=_text(blobs.get("journal")),
    )
    run = fold([*chronicle.facts, ended])

    async def record(_io: StepIO) -> Json:
        changes = files_of(plan, run)
        # A remote that declines today may be mended; what was spent must get on record.
        await patiently(
            chronicle.world.clock,
            lambda: chronicle.write(changes, f"{run.phase}: {plan.run}"),
            waits_for=(Unavailable, Misconfigured),
        )
        await tell(chronicle.witness, chronicle.journal, plan=plan, run=run)
        return None

    await chronicle.context.step(chronicle.unique("record"), record)
    return {"phase": ending.phase, "reason": ending.reason}


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
