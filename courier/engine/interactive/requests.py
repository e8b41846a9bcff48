"""What people ask of sandboxes by command, on record with who and when."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Literal

from pydantic import ValidationError

from courier.engine.inflight import Json
from courier.engine.interactive.guestbook import keeper_of
from courier.engine.seam import RunClient
from courier.errors import Conflict, NotFound
from courier.ports.state import StateBranch, WriteFile
from courier.resources.model import Model
from courier.runs.interactive.frozen import WORD, GivenMessage, Word
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)

FOLDER = "requests"
"""Where requests are on the state branch."""


class SandboxRequest(Model):
    """One thing somebody asked of a sandbox."""

    action: Literal["send", "pause", "resume", "kill", "delete", "restore"]
    sandbox: str
    by: str
    """Who, as git writes people."""
    at: datetime
    content: str = ""
    """What to say, or why."""

    @property
    def id(self) -> str:
        """Return an id made from what it says, e.g. ``20261121t140305z-send-1f2e3d4c``."""
        told = [self.action, self.sandbox, self.by, self.at.isoformat(), self.content]
        digest = sha256(json.dumps(told).encode()).hexdigest()[:8]
        return f"{self.at:%Y%m%dt%H%M%Sz}-{self.action}-{digest}"

    @property
    def word(self) -> Word | None:
        """Return what the sandbox is told; None for what is done without its keeper."""
        if self.action == "send":
            given = GivenMessage(id=self.id, content=self.content, by=self.by)
            return Word(do="send", id=self.id, message=given, by=self.by)
        if self.action in ("pause", "resume"):
            return Word(do="pause" if self.action == "pause" else "resume", id=self.id, by=self.by)
        return None

    @property
    def file(self) -> WriteFile:
        """Return the file that keeps it."""
        told = self.model_dump(mode="json", by_alias=True)
        return WriteFile(f"{FOLDER}/{self.id}.json", to_json(told))


async def ask(request: SandboxRequest, *, state: StateBranch, client: RunClient) -> bool:
    """Put a request on record and pass it on; return whether the sandbox is kept here.

    One that is kept on another machine is told when that machine reads the request.
    """
    await state.write([request.file], message=f"{request.action}: sandbox {request.sandbox}")
    keeper = await keeper_of(client, request.sandbox)
    if keeper is None:
        return False
    try:
        if request.action == "kill":
            await client.cancel(keeper.run_id, by=request.by, reason=request.content)
        elif (word := request.word) is not None:
            told: Json = json.loads(word.model_dump_json(by_alias=True))
            await client.send(keeper.run_id, WORD, told)
    except (NotFound, Conflict):
        return False
    return True


class SandboxRequests:
    """The requests on record; each is read once."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._read: set[str] = set()
        self._found: dict[str, list[SandboxRequest]] = {}

    async def of(self, name: str) -> Sequence[SandboxRequest]:
        """Return what was asked of a sandbox, the first first."""
        paths = [path for path in await self._state.paths(FOLDER) if path not in self._read]
        for path, content in sorted((await self._state.read(paths)).items()):
            request = _parsed(path, content)
            if request is not None:
                self._found.setdefault(request.sandbox, []).append(request)
        self._read.update(paths)
        return sorted(self._found.get(name, ()), key=lambda request: request.at)


def _parsed(path: str, content: bytes) -> SandboxRequest | None:
    try:
        told = json.loads(content)
    except ValueError:
        return None
    if not isinstance(told, dict) or "sandbox" not in told:
        return None
    try:
        return SandboxRequest.model_validate_json(content)
    except ValidationError as error:
        log.warning("%s on the state branch cannot be read: %s", path, error)
        return None
