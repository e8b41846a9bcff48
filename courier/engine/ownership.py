"""Whether the run whose code is running here is still this process's to act for.

Where several workers share the runs, one that was cut off or stopped for a while may have lost a
run without knowing it. What it puts on record is refused anyway; before it acts outside, it asks.
"""

from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast

from courier.engine.journal.writer import Write
from courier.engine.world import World

T = TypeVar("T")


class Owner(Protocol):
    """The right of this process to act for one run, while it lasts."""

    async def check(self) -> None:
        """Return if the run is still ours.

        Raises:
            asyncio.CancelledError: If another worker has it.
        """
        ...

    def put(self, write: Write[None]) -> None:
        """Put something on record that nobody waits for, if the run is still ours then."""
        ...


_OWNER: ContextVar[Owner | None] = ContextVar("owner", default=None)

EFFECTS = frozenset(
    {
        # of a repository
        "push",
        "put_aside",
        "delete_branch",
        "merge",
        # of a forge
        "propose",
        "change",
        "comment",
        "merge_when_green",
        "close",
        # of a state branch
        "write",
        "keep_transcripts",
        # of checkpoints
        "add",
        # of a provider of sandboxes
        "create",
        "kill",
        "pause",
        # of a notifier
        "send",
    }
)
"""What ports do that a run may do only while it is ours."""


def own(owner: Owner) -> None:
    """From here on, in this task and those it starts, that is who acts."""
    _OWNER.set(owner)


def owner() -> Owner | None:
    """Return the right to act for the run whose code is running; None where nobody shares runs."""
    return _OWNER.get()


async def still_ours() -> None:
    """Return if the run is still ours, or nobody shares runs.

    Raises:
        asyncio.CancelledError: If another worker has it.
    """
    owned = _OWNER.get()
    if owned is not None:
        await owned.check()


def guarded(port: T) -> T:
    """Return the port; before each of its `EFFECTS` it asks whether the run is still ours."""
    return cast(T, _Guarded(port))


def guarded_world(world: World) -> World:
    """Return the world as a worker may touch it that shares runs with others."""
    return replace(
        world,
        sandboxes=guarded(world.sandboxes),
        repository=guarded(world.repository),
        state=guarded(world.state),
        forges={name: guarded(forge) for name, forge in world.forges.items()},
        checkpoints=guarded(world.checkpoints),
        notifier=guarded(world.notifier),
    )


class _Guarded:
    def __init__(self, port: object) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in EFFECTS:
            return found

        async def asking(*values: Any, **named: Any) -> Any:
            await still_ours()
            return await found(*values, **named)

        return asking
