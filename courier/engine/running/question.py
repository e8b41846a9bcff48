"""One question to a person: the work put where it can be looked at, then the answer waited for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from courier.engine.attempts.workspace import kept_at
from courier.engine.patience import patiently
from courier.engine.running.delivery import Delivery
from courier.engine.seam import Context, Json, StepIO
from courier.engine.world import World
from courier.errors import Misconfigured, NotFound
from courier.runs.run.events import ApprovalAnswered, ApprovalAsked, WorkDelivered
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run
from courier.runs.steps.approvals import AskApproval
from courier.runs.steps.ending import Ending
from courier.runs.steps.progress import Deliver
from courier.runs.steps.question import how_to_answer, question_note

SIGNAL: Final = "approval"
"""The signal that carries answers, each an `ApprovalAnswered` as JSON."""


@dataclass(frozen=True, slots=True)
class Question:
    """Asks one person or waits for one answer.

    Attributes:
        stage: Prefixes its durable steps.
        await_key: Waits until the key that commits are signed with has a value, told why.
    """

    world: World
    context: Context
    plan: FrozenPlan
    stage: str
    await_key: Callable[[str], Awaitable[None]]

    async def ask(self, run: Run, wanted: AskApproval) -> ApprovalAsked:
        """Return what is asked; it needs no answer where the same was approved before."""

        async def look(_io: StepIO) -> Json:
            return (await self._look(wanted)).model_dump_json(by_alias=True)

        told = await self.context.step(f"{self.stage}/look", look)
        asked = ApprovalAsked.model_validate_json(str(told))
        if run.has_approved(asked):
            return asked
        if wanted.attempt is not None:
            return await self._put_aside(asked, run)
        if wanted.commit == self.plan.git.base_commit:
            return _with_message(self.plan, asked)
        return await self._show(asked, run)

    async def wait(self, asked: ApprovalAsked) -> ApprovalAnswered:
        """Return the answer; what was said about anything else is passed over."""
        while True:
            told = await self.context.signal(SIGNAL, until=asked.until)
            if told is None:
                at = await self.context.now(f"{self.stage}/timed-out")
                return answer_to(asked, at, answer="timedOut", how="time")
            given = _read(told)
            if given is not None and _is_about(given, asked):
                return await self._let_through(asked, given)

    async def _look(self, wanted: AskApproval) -> ApprovalAsked:
        repository, plan, now = self.world.repository, self.plan, self.world.clock.now()
        asker = plan.asked_by or None
        if plan.document:
            author = await repository.author(plan.document, at=plan.observed_commit)
            asker = f"{author.name} <{author.email}>" if author else None
        limit = wanted.approval.timeout_seconds
        return ApprovalAsked(
            at=now,
            approval=wanted.approval.name,
            commit=wanted.commit,
            tree=await repository.tree(wanted.commit),
            words=wanted.words,
            attempt=wanted.attempt,
            reason=wanted.approval.reason,
            message=wanted.approval.reason,
            requested_by=asker,
            until=now + timedelta(seconds=limit) if limit is not None else None,
        )

    async def _show(self, asked: ApprovalAsked, run: Run) -> ApprovalAsked:
        note = question_note(self.plan, asked)
        aside = self.plan.put_aside
        delivery = Delivery(
            self.world, self.context, aside, self.stage, note=note, await_key=self.await_key
        )
        as_draft = Deliver(asked.commit, "draft", Ending("completed", "Completed"))
        shown = await delivery.show(run, as_draft)
        pull = shown.pull_request
        seen = {"branch": shown.branch, "pull_request": pull if pull and pull.number else None}
        return _with_message(self.plan, asked.model_copy(update=seen), shown)

    async def _put_aside(self, asked: ApprovalAsked, run: Run) -> ApprovalAsked:
        """Put refused work where people can fetch it and nothing acts on it."""

        async def aside(_io: StepIO) -> Json:
            repository, clock = self.world.repository, self.world.clock
            try:
                return await patiently(
                    clock, lambda: repository.put_aside(asked.commit, name=self.plan.run)
                )
            except Misconfigured:
                return None

        ref = await self.context.step(f"{self.stage}/aside", aside)
        last = run.last
        why = last.refusal.message if last is not None and last.refusal is not None else ""
        at = str(ref) if ref is not None else None
        told = how_to_answer(self.plan, asked, held_at=at, why=why)
        return asked.model_copy(update={"message": told})

    async def _let_through(self, asked: ApprovalAsked, given: ApprovalAnswered) -> ApprovalAnswered:
        if given.answer != "approved" or asked.attempt is None:
            return given
        keep_at = kept_at(self.plan.run, asked.attempt)

        async def release(_io: StepIO) -> Json:
            repository = self.world.repository
            try:
                return await repository.release(keep_at)
            except NotFound:
                # An earlier life of this step may have done it.
                return await repository.resolve(keep_at)

        if await self.context.step(f"{self.stage}/release", release) == asked.commit:
            return given
        gone = "What was approved is not kept on this machine any more."
        return given.model_copy(update={"answer": "rejected", "comment": gone})


def answer_to(asked: ApprovalAsked, at: datetime, **told: object) -> ApprovalAnswered:
    """Return an answer to exactly that question."""
    about: Mapping[str, object] = {
        "approval": asked.approval,
        "commit": asked.commit,
        "tree": asked.tree,
        "words": asked.words,
    }
    return ApprovalAnswered.model_validate({"at": at, **about, **told})


def _with_message(
    plan: FrozenPlan, asked: ApprovalAsked, shown: WorkDelivered | None = None
) -> ApprovalAsked:
    refusal = shown.refusal.message if shown is not None and shown.refusal is not None else ""
    return asked.model_copy(update={"message": how_to_answer(plan, asked, why=refusal)})


def _is_about(given: ApprovalAnswered, asked: ApprovalAsked) -> bool:
    return (given.approval, given.commit, given.tree, given.words) == (
        asked.approval,
        asked.commit,
        asked.tree,
        asked.words,
    )


def _read(told: Json) -> ApprovalAnswered | None:
    try:
        return ApprovalAnswered.model_validate_json(str(told))
    except ValidationError:
        return None
