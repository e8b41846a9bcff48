"""One git process: sanitised environment, time and output limits, typed failures."""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from courier.errors import Misconfigured, Unavailable
from courier.storage.failures import failure
from courier.storage.locks import Patience, again

_SETTINGS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "commit.gpgSign=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
    "init.defaultBranch=main",
    "core.quotePath=false",
    "core.filesRefLockTimeout=1000",
    "core.packedRefsTimeout=2000",
)
_GRACE: Final = 2.0
_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may use.

    Attributes:
        seconds: Wall-clock time, after which its process group is killed.
        output: Most bytes of stdout.
        may_cut: Whether more output is cut off; otherwise it is a failure.
        memory: Most bytes of address space, where the system can enforce it.
        cpu_seconds: Most CPU time, where the system can enforce it.
        file_bytes: Largest file it may write, where the system can enforce it.
    """

    seconds: float = 120
    output: int = 256 << 20
    may_cut: bool = False
    memory: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None


LOCAL: Final = Limits()
REMOTE: Final = Limits(seconds=600)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a git process ended: exit code, stdout, and stderr as text."""

    code: int
    out: bytes
    err: str
    was_cut: bool = False

    @property
    def text(self) -> str:
        """Return stdout as text without the newline at its end."""
        return self.out.decode(errors="replace").rstrip("\n")


@dataclass(frozen=True, slots=True)
class Git:
    """git in one repository.

    Attributes:
        folder: The git directory of a bare repository, or a working tree.
        environment: All the variables the processes get.
        settings: ``key=value`` settings besides the built-in ones.
        held: File descriptors children keep open, so a lock outlives a killed parent.
        patience: How commands wait for each other's locks; None where others have locks as well.
    """

    folder: Path
    environment: Mapping[str, str]
    settings: tuple[str, ...] = ()
    held: tuple[int, ...] = field(default=(), repr=False)
    patience: Patience | None = None

    def at(self, folder: Path, *settings: str) -> "Git":
        """Return the same git in another repository, with further ``key=value`` settings."""
        return replace(self, folder=folder, settings=(*self.settings, *settings), patience=None)

    def argv(self, args: Sequence[str]) -> list[str]:
        """Return the command line of a git subcommand."""
        flags = [part for setting in (*_SETTINGS, *self.settings) for part in ("-c", setting)]
        return ["git", "-C", str(self.folder), *flags, *args]

    async def start(self, args: Sequence[str]) -> asyncio.subprocess.Process:
        """Start a git process in a process group of its own, with pipes to it.

        Raises:
            Misconfigured: If there is no git on the search path.
        """
        try:
            return await asyncio.create_subprocess_exec(
                *self.argv(args),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(self.environment),
                cwd="/",
                start_new_session=True,
                pass_fds=self.held,
            )
        except FileNotFoundError as missing:
            raise Misconfigured(
                "git is not installed.", next_step="Install git 2.38 or newer."
            ) from missing

    async def run(
        self,
        *args: str,
        stdin: bytes = b"",
        accept: Sequence[int] = (0,),
        limits: Limits = LOCAL,
        env: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run a git subcommand to its end.

        Args:
            args: The subcommand and its arguments.
            stdin: Fed to it.
            accept: Exit codes that are answers, not failures.
            limits: What it may use.
            env: Variables besides its environment, e.g. a commit's dates.

        Raises:
            Unavailable: If it failed, ran over time or printed too much.
            Misconfigured: If it was not let in by the remote.
        """
        if env:
            git = replace(self, environment={**self.environment, **env})
            return await git.run(*args, stdin=stdin, accept=accept, limits=limits)
        answer = await self._once(args, stdin, limits)

        async def repeat() -> str:
            nonlocal answer
            answer = await self._once(args, stdin, limits)
            return answer.err if answer.code else ""

        if answer.code and self.patience is not None:
            await again(repeat, answer.err, self.patience)
        if answer.was_cut:
            if limits.may_cut:
                return answer
            raise Unavailable(f"git {args[0]} printed more than {limits.output} bytes.")
        if answer.code not in accept:
            raise failure(args[0], answer.err or f"It ended with exit code {answer.code}.")
        return answer

    async def _once(self, args: Sequence[str], stdin: bytes, limits: Limits) -> Answer:
        process = await self.start(args)
        _confine(process.pid, limits)
        try:
            async with asyncio.timeout(limits.seconds):
                return await _converse(process, stdin, limits)
        except TimeoutError as late:
            raise Unavailable(f"git {args[0]} did not end in {limits.seconds:g} s.") from late
        finally:
            await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """End what is left of a process and its group, and reap it; it may take its locks along."""
    for last_word in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, last_word)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await process.wait()
    await process.wait()
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()


async def _converse(process: asyncio.subprocess.Process, stdin: bytes, limits: Limits) -> Answer:
    assert process.stdout is not None  # noqa: S101 - all three are pipes
    assert process.stderr is not None  # noqa: S101 - as above
    feeding = asyncio.create_task(_feed(process, stdin))
    errors = asyncio.create_task(_take(process.stderr, 1 << 20))
    try:
        out, was_cut = await _take(process.stdout, limits.output, stop=True)
        if was_cut:
            return Answer(0, out, "", was_cut=True)
        err, _ = await errors
        await feeding
        return Answer(await process.wait(), out, err.decode(errors="replace"))
    finally:
        feeding.cancel()
        errors.cancel()


async def _feed(process: asyncio.subprocess.Process, stdin: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(stdin)
        await process.stdin.drain()
    process.stdin.close()


async def _take(
    stream: asyncio.StreamReader, most: int, *, stop: bool = False
) -> tuple[bytes, bool]:
    chunks = []
    size = 0
    while chunk := await stream.read(_CHUNK):
        if size < most:
            chunks.append(chunk[: most - size])
        size += len(chunk)
        if stop and size > most:
            break
    return b"".join(chunks), size > most


def _confine(pid: int, limits: Limits) -> None:
    prlimit = getattr(resource, "prlimit", None)
    if prlimit is None:
        return
    wanted = (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
    )
    for kind, most in wanted:
        if most is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                prlimit(pid, kind, (most, most))
