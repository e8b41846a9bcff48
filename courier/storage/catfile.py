"""Reading objects through one long-lived ``git cat-file`` process."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from courier.errors import NotFound, Unavailable
from courier.storage.git import Git, end


@dataclass(frozen=True, slots=True)
class Found:
    """One object: id, kind (blob, tree, commit, tag), size in bytes, and content if asked for."""

    id: str
    kind: str
    size: int
    content: bytes = b""


class ObjectReader:
    """Answers batches of questions about objects; starts its process when first asked."""

    def __init__(self, git: Git, *, seconds: float = 120) -> None:
        self._git = git
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def measure(self, names: Sequence[str]) -> list[Found | None]:
        """Return each object without its content; None where there is none."""
        return await self._ask("info", names)

    async def read(self, names: Sequence[str]) -> list[Found | None]:
        """Return each object with its content; None where there is none.

        A name is an object id, or ``<tree-ish>:<path>``.
        """
        return await self._ask("contents", names)

    async def content(self, name: str, *, kind: str) -> bytes:
        """Return one object's content.

        Raises:
            NotFound: If there is no such object of that kind.
        """
        found = (await self.read([name]))[0]
        if found is None or found.kind != kind:
            raise NotFound(f"The mirror holds no such {kind}.", detail=name[:200])
        return found.content

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if self._drain is not None:
            self._drain.cancel()
            self._drain = None
        if process is not None:
            await end(process)

    async def _ask(self, verb: str, names: Sequence[str]) -> list[Found | None]:
        if not names:
            return []
        if any("\n" in name for name in names):
            raise NotFound("An object's name cannot hold a newline.")
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._converse(verb, names)
            except (OSError, EOFError, TimeoutError) as broken:
                await self.close()
                raise Unavailable("git cat-file stopped answering.") from broken
            except BaseException:
                # Answers still in the pipe would be taken for those of the next question.
                await self.close()
                raise

    async def _converse(self, verb: str, names: Sequence[str]) -> list[Found | None]:
        process = await self._started()
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        asking = asyncio.create_task(_write(process.stdin, verb, names))
        try:
            found = [await _answer(process.stdout, verb) for _ in names]
            await asking
        finally:
            asking.cancel()
        return found

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            await self.close()
            self._process = await self._git.start(["cat-file", "--batch-command"])
            assert self._process.stderr is not None  # noqa: S101 - it is a pipe
            self._drain = asyncio.create_task(_discard(self._process.stderr))
        return self._process


async def _write(stdin: asyncio.StreamWriter, verb: str, names: Sequence[str]) -> None:
    for start in range(0, len(names), 1000):
        lines = "".join(f"{verb} {name}\n" for name in names[start : start + 1000])
        stdin.write(lines.encode("utf-8", "surrogateescape"))
        await stdin.drain()


async def _answer(stdout: asyncio.StreamReader, verb: str) -> Found | None:
    line = await stdout.readuntil(b"\n")
    words = line.split()
    if words[-1] in (b"missing", b"ambiguous") or len(words) != 3:
        return None
    size = int(words[2])
    content = b""
    if verb == "contents":
        content = await stdout.readexactly(size)
        await stdout.readexactly(1)
    return Found(words[0].decode(), words[1].decode(), size, content)


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass
