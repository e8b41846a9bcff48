"""What is on record of sandboxes for people, and which of them the engine keeps."""

from collections.abc import Iterable, Mapping

from courier.engine.inflight import RunState
from courier.engine.interactive.keeper import FLOW
from courier.engine.seam import RunReader
from courier.planning.observed.sandboxrecord import KeptSandbox, ObservedSandbox, read_sandbox
from courier.ports.state import StateBranch
from courier.runs.interactive.account import FOLDER
from courier.runs.interactive.frozen import name_of


class GuestBook:
    """Reads accounts again and again; of one that is over only whether it is still there."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._over: dict[str, ObservedSandbox] = {}

    async def look(self) -> Mapping[str, ObservedSandbox]:
        """Return every account by its sandbox's name; the branch must have been refreshed."""
        paths = await self._state.paths(FOLDER)
        known = {path: seen for path, seen in self._over.items() if path in set(paths)}
        contents = await self._state.read([path for path in paths if path not in known])
        fresh = {path: read_sandbox(_name(path), body) for path, body in contents.items()}
        over = {path: seen for path, seen in fresh.items() if seen.state in ("killed", "error")}
        self._over = known | over
        return {seen.name: seen for seen in (known | fresh).values()}


def kept_among(states: Iterable[RunState]) -> Mapping[str, KeptSandbox]:
    """Return those of the engine's live flows that keep a sandbox, by its name."""
    found = {}
    for state in states:
        name = name_of(state.run_id) if state.flow == FLOW else None
        if name is not None:
            found[name] = KeptSandbox(name, cancelling=state.cancellation is not None)
    return found


async def keeper_of(reader: RunReader, name: str) -> RunState | None:
    """Return the live flow that keeps a sandbox here; None if none does."""
    live = await reader.list(live=True)
    return next(
        (state for state in live if state.flow == FLOW and name_of(state.run_id) == name), None
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")
