"""Replays: an ended run's orchestration done again from its recorded answers, asking nobody."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as with_changes
from typing import Any, TypeVar

from courier.engine.accounts.records import RunRecord, RunRecords
from courier.engine.inflight import DivergedReplay
from courier.engine.running.candidate import CandidateRunner
from courier.engine.running.candidates import flight_of
from courier.engine.running.recording import EndOfRecording, Recording, Replay
from courier.engine.running.runner import Runner
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import NotFound
from courier.runs.records.writeback import record
from courier.runs.run.events import CandidateEnded, RunEvent
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run, fold
from courier.runs.steps.progress import Finish, next_step

_OF_A_STEP = (
    *("verdict", "choice", "outcome", "base", "commit", "files", "refusal"),
    *("resumed", "checkpoint"),
    *("promptDigest", "scripts", "score", "unscored", "scoring", "usage"),
)
_OF_THE_RUN = (
    *("phase", "reason", "message", "work", "approvals", "candidates", "afterwards"),
    *("score", "usage"),
)
_Flow = TypeVar("_Flow", bound=Runner)
_COUNTS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something this courier decides otherwise than is on record.

    Attributes:
        where: The step's folder in the record, or ``run``.
        what: The field of the record.
        then: What is on record.
        now: What the replay gives.
    """

    where: str
    what: str
    then: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay.

    Attributes:
        plan: What the run was to do.
        account: The record as the replay gives it, as plain JSON values.
        answers: How many recorded answers were used.
        differences: Where it is not what is on record; nothing if the replay is exact.
        diverged: Why the replay could not go on, if it could not.
    """

    plan: FrozenPlan
    account: Mapping[str, Any]
    answers: int
    differences: tuple[Difference, ...]
    diverged: str | None = None

    @property
    def is_exact(self) -> bool:
        """Return whether everything came out as it is on record."""
        return not self.differences and self.diverged is None


async def replay(world: World, reader: RunReader, run: str) -> Replayed:
    """Do an ended run's orchestration again with what its agents answered then.

    Prompts are assembled, verdicts and limits weighed and ways chosen as this courier does it;
    no sandbox is opened, no model asked, nothing written.

    Raises:
        NotFound: If the run is not on record, has not ended, or kept no journal.
        Misconfigured: If its journal cannot be read.
    """
    found, recording = await recorded(world, run)
    runner, main = await _again(Runner, world, reader, (run, recording))
    again = _ended(runner.plan, fold(runner.facts))
    gone = [main]
    ended = []
    for number, told in enumerate(again.candidates or (), start=1):
        one, went = await _candidate(world, reader, found, (number, told))
        ended.append(one)
        gone += [went] if went else []
    if ended:
        again = with_changes(again, candidates=tuple(ended))
    account = json.loads(json.dumps(record(runner.plan, again)))
    said = await _reported(world, found)
    return Replayed(
        plan=runner.plan,
        account=account,
        answers=sum(each.answers for each in gone),
        differences=tuple(_differences(found.value, account, said)),
        diverged=next((each.diverged for each in gone if each.diverged), None),
    )


async def recorded(world: World, run: str) -> tuple[RunRecord, Recording]:
    """Return an ended run's record and recording.

    Raises:
        NotFound: If there is none.
    """
    records = RunRecords(world.state, world.index)
    found = await records.find(run)
    if found is None:
        raise NotFound(f"There is no run {run} on record.", next_step="See `courier get runs`.")
    if found.value.get("endedAt") is None:
        raise NotFound(f"Run {run} has not ended.", next_step=f"See `courier logs -f {run}`.")
    return found, Recording.read((await records.journal(found)).decode())


async def facts_of(
    world: World, reader: RunReader, run: str
) -> tuple[FrozenPlan, tuple[RunEvent, ...]]:
    """Return what an ended run was to do, and every fact about it before its end.

    Raises:
        NotFound: If the run is not on record, has not ended, or kept no journal.
        Misconfigured: If its journal cannot be read.
    """
    _, recording = await recorded(world, run)
    runner, _ = await _again(Runner, world, reader, (run, recording))
    return runner.plan, runner.facts


@dataclass(frozen=True, slots=True)
class _Gone:
    """How far a flow went: with how many answers, and why it left the recorded way, if it did."""

    answers: int
    diverged: str | None


async def _again(
    flow: type[_Flow], world: World, reader: RunReader, recorded: tuple[str, Recording]
) -> tuple[_Flow, _Gone]:
    """Go through a flow again."""
    run_id, recording = recorded
    context, diverged = Replay(run_id, recording), None
    runner = flow(world, context, reader)
    try:
        await runner.go()
    except EndOfRecording:
        pass
    except DivergedReplay as error:
        diverged = str(error)
    answers = len(recording.steps) - len(list(context.rest()))
    return runner, _Gone(answers, diverged)


async def _candidate(
    world: World, reader: RunReader, found: RunRecord, told: tuple[int, CandidateEnded]
) -> tuple[CandidateEnded, _Gone | None]:
    """Return a candidate gone through again; as it was told where it did nothing or kept nothing.

    What its work changes is shown as it was then: git is not asked.
    """
    number, then = told
    kept = await RunRecords(world.state, world.index).candidate_journal(found, number)
    if kept is None or not then.attempts:
        return then, None
    recorded = flight_of(found.name, number), Recording.read(kept.decode())
    runner, gone = await _again(CandidateRunner, world, reader, recorded)
    return runner.ended.model_copy(update={"diff": then.diff}), gone


def _ended(plan: FrozenPlan, run: Run) -> Run:
    """Return the run as its facts would end it."""
    if run.started_at is None or not isinstance(decision := next_step(plan, run), Finish):
        return run
    ending = decision.ending
    return with_changes(run, phase=ending.phase, reason=ending.reason, message=ending.message)


async def _reported(world: World, found: RunRecord) -> Mapping[str, int] | None:
    """Return the tokens the recorded events tell of; None where no events were kept."""
    try:
        content = await RunRecords(world.state, world.index).transcript(found)
    except NotFound:
        return None
    events = (json.loads(line) for line in content.splitlines())
    used = [event["usage"] for event in events if event.get("kind") == "usage"]
    return {word: sum(each.get(word, 0) for each in used) for word in _COUNTS}


def _differences(
    then: Mapping[str, Any], now: Mapping[str, Any], reported: Mapping[str, int] | None
) -> Iterator[Difference]:
    was, are = then.get("steps") or [], now.get("steps") or []
    names = [str(step.get("folder")) for step in was], [str(step.get("folder")) for step in are]
    if names[0] != names[1]:
        yield Difference("run", "steps", *names)
    for old, new in zip(was, are, strict=False):
        for field in _OF_A_STEP:
            if field in old and old["folder"] == new["folder"] and old[field] != new.get(field):
                yield Difference(str(old["folder"]), field, old[field], new.get(field))
    for field in _OF_THE_RUN:
        if field in then and then[field] != now.get(field):
            yield Difference("run", field, then.get(field), now.get(field))
    told = {word: sum(step["usage"].get(word, 0) for step in was) for word in _COUNTS}
    if reported is not None and reported != told:
        yield Difference("run", "transcript", told, reported)
