"""What is kept of an ended run beside its record: what was said in it, and what it was told."""

from collections.abc import Mapping
from datetime import datetime

from courier.engine.patience import patiently
from courier.engine.running.candidates import flight_of
from courier.engine.running.recording import recording_of
from courier.engine.seam import Json, RunReader
from courier.engine.world import World
from courier.runs.records.writeback import journal_path, transcript_path
from courier.runs.run.frozen import FrozenPlan


async def keep_transcripts(
    world: World, journal: RunReader, plan: FrozenPlan, *, started: datetime
) -> Mapping[str, Json]:
    """Keep a run's transcript and journal, and the journal of each candidate.

    Returns:
        ``transcript``, ``journal``, ``journal1`` … to the id of the blob it is in.
    """
    name = plan.run
    journals = await patiently(world.clock, lambda: _journals(world, journal, plan))
    kept = {
        f"journal{number or ''}": (journal_path(name, started, candidate=number), content)
        for number, content in journals.items()
    }
    await patiently(world.clock, lambda: world.transcripts.gather(name))
    if said := world.transcripts.whole(name):
        kept["transcript"] = (transcript_path(name, started), said)
    contents = dict(kept.values())
    blobs = await patiently(world.clock, lambda: world.state.keep_transcripts(contents))
    return {word: blobs[path] for word, (path, _) in kept.items()}


async def _journals(
    world: World, journal: RunReader, plan: FrozenPlan
) -> Mapping[int | None, bytes]:
    """Return what the run was answered, and under its number what each candidate was."""
    redact = world.secrets.redact
    flights: dict[int | None, str] = {None: plan.run}
    for number in range(1, len(plan.candidates) + 1):
        flights[number] = flight_of(plan.run, number)
    found = {who: await recording_of(journal, it) for who, it in flights.items()}
    return {who: redact(it.to_text()).encode() for who, it in found.items() if it is not None}
