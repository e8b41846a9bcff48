"""How a sandbox goes: every part a durable step, and none keeps the next from being done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from courier.engine.attempts.lease import close_sandboxes, labels_of
from courier.engine.attempts.station import Station
from courier.engine.attempts.turn import Ask
from courier.engine.commits.admission import Work
from courier.engine.commits.signing import signed
from courier.engine.patience import patiently
from courier.engine.seam import Action, Json, StepIO
from courier.engine.world import World
from courier.errors import Conflict
from courier.resources.model import Model
from courier.runs.interactive.facts import Answered, Fact, Parted, PartName, Saved
from courier.runs.interactive.frozen import SandboxPlan
from courier.runs.interactive.live import LiveSandbox
from courier.runs.interactive.wording import body
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest
from courier.runs.records.writeback import transcript_path
from courier.runs.transcripts.transcript import Outcome


class Done(Model):
    """What one part gave."""

    outcome: Outcome | None = None
    work: Work | None = None
    branch: str | None = None
    pull_request: PullRequest | None = None
    transcript: str | None = None


@dataclass(frozen=True, slots=True)
class Farewell:
    """Knows what each part of going does, and what came of it."""

    world: World
    plan: SandboxPlan
    live: LiveSandbox

    def facts(self, part: PartName, done: Done, *, at: datetime, fault: str) -> Sequence[Fact]:
        """Return the facts that a part came to."""
        found: list[Fact] = []
        streaming = [one for one in self.live.messages if one.status == "streaming"]
        if part == "stop" and streaming:
            outcome = done.outcome or Outcome(status="failed", reason="Stopped", message=fault)
            found.append(Answered(at, streaming[0].given.id, outcome))
        if done.work is not None:
            found.append(Saved(at, done.work.commit, done.work.files, done.work.refusal))
        parted = Parted(
            at,
            part,
            fault or _refused(done),
            branch=done.branch,
            pull_request=done.pull_request,
            transcript=done.transcript,
        )
        return [*found, parted]

    def action(self, part: PartName, station: Station, ask: Ask) -> Action:
        """Return what a part does."""

        async def stop(io: StepIO) -> Json:
            told = await station.stop(io, ask)
            return _told(Done(outcome=Outcome.model_validate_json(str(told))))

        async def rescue(io: StepIO) -> Json:
            told = await station.collect(io)
            return _told(Done(work=Work.model_validate_json(str(told))))

        return {
            "stop": stop,
            "rescue": rescue,
            "push": self._push,
            "propose": self._propose,
            "destroy": self._destroy,
            "keep": self._keep,
        }[part]

    async def _push(self, _io: StepIO) -> Json:
        """Push to the branch the work was taken from, or to one of its own."""
        git, commit = self.plan.plan.git, await self._leaving()
        own = self.plan.own_branch
        first = (git.branch, git.base_commit if git.branch == git.base_branch else None)
        ways = [first, (own, None), (f"{own}-{commit[:8]}", None)]
        for at, (branch, expected) in enumerate(dict.fromkeys(ways)):
            try:
                await self._try_push(commit, branch=branch, expected=expected)
            except Conflict:
                if at == len(set(ways)) - 1:
                    raise
            else:
                return _told(Done(branch=branch))
        return _told(Done())

    async def _leaving(self) -> str:
        """Return the work as it leaves courier."""
        git = self.plan.plan.git
        return await signed(
            self.world, git.signing_key, self.live.work or "", beyond=(git.base_commit,)
        )

    async def _try_push(self, commit: str, *, branch: str, expected: str | None) -> None:
        repository = self.world.repository
        await patiently(
            self.world.clock, lambda: repository.push(commit, branch=branch, expected=expected)
        )

    async def _propose(self, _io: StepIO) -> Json:
        plan, branch = self.plan.plan, self.live.branch or ""
        proposed = Proposed(
            run=plan.run,
            title=plan.title,
            body=body(self.plan, self.live),
            base=self.plan.onto,
            branch=branch,
            head=await self._leaving(),
            draft=plan.delivery.draft,
            labels=plan.delivery.labels,
            reviewers=plan.delivery.reviewers,
            auto_merge=plan.delivery.auto_merge,
            after_checks=plan.ci.before_merge,
        )
        forge = self.world.forge_of(plan)
        opened = await patiently(self.world.clock, lambda: forge.propose(proposed))
        return _told(Done(pull_request=opened))

    async def _destroy(self, _io: StepIO) -> Json:
        await close_sandboxes(self.world, labels_of(self.world, self.plan.plan))
        return _told(Done())

    async def _keep(self, _io: StepIO) -> Json:
        run, began = self.plan.plan.run, self.live.requested_at
        await patiently(self.world.clock, lambda: self.world.transcripts.gather(run))
        content = self.world.transcripts.whole(run)
        if not content or began is None:
            return _told(Done())
        path = transcript_path(run, began)
        state = self.world.state
        blobs = await patiently(self.world.clock, lambda: state.keep_transcripts({path: content}))
        return _told(Done(transcript=blobs[path]))


def _refused(done: Done) -> str:
    refusal = done.work.refusal if done.work else None
    return f"{refusal.code}: {refusal.message}" if refusal else ""


def _told(done: Done) -> Json:
    return done.model_dump_json(by_alias=True)
