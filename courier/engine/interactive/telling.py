"""What is true of sandboxes for people now: from the journal where they are kept here, else from
their accounts on the state branch."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from courier.engine.inflight import RunState
from courier.engine.interactive.guestbook import keeper_of
from courier.engine.interactive.keeper import FLOW, Keeper
from courier.engine.running.recording import EndOfRecording, Recording, Replay
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import CourierError, Misconfigured, NotFound
from courier.ports.state import StateBranch
from courier.runs.interactive.account import FOLDER, account, path_of, stream_of
from courier.runs.interactive.frozen import SandboxPlan
from courier.runs.interactive.live import LIVE, LiveSandbox, Message

POLL_SECONDS = 0.1
"""How often a follower looks."""


@dataclass(frozen=True, slots=True)
class Told:
    """One sandbox as its journal tells it."""

    state: RunState
    plan: SandboxPlan
    live: LiveSandbox

    @property
    def account(self) -> Mapping[str, Any]:
        """Return its account as it would be written now, with what it does under ``inFlight``."""
        going = self.live.leaves is not None or self.state.cancellation is not None
        flying = {"run": self.state.run_id, "step": self.state.step, "going": going}
        return {**account(self.plan, self.live), "inFlight": flying}


async def retell(world: World, reader: RunReader, state: RunState) -> Told:
    """Return a sandbox as far as its flow has decided; nothing outside is touched."""
    steps = tuple(await reader.steps(state.run_id))
    recording = Recording(await reader.submitted(state.run_id), steps, state.cancellation)
    keeper = Keeper(world, Replay(state.run_id, recording))
    with contextlib.suppress(EndOfRecording, CourierError):
        await keeper.go()
    return Told(state, keeper.plan, keeper.live)


async def kept(world: World, reader: RunReader, name: str) -> Told | None:
    """Return a sandbox that is kept here, or None."""
    state = await keeper_of(reader, name)
    return None if state is None else await retell(world, reader, state)


async def sandbox(world: World, reader: RunReader, name: str) -> Mapping[str, Any]:
    """Return the account of one sandbox.

    Raises:
        NotFound: If it is neither kept here nor on record.
    """
    told = await kept(world, reader, name)
    if told is not None:
        return told.account
    return await on_record(world.state, name)


async def on_record(state: StateBranch, name: str) -> dict[str, Any]:
    """Return the account on the state branch.

    Raises:
        NotFound: If there is none.
        Misconfigured: If it is not JSON.
    """
    await state.refresh()
    path = path_of(name)
    content = (await state.read([path])).get(path)
    if content is None:
        raise NotFound(
            f"There is no sandbox {name}.",
            detail="It is neither kept here nor on record.",
            next_step="See `courier sandbox list`, and `courier plan` for what would be made.",
        )
    found = _read(content)
    if found is None:
        raise Misconfigured("The sandbox's record is not JSON.", detail=path)
    return found


async def sandboxes(world: World, reader: RunReader) -> Sequence[Mapping[str, Any]]:
    """Return every account, those that are there first, then the newest."""
    live = [state for state in await reader.list(live=True) if state.flow == FLOW]
    here = {told.plan.name: told.account for told in [await retell(world, reader, s) for s in live]}
    await world.state.refresh()
    contents = await world.state.read(await world.state.paths(FOLDER))
    read = (_read(content) for content in contents.values())
    kept_ones = [told for told in read if told is not None and told.get("sandbox") not in here]
    found: list[Mapping[str, Any]] = [*here.values(), *kept_ones]
    found.sort(key=lambda told: str(told.get("requestedAt")), reverse=True)
    return sorted(found, key=lambda told: told.get("state") not in LIVE)


@dataclass(frozen=True, slots=True)
class Turned:
    """The sandbox is in another state, or goes."""

    state: str
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A message's turn has come."""

    message: Message


@dataclass(frozen=True, slots=True)
class Spoke:
    """The agent said or did something; ``line`` is one line of its transcript."""

    line: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """A message was answered, or could not be."""

    message: Message


Moment: TypeAlias = Turned | Asked | Spoke | Answered
"""Something that happened in a sandbox."""


@dataclass(slots=True)
class Follower:
    """Tells what changed since the last look.

    Attributes:
        past: Whether answers from before the first look are told too.
    """

    world: World
    reader: RunReader
    run: str
    past: bool = False
    _state: tuple[str, str] = ("", "")
    _asked: set[str] = field(default_factory=set)
    _answered: set[str] = field(default_factory=set)
    _offsets: dict[str, int] = field(default_factory=dict)
    _looked: bool = False

    async def moments(self) -> AsyncIterator[tuple[Moment, ...]]:
        """Yield what happened, look by look, empty ones included, until it is gone."""
        while (state := await self.reader.status(self.run)) is not None:
            await self.world.transcripts.gather(self.run)
            told = await retell(self.world, self.reader, state)
            if not self._looked and not self.past:
                self._pass_over(told.live)
            self._looked = True
            yield tuple(self._changes(told.live))
            if state.phase.ended:
                return
            await self.world.clock.sleep(POLL_SECONDS)

    def _pass_over(self, live: LiveSandbox) -> None:
        for message in live.messages:
            if message.outcome is not None:
                self._asked.add(message.given.id)
                self._answered.add(message.given.id)

    def _changes(self, live: LiveSandbox) -> Sequence[Moment]:
        found: list[Moment] = []
        for message in live.messages:
            found += self._of_message(message)
        leaves = live.leaves
        state = (live.state, leaves.reason if leaves else "")
        if state != self._state:
            self._state = state
            found.append(Turned(*state, leaves.message if leaves else live.fault))
        return found

    def _of_message(self, message: Message) -> Sequence[Moment]:
        key, found = message.given.id, list[Moment]()
        if message.status == "queued" or key in self._answered:
            return found
        if key not in self._asked:
            self._asked.add(key)
            found.append(Asked(message))
        found += self._spoken(stream_of(message))
        if message.outcome is not None:
            self._answered.add(key)
            found.append(Answered(message))
        return found

    def _spoken(self, stream: str) -> Sequence[Spoke]:
        offset = self._offsets.get(stream, 0)
        content = self.world.transcripts.since(self.run, stream, offset=offset)
        self._offsets[stream] = offset + len(content)
        return [Spoke(json.loads(line)) for line in content.splitlines()]


def _read(content: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
