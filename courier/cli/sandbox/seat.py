"""A seat in a sandbox: the person's terminal joined to one inside."""

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from courier.cli.here import Here
from courier.cli.sandbox.desk import Kept, keeping, live_one, tell
from courier.cli.sandbox.keyboard import Keyboard, raw, size
from courier.engine.attempts import workspace
from courier.engine.interactive.telling import sandbox
from courier.errors import Conflict, Unavailable
from courier.runs.interactive.frozen import Word

if TYPE_CHECKING:
    from courier.engine.interactive.telling import Told
    from courier.ports.sandboxes import Terminal

LEAVE = b"\x1d"
"""Ctrl-]: leaves, and is never typed into the sandbox."""

_END_OF_INPUT = b"\x04"
_AGAIN_SECONDS = 1.0
_EXTEND_SECONDS = 60.0
_LOOK_SECONDS = 1.0


class Seat:
    """Carries keys in and what they cause out, until the shell ends or the person leaves.

    Attributes:
        left: Whether the person left while the shell ran.
    """

    def __init__(self, terminal: "Terminal") -> None:
        self._terminal = terminal
        self.left = False

    async def sit(self, fd: int) -> None:
        """Join the file descriptor of a keyboard and stdout to the terminal inside.

        Raises:
            Unavailable: If the link was cut.
        """
        loop = asyncio.get_running_loop()
        showing = asyncio.create_task(self._show())
        typing = asyncio.create_task(self._type(Keyboard(fd)))
        resizing: set[asyncio.Task[None]] = set()
        loop.add_signal_handler(
            signal.SIGWINCH,
            lambda: resizing.add(loop.create_task(self._terminal.resize(size()))),
        )
        try:
            await asyncio.wait({showing, typing}, return_when=asyncio.FIRST_COMPLETED)
            if typing.done():
                typing.result()
            if not self.left:
                await showing
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)
            for task in (showing, typing, *resizing):
                task.cancel()
            await asyncio.gather(showing, typing, *resizing, return_exceptions=True)

    async def _show(self) -> None:
        out = sys.stdout.buffer
        async for data in self._terminal.output():
            out.write(data)
            out.flush()

    async def _type(self, keyboard: Keyboard) -> None:
        try:
            async for keys in keyboard.chunks():
                before, leave, _ = keys.partition(LEAVE)
                if before:
                    await self._terminal.send(before)
                if leave:
                    self.left = True
                    return
            while True:
                # A shell that is not ready yet loses it when it takes its terminal over.
                await self._terminal.send(_END_OF_INPUT)
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            keyboard.close()


async def sit(here: Here, name: str) -> int:
    """Sit down in a sandbox; return the shell's exit code, 0 for one that was left."""
    async with keeping(here) as kept:
        told = await live_one(kept.wiring, name)
        if told.live.state == "creating":
            told = await _opened(kept, name)
        if told.live.state != "running":
            raise Conflict(
                f"Sandbox {name} is {told.live.state}.",
                next_step=f"Run `courier sandbox resume {name}`.",
            )
        return await _joined(here, kept, told)


async def _opened(kept: Kept, name: str) -> "Told":
    while (told := await live_one(kept.wiring, name)).live.state == "creating":
        await kept.wiring.clock.sleep(0.1)
    return told


async def _joined(here: Here, kept: Kept, told: "Told") -> int:
    name, fd = told.plan.name, sys.stdin.fileno()
    machine = await kept.wiring.sandboxes.connect(
        told.live.sandbox or "", timeout_seconds=told.plan.lives_seconds
    )
    env = {"TERM": here.environment.get("TERM") or "xterm-256color"}
    terminal = await machine.terminal(size(), cwd=workspace.folder(machine), env=env)
    seat = Seat(terminal)
    if sys.stdin.isatty():
        here.console.tell(f"In sandbox {name}; Ctrl-] leaves.")
    sitting = asyncio.create_task(seat.sit(fd))
    staying = asyncio.create_task(_stay(kept, told))
    try:
        with raw(fd):
            await asyncio.wait({sitting, staying}, return_when=asyncio.FIRST_COMPLETED)
        await (sitting if sitting.done() else staying)
        code = 0 if seat.left else await terminal.ended()
    finally:
        for task in (sitting, staying):
            task.cancel()
        await asyncio.gather(sitting, staying, return_exceptions=True)
        await terminal.close()
    if seat.left:
        here.console.tell(f"\nLeft sandbox {name}; it goes on.")
    return code or 0


async def _stay(kept: Kept, told: "Told") -> None:
    """See to it that the sandbox's time does not run out while somebody sits in it.

    Raises:
        Unavailable: If it is paused or gone.
    """
    clock, name, client = kept.wiring.clock, told.plan.name, kept.wiring.client()
    every = min(_EXTEND_SECONDS, told.plan.lives_seconds / 4)
    extended = clock.monotonic() - every
    try:
        while True:
            if clock.monotonic() - extended >= every:
                extended = clock.monotonic()
                await tell(client, told.state.run_id, Word(do="extend"))
            now = await sandbox(kept.wiring.world, client, name)
            if now["state"] != "running":
                message = f"Sandbox {name} is {now['state']}; the terminal ended."
                raise Unavailable(message, next_step=f"See `courier sandbox show {name}`.")
            await clock.sleep(_LOOK_SECONDS)
    finally:
        await client.close()
