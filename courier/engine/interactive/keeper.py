"""The keeper: the flow of one sandbox, from its machine to its last record."""

import asyncio
import json
import logging
from datetime import datetime
from functools import partial
from typing import Literal, assert_never

from courier.engine.attempts.breakage import failure
from courier.engine.attempts.station import Request, Station
from courier.engine.attempts.turn import Ask
from courier.engine.commits.admission import Work
from courier.engine.interactive.chronicle import Chronicle
from courier.engine.interactive.farewell import Done, Farewell
from courier.engine.seam import Context, Json, RunCancelled, StepIO
from courier.engine.world import World
from courier.errors import CourierError, SandboxGone
from courier.runs.interactive.account import usage_of
from courier.runs.interactive.facts import (
    Answered,
    Began,
    Fact,
    Froze,
    Gone,
    Leaves,
    Opened,
    PartName,
    Requested,
    Saved,
    Thawed,
    Took,
    Wished,
)
from courier.runs.interactive.frozen import WORD, SandboxPlan, Word
from courier.runs.interactive.live import LiveSandbox, Message, fold
from courier.runs.interactive.moves import (
    Answer,
    End,
    Freeze,
    Move,
    Open,
    Part,
    Rest,
    Thaw,
    follows,
    heard,
    next_move,
)
from courier.runs.interactive.wording import prompt_of
from courier.runs.steps.progress import StartAttempt
from courier.runs.steps.prompts import Situation
from courier.runs.transcripts.transcript import Outcome

log = logging.getLogger(__name__)

FLOW = "sandbox"
"""The name of the flow that keeps a sandbox."""


class Keeper:
    """The flow of one sandbox: facts in, next move out, until it is gone and on record."""

    def __init__(self, world: World, context: Context) -> None:
        self._world = world
        self._context = context
        self._chronicle = Chronicle(world)
        self._plan = SandboxPlan.model_validate_json(json.dumps(context.input))
        self._facts: list[Fact] = []
        self._asked: dict[str, int] = {}

    @property
    def plan(self) -> SandboxPlan:
        """Return what was decided about it."""
        return self._plan

    @property
    def live(self) -> LiveSandbox:
        """Return the sandbox after the facts so far."""
        return fold(self._facts)

    async def go(self) -> Json:
        """Keep it to the end; return the state it ended in, and why."""
        while True:
            try:
                return await self._advance()
            except RunCancelled as asked:
                at = await self._now("killed")
                self._facts.append(Leaves(at, "Killed", asked.reason, by=asked.by))

    async def _advance(self) -> Json:
        if not self._facts or not isinstance(self._facts[0], Requested):
            at = await self._now("requested")
            self._facts[:0] = self._first(at)
            await self._record()
        while not isinstance(move := next_move(self._plan, self.live), End):
            await self._obey(move)
        return await self._settle()

    def _first(self, at: datetime) -> list[Fact]:
        plan = self._plan
        wish = Wished(
            at, "paused" if plan.declared == "paused" else "running", declared=plan.declared
        )
        return [Requested(at), *(Took(at, given) for given in plan.messages), wish]

    async def _obey(self, move: Move) -> None:
        match move:
            case Open():
                await self._open()
            case Answer():
                await self._answer(move)
            case Rest(until=until):
                await self._listen(until)
            case Freeze() | Thaw():
                await self._change(move)
            case Part(part=part):
                await self._part(part)
            case End():
                return
            case _:
                assert_never(move)

    async def _open(self) -> None:
        station = self._station("")
        try:
            sandbox = str(await self._context.step(self._unique("open"), station.open))
            station.take(sandbox)
            await self._context.step(self._unique("prepare"), station.prepare)
        except CourierError as error:
            at = await self._now("not-opened")
            self._facts.append(Leaves(at, "CannotOpen", str(error)))
            return
        self._facts.append(Opened(await self._now("opened"), sandbox))
        await self._record()

    async def _answer(self, move: Answer) -> None:
        message = move.message
        if message.status == "queued":
            message = await self._begin(message, again=False)
            if self.live.leaves is not None:
                return
        ask = self._ask_of(message)
        station = self._station(message.given.content)
        work = partial(self._work, station=station, ask=ask, until=move.by)
        try:
            told = await self._context.step(self._unique(f"turn-{ask.number}"), work)
        except CourierError as error:
            outcome = failure(error)
        else:
            if told is None:
                await self._listen(None)
                return
            outcome = Outcome.model_validate_json(str(told))
        if outcome.reason == "SessionLost" and ask.session is not None:
            await self._begin(message, again=True)
            return
        await self._answered(message, outcome)

    async def _work(self, io: StepIO, *, station: Station, ask: Ask, until: datetime) -> Json:
        """Return the turn's outcome, or None as soon as something was said to the sandbox."""
        working = asyncio.create_task(station.work(io, ask, until=until))
        listening = asyncio.create_task(io.heard(WORD))
        try:
            await asyncio.wait({working, listening}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            listening.cancel()
            await asyncio.gather(working, listening, return_exceptions=True)

    async def _begin(self, message: Message, *, again: bool) -> Message:
        turn = max((one.turn for one in self.live.messages), default=0) + 1
        at = await self._now(f"began-{turn}")
        self._facts.append(Began(at, message.given.id, turn, again=again))
        await self._record()
        return next(one for one in self.live.messages if one.given.id == message.given.id)

    async def _answered(self, message: Message, outcome: Outcome) -> None:
        at = await self._now("answered")
        answered = Answered(at, message.given.id, outcome)
        self._facts += [answered, *follows(answered)]
        if self.live.leaves is None:
            await self._save()
        await self._record()

    async def _save(self) -> None:
        """Take the work so far out, so that no more than one answer is ever lost."""
        try:
            told = await self._context.step(self._unique("save"), self._station("").collect)
        except CourierError as error:
            log.warning("sandbox %s: its work was not saved: %s", self._plan.name, error)
            return
        work = Work.model_validate_json(str(told))
        at = await self._now("saved")
        self._facts.append(Saved(at, work.commit, work.files, work.refusal))

    async def _listen(self, until: datetime | None) -> None:
        told = await self._context.signal(WORD, until=until)
        at = await self._now("heard")
        if told is None:
            self._facts.append(Leaves(at, "TimedOut", "Its time was up."))
            return
        word = Word.model_validate_json(json.dumps(told))
        facts = heard(self.live, word, at=at)
        self._facts.extend(facts)
        if any(isinstance(fact, Took) for fact in facts):
            await self._record()

    async def _change(self, move: Freeze | Thaw) -> None:
        freezes, station = isinstance(move, Freeze), self._station("")
        name, action = ("freeze", station.pause) if freezes else ("thaw", station.wake)
        try:
            await self._context.step(self._unique(name), action)
        except SandboxGone as gone:
            self._facts.append(Leaves(await self._now("lost"), "SandboxLost", str(gone)))
            return
        except CourierError as error:
            stays: Literal["running", "paused"] = "running" if freezes else "paused"
            at = await self._now("unchanged")
            self._facts.append(Wished(at, stays, fault=str(error)))
        else:
            at = await self._now("changed")
            self._facts.append(Froze(at) if freezes else Thawed(at))
        await self._record()

    async def _part(self, part: PartName) -> None:
        farewell = Farewell(self._world, self._plan, self.live)
        action = farewell.action(part, self._station(""), self._ask_of(self._streaming))
        done, fault, lost = Done(), "", False
        try:
            told = await self._context.step(self._unique(part), action)
            done = Done.model_validate_json(str(told))
        except CourierError as error:
            fault, lost = self._world.secrets.redact(str(error)), isinstance(error, SandboxGone)
        at = await self._now(f"{part}-done")
        if lost and self.live.leaves is not None and self.live.leaves.reason == "TimedOut":
            self._facts.append(Leaves(at, "SandboxLost", fault))
        self._facts.extend(farewell.facts(part, done, at=at, fault=fault))

    async def _settle(self) -> Json:
        self._facts.append(Gone(await self._now("gone")))
        live = self.live
        await self._context.step(
            self._unique("record-gone"), lambda _io: self._chronicle.end(self._plan, live)
        )
        reason = live.leaves.reason if live.leaves else ""
        return {"state": live.state, "reason": reason}

    async def _record(self) -> None:
        live, name = self.live, self._unique("record")
        try:
            await self._context.step(name, lambda _io: self._chronicle.write(self._plan, live))
        except CourierError as error:
            log.warning("sandbox %s, %s: %s", self._plan.name, name, error)

    def _station(self, content: str) -> Station:
        """Return where the agent works; a message is the command of an agent that runs those."""
        plan, live = self._plan.plan, self.live
        step = plan.steps[0]
        if step.run is not None:
            step = step.model_copy(update={"run": content})
        start = StartAttempt(step, 1, 1, base=plan.git.base_commit)
        request = Request(plan, start, Situation(), usage_of(self._plan, live))
        station = Station(self._world, request)
        if live.sandbox is not None:
            station.take(live.sandbox)
        return station

    def _ask_of(self, message: Message | None) -> Ask:
        if message is None:
            return Ask(0, "")
        live = self.live
        session = None if message.again else live.session
        prompt = prompt_of(self._plan, message, first=session is None)
        return Ask(message.turn, prompt, session, live.used_in(session))

    @property
    def _streaming(self) -> Message | None:
        return next((one for one in self.live.messages if one.status == "streaming"), None)

    async def _now(self, name: str) -> datetime:
        """Return the moment; being told to go just now is one more fact, and loses none."""
        try:
            return await self._context.now(self._unique(name))
        except RunCancelled as asked:
            at = await self._context.now(self._unique(f"{name}-late"))
            self._facts.append(Leaves(at, "Killed", asked.reason, by=asked.by))
            return at

    def _unique(self, name: str) -> str:
        count = self._asked[name] = self._asked.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"
