"""The records of a repository alone: for commands that only read them, and should be quick."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from courier.cli.here import Here
from courier.errors import Unavailable
from courier.settings import home_of
from courier.storage.credentials import Credentials
from courier.storage.index import Index
from courier.storage.mirror import Mirror
from courier.storage.shared import SharedMirror
from courier.storage.state import StateBranch


@dataclass(frozen=True, slots=True)
class Archive:
    """What is on record.

    Attributes:
        state: The state branch.
        index: The records in it, as far as they could be followed.
        is_behind: Whether the remote could not be asked, so that records may be missing.
    """

    state: StateBranch
    index: Index
    is_behind: bool


@asynccontextmanager
async def archive(here: Here) -> AsyncIterator[Archive]:
    """Open the records of the repository around the person."""
    settings = here.settings
    home = home_of(settings, await here.checkout.remote())
    mirror = (Mirror if settings.database_url is None else SharedMirror)(
        home.folder,
        remote=home.remote,
        clock=here.clock,
        credentials=Credentials(kind="user", environment=here.environment),
    )
    await mirror.open()
    state = StateBranch(mirror)
    index = Index(state, home.folder / "index", here.clock)
    try:
        yield Archive(state, index, await _is_behind(index))
    finally:
        index.close()
        await mirror.close()


async def _is_behind(index: Index) -> bool:
    try:
        await index.follow()
    except Unavailable:
        return True
    return False
