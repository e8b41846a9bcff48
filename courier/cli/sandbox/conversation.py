"""The conversation of a sandbox: what its agent does, live, and every typed line a message."""

import asyncio
import sys
from typing import TYPE_CHECKING

from courier.cli.here import Here
from courier.cli.sandbox.desk import keeping, live_one, requested
from courier.cli.sandbox.following import shown
from courier.cli.sandbox.keyboard import Keyboard
from courier.engine.interactive import requests
from courier.engine.interactive.telling import Answered, Follower, Turned
from courier.runs.interactive.live import LIVE

if TYPE_CHECKING:
    from courier.cli.sandbox.desk import Kept
    from courier.engine.interactive.telling import Told


class Conversation:
    """One person's part of it.

    Attributes:
        failed: Whether an answer to this person was an error.
    """

    def __init__(self, here: Here, kept: "Kept", told: "Told", *, output: str) -> None:
        self._here = here
        self._wiring = kept.wiring
        self._told = told
        self._output = output
        self._waits: set[str] = set()
        self._over = False
        self.failed = False

    async def go(self) -> None:
        """Show what happens and pass on what is typed, until both are over."""
        typing = asyncio.create_task(self._type())
        try:
            await self._watch()
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)

    async def _type(self) -> None:
        keyboard = Keyboard(sys.stdin.fileno())
        try:
            async for line in keyboard.lines():
                if line.strip():
                    await self._say(line)
        finally:
            keyboard.close()
            self._over = True

    async def _say(self, line: str) -> None:
        request = await requested(self._here, self._told.plan.name, "send", line)
        self._waits.add(request.id)
        await requests.ask(request, state=self._wiring.state, client=self._wiring.client())

    async def _watch(self) -> None:
        wiring, run = self._wiring, self._told.state.run_id
        async for moments in Follower(wiring.world, wiring.client(), run, past=True).moments():
            for moment in moments:
                shown(self._here.console, moment, self._output)
                if isinstance(moment, Turned) and moment.state not in LIVE:
                    return
                if isinstance(moment, Answered) and moment.message.given.id in self._waits:
                    self._waits.discard(moment.message.given.id)
                    self.failed = self.failed or moment.message.status == "error"
            if self._over and not self._waits:
                return


async def converse(here: Here, name: str, *, output: str) -> int:
    """Take part in a sandbox's conversation; return the exit code."""
    async with keeping(here) as kept:
        told = await live_one(kept.wiring, name)
        conversation = Conversation(here, kept, told, output=output)
        if sys.stdin.isatty():
            here.console.tell("Every line you type is a message; Ctrl-D leaves.")
        await conversation.go()
    return 1 if conversation.failed else 0
