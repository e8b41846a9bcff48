"""The desk: takes in what sessions found, and has what is new proposed, many runs' together."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from courier.engine.accounts.records import RunRecord, RunRecords
from courier.engine.learnings.memory import Memory, evidence_line
from courier.engine.learnings.pending import read_pending
from courier.engine.learnings.proposing import Outcome, Proposing
from courier.engine.pullrequests.pulls import Pulls
from courier.engine.world import World
from courier.errors import CourierError, NotFound, Unavailable
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.learnings import every_lesson
from courier.planning.documents.references import Ref
from courier.planning.learned.batch import Batch
from courier.planning.learned.planner import hindrance, looked_at
from courier.planning.learned.sifting import KnownLessons, Sifted, sifted
from courier.ports.state import Change, DeleteFile, WriteFile
from courier.runs.harvest.contracts import READ_CHARACTERS
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.harvest.learnings import LEARNINGS, MOST, FoundLessons
from courier.runs.learnings.lesson import Lesson
from courier.runs.records.extraction import Extraction, PendingRun, learnt, to_file
from courier.runs.records.writeback import to_json
from courier.runs.steps.retry import is_retry, original
from courier.runs.texts.answer import Unreadable, last_object

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a session found in a run."""

    lessons: Sequence[Lesson] = ()
    fault: Extraction | None = None


class LearningDesk:
    """Settles runs whose sessions have ended; asked again, it does nothing twice.

    Args:
        world: Where they are.
        pulls: What passes see of pull requests; None to ask their forges each time.
    """

    def __init__(self, world: World, pulls: Pulls | None = None) -> None:
        self._world = world
        self._memory = Memory(world.state)
        self._proposing = Proposing(world, self._memory, pulls)

    async def settle(self, catalog: Catalog, in_flight: Collection[str]) -> Outcome:
        """Take in what was found, and bring pull requests up to date; return what became of it.

        Args:
            catalog: The documents in force.
            in_flight: Runs under way.
        """
        failed = []
        for pending in [*await read_pending(self._world), *await self._asked_again(in_flight)]:
            try:
                await self._take_in(catalog, pending, in_flight)
            except CourierError as fault:
                failed.append((pending.session, str(fault)))
        outcome = await self._proposing.carry_out(catalog)
        return Outcome([*failed, *outcome.failed], outcome.proposed)

    async def _asked_again(self, in_flight: Collection[str]) -> Sequence[PendingRun]:
        """Return runs that are looked through once more and are not listed yet."""
        found = []
        retries = [one for one in in_flight if is_retry(one) and looked_at(one) is not None]
        listed = {one.session for one in await read_pending(self._world)} if retries else set()
        for retry in sorted({*retries} - listed):
            run = looked_at(retry) or ""
            known = self._world.index.named([run]).get(run)
            if known is not None and (project := known.observed.project):
                found.append(PendingRun(run=run, project=project, retry=retry))
        return found

    async def _take_in(
        self, catalog: Catalog, pending: PendingRun, in_flight: Collection[str]
    ) -> None:
        session = pending.session
        listed = self._world.index.named([session]).get(session)
        if session in in_flight or (listed is not None and not listed.observed.ended):
            if pending.status == "pending":
                # Whatever was found before stays on record until more is known.
                await self._note(pending, Extraction(status="running", session=session))
        elif listed is not None and Ref("Project", pending.project) in catalog.documents:
            await self._sift(catalog, pending)
        elif (why := hindrance(catalog, pending.project)) is not None:
            reason, message = why
            told = Extraction(status="skipped", reason=reason, message=message)
            if reason == "NoAgent":
                told = told.model_copy(update={"status": "error"})
            await self._note(pending, told)

    async def _sift(self, catalog: Catalog, pending: PendingRun) -> None:
        found = await self._found(catalog, pending)
        if found.fault is not None:
            await self._note(pending, found.fault)
            return
        await self._world.state.refresh()
        batch = (await self._memory.batches()).get(pending.project)
        known = await self._known(catalog, batch, pending.project)
        told = sifted(found.lessons, known, batch, project=pending.project)
        if told.wait:
            log.info("what run %s taught waits for an open pull request", pending.run)
            return
        if told.batch is not None and told.batch != batch:
            message = f"learnings found: {pending.run}"
            if not await self._memory.keep(told.batch, message=message):
                raise Unavailable("Somebody else proposes learnings just now.")
        changes = [evidence_line(*each) for each in told.evidence]
        await self._note(pending, _account(found, told, pending.session), changes)

    async def _known(self, catalog: Catalog, batch: Batch | None, project: str) -> KnownLessons:
        documents = list(every_lesson(catalog))
        rejected = [one.lesson for one in await self._memory.rejected()]
        held = batch.lessons if batch is not None else ()
        told = catalog.documents[Ref("Project", project)].value["spec"].get("repository") or {}
        return KnownLessons(
            documents=[one for status, one in documents if status != "rejected"],
            rejected=[*(one for status, one in documents if status == "rejected"), *rejected],
            names=frozenset(one.name for one in (*(each for _, each in documents), *held)),
            forge=str(told.get("forge", "local")),
        )

    async def _found(self, catalog: Catalog, pending: PendingRun) -> _Found:
        records = RunRecords(self._world.state, self._world.index)
        session, run = (
            await records.find(pending.session),
            await records.find(pending.run),
        )
        if session is None:
            raise NotFound(f"The record of {pending.session} is gone.")
        if session.value.get("phase") != "completed":
            return _Found(fault=_failed(session))
        said = await records.outputs(session)
        text = said.get(str(session.value["steps"][-1].get("folder")), "")
        harvest = FrozenHarvest(sort="learnings", kind="Run", name=pending.run)
        try:
            answer = LEARNINGS.read(last_object(text, within=READ_CHARACTERS), harvest)
        except Unreadable as why:
            told = Extraction(status="error", reason="AnswerUnreadable", message=str(why))
            return _Found(fault=told.model_copy(update={"session": session.name}))
        assert isinstance(answer, FoundLessons)  # noqa: S101 - what the contract reads
        many = sum(1 for _ in catalog.of_kind("Project")) > 1
        project, commits = pending.project if many else None, _commits(run)
        lessons = [
            learnt(one, run=pending.run, commits=commits, project=project)
            for one in answer.learnings[:MOST]
        ]
        return _Found(lessons)

    async def _note(
        self, pending: PendingRun, told: Extraction, changes: Sequence[Change] = ()
    ) -> None:
        """Say on the run's record what became of it, with whatever belongs to that, in one go."""
        state, path = self._world.state, pending.path
        listed = self._world.index.named([pending.run]).get(pending.run)
        record: list[Change] = []
        if listed is not None:
            content = (await state.read([listed.place])).get(listed.place, b"{}")
            value = json.loads(content)
            told = told.after(_before(value))
            value["learnings"] = told.model_dump(mode="json", by_alias=True)
            record = [WriteFile(listed.place, to_json(value))]
        if told.status == "running":
            running = pending.model_copy(update={"status": "running"})
            kept: Change = WriteFile(path, to_file(running))
        else:
            kept = DeleteFile(path)
        message = f"learnings {told.status}: {pending.run}"
        await state.write([*changes, *record, kept], message=message)


def _before(record: Mapping[str, Any]) -> Extraction | None:
    """Return what a run's record says of it so far."""
    try:
        return Extraction.model_validate(record.get("learnings"), strict=False)
    except ValidationError:
        return None


def _account(found: _Found, told: Sifted, session: str) -> Extraction:
    message = "" if found.lessons else "There is nothing to learn from the run."
    if told.rejected:
        message = f"{told.rejected} of them {'is' if told.rejected == 1 else 'are'} like rejected."
    return Extraction(
        status="completed",
        message=message,
        session=session,
        found=len(found.lessons),
        proposed=told.proposed,
        known=tuple(lesson.name for lesson, _ in told.evidence),
    )


def _failed(session: RunRecord) -> Extraction:
    value = session.value
    return Extraction(
        status="error",
        reason=str(value.get("reason") or ""),
        message=(
            f"Session {session.name} ended as {value.get('phase')}: {value.get('message')} "
            f"`courier retry {original(session.name)}` has it done again."
        ),
        session=session.name,
    )


def _commits(run: RunRecord | None) -> Sequence[str]:
    steps = run.value.get("steps", ()) if run is not None else ()
    return [str(step["commit"]) for step in steps if step.get("commit")]
