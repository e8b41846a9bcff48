"""One live sandbox, through the SDK."""

import shlex
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import TYPE_CHECKING

from courier.errors import NotFound, RateLimited, Unavailable
from courier.ports.clock import Clock
from courier.ports.sandboxes import Completed, TerminalSize
from courier.sandboxes.faults import completed
from courier.sandboxes.tail import Tail
from courier.sandboxes.terminal import LinkedTerminal

if TYPE_CHECKING:
    from e2b import AsyncSandbox
    from e2b.sandbox.filesystem.filesystem import WriteEntry

Guard = Callable[[], AbstractAsyncContextManager[None]]
"""Re-types whatever the SDK raises inside it."""

_TRANSFER_SECONDS = 600.0
_RECONNECTS = 1
_PATH = "COURIER_PATH"
_RESTORE_PATH = f'[ -z "${{{_PATH}-}}" ] || PATH=${_PATH}; unset {_PATH}; '


def with_path(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables, PATH once more under a name that login shells do not reset."""
    return {**env, _PATH: env["PATH"]} if "PATH" in env else dict(env)


class Machine:
    """One live sandbox."""

    def __init__(self, link: "AsyncSandbox", *, clock: Clock, guard: Guard) -> None:
        self._link = link
        self._clock = clock
        self._guard = guard
        self._home = ""

    @property
    def id(self) -> str:
        """The provider's id."""
        return self._link.sandbox_id

    @property
    def home(self) -> str:
        """The absolute path of the user's home directory inside."""
        return self._home

    async def ask_home(self) -> None:
        """Learn the home directory; done once, before anybody else gets the sandbox."""
        try:
            async with self._guard():
                self._home = (await self._link.files.get_info("~")).path
        except NotFound:
            told = await self.run(["sh", "-c", 'printf %s "$HOME"'])
            self._home = told.stdout
        if not self._home.startswith("/"):
            raise Unavailable("The sandbox did not tell its home directory.", detail=self._home)

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_seconds: float = 60,
    ) -> Completed:
        """Run a command to its end and return what it printed."""
        async with self._guard():
            try:
                ended = await self._link.commands.run(
                    f"{_RESTORE_PATH}exec {shlex.join(argv)}",
                    envs=with_path(env or {}),
                    cwd=cwd,
                    timeout=timeout_seconds,
                )
            except Exception as error:
                exited = completed(error)
                if exited is None:
                    raise
                return exited
        return Completed(ended.exit_code, ended.stdout, ended.stderr)

    async def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        async with self._guard():
            content = await self._link.files.read(
                path, format="bytes", request_timeout=_TRANSFER_SECONDS
            )
        return bytes(content)

    async def write(self, files: Mapping[str, bytes]) -> None:
        """Write files by absolute path, making their directories; replaces what is there."""
        entries: list[WriteEntry] = [
            {"path": path, "data": content} for path, content in files.items()
        ]
        async with self._guard():
            # Multipart would mangle unusual file names.
            await self._link.files.write_files(
                entries, use_octet_stream=True, request_timeout=_TRANSFER_SECONDS
            )

    async def follow(
        self, path: str, *, skip_lines: int, pid: int | None
    ) -> AsyncGenerator[str, None]:
        """Yield the lines of a growing file, after the first ``skip_lines``, without newlines."""
        done = skip_lines
        failures = 0
        while True:
            source = Tail(self._link, path, pid=pid)
            try:
                async with self._guard(), aclosing(source.lines(skip=done)) as lines:
                    async for line in lines:
                        done += 1
                        failures = 0
                        yield line
                if source.ended:
                    return
            except RateLimited:
                raise
            except Unavailable:
                failures += 1
                if failures > _RECONNECTS:
                    raise
                await self._clock.sleep(0.1 * 2**failures)

    async def extend(self, timeout_seconds: int) -> None:
        """Let the sandbox live that long from now."""
        async with self._guard():
            await self._link.set_timeout(timeout_seconds)

    async def terminal(
        self, size: TerminalSize, *, cwd: str, env: Mapping[str, str] | None = None
    ) -> LinkedTerminal:
        """Start a login shell on a terminal."""
        opened = LinkedTerminal(self._link, guard=self._guard)
        await opened.open(size, cwd=cwd, env=with_path(env or {}))
        return opened

    def address(self, port: int) -> str:
        """Return the URL where HTTP requests to a port inside arrive."""
        host = self._link.get_host(port)
        name = host.partition(":")[0]
        scheme = "http" if name == "localhost" or name.endswith(".localhost") else "https"
        return f"{scheme}://{host}"
