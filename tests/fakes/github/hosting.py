"""One repository on the fake GitHub, and how courier gets to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from courier.forges.github import GitHubForge, Limits, Token, Transport, address_of
from courier.ports.clock import Clock
from courier.ports.repository import Repository
from courier.storage.credentials import Credentials
from tests.fakes.github.hub import TOKEN, Hub
from tests.fakes.github.models import Repo
from tests.fakes.github.wire import serving


@dataclass(frozen=True)
class Hosting:
    hub: Hub
    repo: Repo

    @property
    def remote(self) -> str:
        return self.hub.remote(self.repo)

    def credentials(self, folder: Path) -> Credentials:
        """Return what git proves itself with, as courier itself has it."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "token"
        file.write_text(TOKEN)
        file.chmod(0o600)
        return Credentials(kind="token", token_file=file)

    def transport(self, clock: Clock, limits: Limits | None = None) -> Transport:
        address = address_of(self.remote)
        return Transport(address, Token(lambda: TOKEN), limits or Limits(), clock)

    def forge(self, repository: Repository, clock: Clock) -> GitHubForge:
        return GitHubForge(self.transport(clock), repository, window=0)


@contextmanager
def hosting(folder: Path, origin: Path) -> Iterator[Hosting]:
    """Serve a fake GitHub that has a bare repository as ``acme/demo``."""
    with serving(Hub(folder)) as hub:
        yield Hosting(hub, hub.add("acme", "demo", origin))
