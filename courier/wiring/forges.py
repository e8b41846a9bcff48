"""Which class is which forge, and who courier is to it."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from courier.errors import CourierError
from courier.forges.github import (
    Address,
    App,
    Credential,
    GitHubForge,
    Limits,
    Token,
    Transport,
    address_of,
)
from courier.forges.local import KeyOf, LocalForge
from courier.planning.hosted import hosted
from courier.ports.clock import Clock
from courier.ports.forges import Forge
from courier.ports.secrets import Secrets
from courier.settings import Home, Settings
from courier.storage.credentials import Credentials
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch

log = logging.getLogger(__name__)

TOKEN: Final = "GITHUB_TOKEN"  # noqa: S105 - a name
APP_ID: Final = "GITHUB_APP_ID"
APP_KEY: Final = "GITHUB_APP_PRIVATE_KEY"
APP_TOKEN: Final = "GITHUB_APP_TOKEN"  # noqa: S105 - a name
APP_INSTALLATION: Final = "GITHUB_APP_INSTALLATION_ID"
RENEWAL_SECONDS: Final = 300.0
"""How often a token that git may need is looked at; those of Apps are renewed in time."""


class GitHubPlace:
    """One repository's place on GitHub, whether or not any project wants it.

    Args:
        home: The repository, and the folder for what may not be in any repository.
        settings: Where GitHub is, and which App courier is.
        secrets: Where the token or the App's key is.
        clock: Tells when tokens end.
        limits: What all repositories of this process keep to together.
    """

    def __init__(
        self, home: Home, settings: Settings, secrets: Secrets, clock: Clock, limits: Limits
    ) -> None:
        self._home = home
        self.transport: Transport | None = None
        found = hosted(home.remote)
        self._is_reached = False
        self._file = home.folder / "tokens" / str(os.getpid())
        if found is None:
            return
        address = address_of(home.remote, web=settings.github_url)
        self._is_reached = settings.has_github and address.is_reached_by(home.remote)
        credential = _credential(address, settings, secrets, clock)
        self.transport = Transport(address, credential, limits, clock)

    def credentials(self, environment: Mapping[str, str]) -> Credentials:
        """Return how git proves itself: with the token where it is for the remote's own host."""
        if not self._is_reached:
            return Credentials(kind="user", environment=environment)
        return Credentials(kind="token", environment=environment, token_file=self._file)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep a token where git looks for it, and nowhere any more at the end."""
        keeping = None
        if self._is_reached:
            await self._keep()
            keeping = asyncio.create_task(self._keep_on())
        try:
            yield
        finally:
            if keeping is not None:
                keeping.cancel()
                with suppress(asyncio.CancelledError):
                    await keeping
            self._file.unlink(missing_ok=True)
            if self.transport is not None:
                await self.transport.close()

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL_SECONDS)
            await self._keep()

    async def _keep(self) -> None:
        if self.transport is None:
            return
        try:
            token = await self.transport.token()
        except CourierError as fault:
            # git says so too, and what waits for it goes on once there is one.
            log.warning("git has no token for GitHub: %s", fault)
            return
        await asyncio.to_thread(_write, self._file, token)


def make_forges(
    mirror: Mirror, state: StateBranch, clock: Clock, github: GitHubPlace, *, key_of: KeyOf
) -> Mapping[str, Forge]:
    """Return every forge there is here by the name Projects give it; none is talked to yet."""
    local = LocalForge(repository=mirror, state=state, clock=clock, key_of=key_of)
    found: dict[str, Forge] = {"local": local}
    if github.transport is not None:
        found["github"] = GitHubForge(github.transport, mirror)
    return found


def _credential(address: Address, settings: Settings, secrets: Secrets, clock: Clock) -> Credential:
    if settings.github_app is None:
        return Token(lambda: secrets.resolve([TOKEN])[TOKEN])
    return App(
        settings.github_app,
        lambda: secrets.resolve([APP_KEY])[APP_KEY],
        owner=address.owner,
        name=address.name,
        clock=clock,
        installation=settings.github_installation or "",
        conceal=partial(secrets.conceal, APP_TOKEN),
    )


def _write(path: Path, token: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in path.parent.iterdir():
        if left.stem.isdigit() and not _is_alive(int(left.stem)):
            left.unlink(missing_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
    fresh.replace(path)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
