"""One attempt: one agent, in one sandbox, at one step, as durable steps of its run."""

from dataclasses import replace
from datetime import datetime

from courier.engine.attempts.breakage import failure
from courier.engine.attempts.conversation import Conversation
from courier.engine.attempts.parting import Parted, Parting, Way
from courier.engine.attempts.replies import Replies
from courier.engine.attempts.scoring import Scored, Scoring
from courier.engine.attempts.scripted import Scripts
from courier.engine.attempts.station import Request, Station
from courier.engine.commits.admission import Work
from courier.engine.money.purse import Account
from courier.engine.seam import Context, RunCancelled
from courier.engine.world import World
from courier.errors import CourierError
from courier.ports.whereabouts import located
from courier.runs.briefs.assets import Moment
from courier.runs.records.charges import key_of
from courier.runs.replies.roles import keeps_changes
from courier.runs.run.events import AttemptEnded, CancelAsked, Checkpoint, RunEvent
from courier.runs.run.merging import repair_prompt
from courier.runs.run.paused import Paused
from courier.runs.run.rating import Evaluation, is_scored_apart
from courier.runs.steps.prompts import GO_ON, assemble, mending
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.pricing import with_sandbox
from courier.runs.usage.usage import Usage


class Attempt:
    """Carries one request out; whatever touches the world is a durable step named after it."""

    def __init__(self, world: World, context: Context, request: Request) -> None:
        self._world = world
        self._context = context
        self._request, self._start = request, request.start
        self._step = request.start.step
        self._plan, self._situation = request.plan, request.situation
        self._prompt = assemble(request.plan, self._step, request.situation)
        self._station = Station(world, request)
        self._scripts = Scripts(context, self._station, request)
        self._sandbox: str | None = None
        self._talk = Conversation(context, self._station, name=request.start.name)
        self._replies = Replies(self._talk, request)
        self._broken: Outcome | None = None
        self._scoring = Usage()
        self._work: Work | None = None
        self._resumed: Checkpoint | None = None
        self._rejoined: Paused | None = None
        self._parting = Parting(context, self._station, self._talk, request.start)
        self._parted = Parted()
        self._saved: Checkpoint | None = None

    async def carry_out(self) -> tuple[RunEvent, ...]:
        """Return the facts that came of it: how it ended and, perhaps, that it was cancelled."""
        with located(step=self._step.name, attempt=self._start.name):
            return await self._carry_out()

    async def _carry_out(self) -> tuple[RunEvent, ...]:
        started = await self._context.now(self._named("started"))
        cancelled: RunCancelled | None = None
        try:
            await self._try()
        except RunCancelled as asked:
            cancelled = asked
            await self._stop()
        except CourierError as error:
            self._broken = failure(error)
        cancelled = await self._look_back() or cancelled
        way = self._way_out() if cancelled is None else "close"
        self._parted = await self._parting.leave(self._sandbox, way)
        cancelled = self._parted.cancelled or cancelled
        at, asked_late = await self._end()
        cancelled = asked_late or cancelled
        ended = self._ended(started, at)
        if cancelled is None:
            return (ended,)
        return (ended, CancelAsked(at=at, by=cancelled.by, reason=cancelled.reason))

    async def _try(self) -> None:
        await self._prepare()
        if self._rejoined is None or self._start.mends:
            await self._scripts.install()
            if await self._fails_at("preRun", "preStep", "context"):
                return
            self._prompt = assemble(self._plan, self._step, self._scripts.inform(self._situation))
        say = mending(self._situation) if self._start.mends else GO_ON
        outcome = await self._talk.begin(self._prompt.text, paused=self._rejoined, say=say)
        await self._replies.read(outcome, anew=self._prompt.text)
        if self._replies.verdict is not None or outcome.status == "completed":
            await self._fails_at("postStep")
        if keeps_changes(self._step) and outcome.reason != "SandboxLost":
            await self._collect("collect")
            await self._resolve(outcome)
            await self._score()

    async def _prepare(self) -> None:
        self._sandbox = str(await self._context.step(self._named("sandbox"), self._station.open))
        self._station.take(self._sandbox)
        paused = self._start.paused
        if paused is not None and paused.sandbox == self._sandbox:
            self._rejoined = paused
            if not self._start.mends:
                await self._context.step(self._named("rejoin"), self._station.rejoin)
                return
        resumed = await self._context.step(self._named("workspace"), self._station.prepare)
        if resumed is not None:
            self._resumed = self._start.resume
        elif self._start.resume is not None:
            self._situation = replace(self._situation, interrupted="")

    async def _fails_at(self, *moments: Moment) -> bool:
        """Run the scripts of some moments; return whether one failed the attempt."""
        failed = await self._scripts.carry_out(*moments)
        if failed is None:
            return False
        self._broken = Outcome(status="failed", reason="ScriptFailed", message=failed.message)
        self._replies.forget()
        return True

    async def _score(self) -> None:
        """Ask a model how good the change is; the step counts without an answer too."""
        commit = self._work.commit if self._work else None
        if commit is None or not is_scored_apart(self._plan, self._step):
            return
        said = self._talk.last.text if self._talk.last else ""
        used = self._request.spent + self._talk.usage
        key = key_of(self._plan, f"{self._plan.lane}{self._start.name}/score")
        account = Account(key, self._plan, before=used.spent)
        base = self._start.base
        scoring = Scoring(self._world, self._plan, self._step, said, base, commit, account)
        try:
            told = await self._context.step(self._named("score"), scoring.carry_out)
        except CourierError as error:
            self._replies.evaluation = Evaluation(why=str(error))
            return
        scored = Scored.model_validate_json(str(told))
        self._replies.evaluation = Evaluation(score=scored.score, why=scored.why)
        self._scoring = scored.usage

    async def _resolve(self, outcome: Outcome) -> None:
        """Have an agent that left a part of a conflict go on, once; then it has failed."""
        left = self._work.unresolved if self._work else None
        if left is None or outcome.status != "completed":
            return
        if outcome.session is not None:
            told = repair_prompt(left)
            await self._talk.go_on(told, outcome.session, anew=self._prompt.text)
            await self._collect("collect-again")
            left = self._work.unresolved if self._work else None
        if left is not None:
            self._broken = Outcome(
                status="failed", reason="ConflictLeft", message=repair_prompt(left), retryable=True
            )

    async def _collect(self, name: str) -> None:
        told = await self._context.step(self._named(name), self._station.collect)
        self._work = Work.model_validate_json(str(told))

    async def _stop(self) -> None:
        """Stop the agent and take out what it has done so far."""
        try:
            await self._talk.stop()
            await self._scripts.stop()
            if self._talk.turns and self._work is None and keeps_changes(self._step):
                await self._collect("rescue")
        except CourierError as error:
            self._broken = failure(error)

    async def _look_back(self) -> RunCancelled | None:
        """Find what was saved of work that did not come out of the sandbox."""
        began = self._talk.has_begun
        if self._work is not None or self._step.checkpoint_seconds is None:
            return None
        self._saved = self._start.resume
        if not began or not keeps_changes(self._step):
            return None
        look, cancelled = self._station.look_back, None
        try:
            told = await self._context.step(self._named("checkpoint"), look)
        except RunCancelled as asked:
            cancelled = asked
            told = await self._context.step(self._named("checkpoint-late"), look)
        if told is not None:
            self._saved = Checkpoint.model_validate_json(str(told))
        return cancelled

    def _way_out(self) -> Way:
        """Return how to leave the sandbox: an agent may have to go on in it."""
        last = self._talk.last
        if self._broken or last is None:
            return "close"
        if last.status == "limited":
            return "wait"
        done = last.status == "completed" and self._work is not None and self._work.commit
        rests = done and self._request.rests and self._plan.sandbox.reuse == "perStep"
        return "rest" if rests else "close"

    async def _end(self) -> tuple[datetime, RunCancelled | None]:
        """Return when it ended; asked to stop just now, what it has done must not be lost."""
        try:
            return await self._context.now(self._named("ended")), None
        except RunCancelled as asked:
            return await self._context.now(self._named("ended-late")), asked

    def _ended(self, started: datetime, ended: datetime) -> AttemptEnded:
        work = self._work or Work()
        outcome = self._outcome()
        seconds = (ended - started).total_seconds() if self._sandbox else 0.0
        return AttemptEnded(
            step=self._step.name,
            iteration=self._start.iteration,
            attempt=self._start.attempt,
            started_at=started,
            ended_at=ended,
            outcome=outcome,
            verdict=self._replies.verdict,
            choice=self._replies.choice,
            answer=self._replies.answer,
            base=self._start.base,
            commit=work.commit,
            files=work.files,
            refusal=work.refusal,
            resumed=self._resumed,
            checkpoint=self._saved,
            paused=self._parted.paused,
            resting=self._resting(),
            repairs=self._start.repairs,
            score=self._replies.evaluation.score,
            unscored=self._replies.evaluation.why,
            scoring=self._scoring,
            prompt_digest=self._prompt.digest,
            sandbox=self._sandbox,
            usage=with_sandbox(outcome.usage, seconds, self._plan.rates, at=started),
            scripts=self._scripts.ran,
        )

    def _resting(self) -> Paused | None:
        """Return where the conversation can be taken up to mend the work."""
        last = self._talk.last
        shared = self._plan.sandbox.reuse == "perRun" and self._request.rests
        if not shared or self._sandbox is None or last is None or last.session is None:
            return self._parted.resting
        lodging, used = self._start.lodging, self._talk.used(last.session)
        return Paused(sandbox=self._sandbox, attempt=lodging, session=last.session, used=used)

    def _outcome(self) -> Outcome:
        """Return how it ended as a whole: the last word, and what all turns used."""
        stopped = Outcome(status="failed", reason="Stopped", message="The run was cancelled.")
        last = self._talk.last or stopped
        usage = self._talk.usage
        if self._broken is None:
            return last.model_copy(update={"usage": usage})
        kept = {"usage": usage, "text": last.text, "session": last.session}
        return self._broken.model_copy(update=kept)

    def _named(self, what: str) -> str:
        return f"{self._start.name}/{what}"
