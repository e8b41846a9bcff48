"""Where a command was started: folder, environment, and the repository around it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, MutableMapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from courier.cli.console import Console

if TYPE_CHECKING:
    from courier.ports.clock import Clock
    from courier.settings import Settings
    from courier.storage.checkout import Checkout
    from courier.wiring import Commons, Home, Wiring

T = TypeVar("T")


class Here:
    """What commands know of their surroundings; everything is looked up when first asked for.

    Args:
        environment: The variables of the process.
        cwd: The folder the person is in.
    """

    def __init__(self, environment: MutableMapping[str, str], cwd: str) -> None:
        self.environment = environment
        self.console = Console(environment)
        self.cwd = Path(cwd).absolute()

    def go_to(self, folder: str) -> None:
        """Be in another folder.

        Raises:
            Misused: If it does not exist.
        """
        self.cwd = self.path(folder)
        if not self.cwd.is_dir():
            from courier.errors import Misused

            raise Misused("This is not a folder.", detail=str(self.cwd))

    def path(self, name: str | Path) -> Path:
        """Return a path as the person means it."""
        return self.cwd / Path(name).expanduser()

    def bytes_of(self, name: str, *, what: str = "file") -> bytes:
        """Return what a file holds, or with ``-`` what is piped in.

        Args:
            name: The file, as the person means it.
            what: What the person calls it.

        Raises:
            NotFound: If it cannot be read.
        """
        if name == "-":
            return sys.stdin.buffer.read()
        path = self.path(name)
        try:
            return path.read_bytes()
        except OSError as missing:
            from courier.errors import NotFound

            told = f"{path}: {missing.strerror or missing}."
            raise NotFound(f"The {what} cannot be read.", detail=told) from missing

    def text_of(self, name: str, *, what: str = "file") -> str:
        """Return a file's text as `bytes_of` finds it; what is no UTF-8 is replaced."""
        return self.bytes_of(name, what=what).decode("utf-8", "replace")

    def write(self, name: str | Path, text: str) -> None:
        """Write a file, and the folders it is in.

        Raises:
            Misused: If that cannot be.
        """
        path = self.path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError as refused:
            from courier.errors import Misused

            told = f"{path}: {refused.strerror or refused}."
            raise Misused("The file cannot be written.", detail=told) from refused

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run asynchronous work to its end."""
        return asyncio.run(work)

    @cached_property
    def settings(self) -> "Settings":
        """Return the settings the environment asks for."""
        from courier.settings import read_settings

        return read_settings(self.environment)

    @cached_property
    def clock(self) -> "Clock":
        """Return the clock ages are told by."""
        from courier.system import SystemClock

        return SystemClock()

    @cached_property
    def commons(self) -> "Commons":
        """Return what all repositories that are opened from here share."""
        from courier.wiring import Commons

        return Commons.of(self.environment)

    @cached_property
    def checkout(self) -> "Checkout":
        """Return the working tree around the person.

        Raises:
            NotFound: If there is none.
        """
        from courier.storage.checkout import Checkout, find_root

        return Checkout(find_root(self.cwd), self.environment)

    async def home(self) -> "Home":
        """Return the state folder of the repository around the person."""
        from courier.wiring import home_of

        return home_of(self.settings, await self.checkout.remote())

    @asynccontextmanager
    async def elsewhere(self, remote: str) -> AsyncIterator["Wiring"]:
        """Open courier on another repository.

        Args:
            remote: Where it is, for git; a folder as the person means it.
        """
        from courier.wiring import Wiring, home_of

        is_folder = ":" not in remote.partition("/")[0]
        address = str(self.path(remote).resolve()) if is_folder else remote
        wiring = Wiring(
            self.settings, home_of(self.settings, address), self.environment, commons=self.commons
        )
        async with wiring.opened():
            yield wiring

    @asynccontextmanager
    async def wired(self) -> AsyncIterator["Wiring"]:
        """Open courier on the repository around the person."""
        from courier.wiring import Wiring

        wiring = Wiring(self.settings, await self.home(), self.environment, commons=self.commons)
        async with wiring.opened():
            yield wiring
