"""Flows whose every effect and every answer leaves a line in a file, for the crash tests."""

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from courier.engine.ownership import still_ours
from courier.engine.seam import Action, Context, Engine, Json, RunCancelled, StepIO
from courier.errors import Conflict, Unavailable

PARTS = 4
NAP = timedelta(milliseconds=20)


class Marks:
    """Lines appended at once, so that those written before a kill are there after it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._numbers = count()

    def leave(self, kind: str, run: str, name: str, value: Json = None) -> None:
        line = json.dumps([kind, run, name, value])
        os.write(self._file, line.encode() + b"\n")

    def token(self) -> str:
        """Return a text no other try of any process has."""
        return f"{os.getpid()}-{next(self._numbers)}"


@dataclass(frozen=True, slots=True)
class Flows:
    """The flows of the crash tests."""

    marks: Marks
    engine: Engine

    def register(self) -> None:
        self.engine.register("work", self.work)
        self.engine.register("doomed", self.doomed)
        self.engine.register("parent", self.parent)
        self.engine.register("child", self.child)

    async def work(self, context: Context) -> Json:
        """Everything a flow can ask for, once."""
        began = await context.now("began")
        self._saw(context, "began", began.isoformat())
        await self._step(context, "first")
        await self._step(context, "parts", self._parts(context.run_id))
        await context.sleep("nap", began + NAP)
        for number in (1, 2):
            self._saw(context, f"mail {number}", await context.signal("mail"))
        nothing = await context.signal("never", until=began + NAP)
        self._saw(context, "never", nothing)
        try:
            await context.step("failing", self._failing(context.run_id))
        except Unavailable as failed:
            self._saw(context, "failing", failed.detail)
        return await self._step(context, "last")

    async def doomed(self, context: Context) -> Json:
        """Waits to be cancelled, then tidies up."""
        await self._step(context, "first")
        try:
            await context.signal("never")
        except RunCancelled as asked:
            self._saw(context, "cancelled", asked.reason)
        return await self._step(context, "tidy")

    async def parent(self, context: Context) -> Json:
        """Submits another run and waits for its word."""

        async def submit(io: StepIO) -> Json:
            await self.engine.submit(f"{context.run_id}-child", flow="child", input=context.run_id)
            return None

        await context.step("submit", submit)
        self._saw(context, "word", await context.signal("word"))
        return None

    async def child(self, context: Context) -> Json:
        """Sends its parent a word."""
        token = await self._step(context, "first")

        async def send(io: StepIO) -> Json:
            try:
                await self.engine.send(str(context.input), "word", token)
            except Conflict:
                return "sent before"
            return None

        await context.step("send", send)
        return None

    async def _step(self, context: Context, name: str, action: Action | None = None) -> Json:
        value = await context.step(name, action or self._effect(context.run_id, name))
        self._saw(context, name, value)
        return value

    def _saw(self, context: Context, name: str, value: Json) -> None:
        self.marks.leave("saw", context.run_id, name, value)

    def _effect(self, run: str, name: str) -> Action:
        async def effect(io: StepIO) -> Json:
            await still_ours()
            token = self.marks.token()
            self.marks.leave("did", run, name, token)
            return token

        return effect

    def _parts(self, run: str) -> Action:
        async def parts(io: StepIO) -> Json:
            done = io.checkpoint if isinstance(io.checkpoint, int) else 0
            for part in range(done, PARTS):
                await still_ours()
                self.marks.leave("part", run, str(part))
                await io.save(part + 1)
                self.marks.leave("saved", run, str(part))
            await still_ours()
            token = self.marks.token()
            self.marks.leave("did", run, "parts", token)
            return token

        return parts

    def _failing(self, run: str) -> Action:
        async def failing(io: StepIO) -> Json:
            await still_ours()
            token = self.marks.token()
            self.marks.leave("did", run, "failing", token)
            raise Unavailable("It fails every time.", detail=token)

        return failing


def flows_of(engine: Engine, folder: Path) -> Flows:
    """Register the flows with an engine; their marks go beside its data."""
    flows = Flows(Marks(folder / "marks.jsonl"), engine)
    flows.register()
    return flows
