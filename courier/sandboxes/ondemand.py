"""A provider that is reached only when it is needed, and again when it went away."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from courier.errors import RateLimited, Unavailable
from courier.ports.sandboxes import Sandbox, Sandboxes, SandboxInfo, SandboxSpec

T = TypeVar("T")


class OnDemandSandboxes:
    """Makes the real provider at the first call, and anew after it was out of reach.

    Args:
        make: Starts or finds the provider, e.g. the embedded server; safe to repeat.
        turn: Awaited before each sandbox is made, where a provider limits how fast that may be.
    """

    def __init__(
        self,
        make: Callable[[], Awaitable[Sandboxes]],
        *,
        turn: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._make = make
        self._turn = turn
        self._made: Sandboxes | None = None
        self._making = asyncio.Lock()

    async def create(self, spec: SandboxSpec) -> Sandbox:
        """Make a sandbox."""
        if self._turn is not None:
            await self._turn()
        return await self._ask(lambda provider: provider.create(spec))

    async def prepare(self, spec: SandboxSpec) -> str:
        """Return the template that sandboxes like that are made from."""
        return await self._ask(lambda provider: provider.prepare(spec))

    async def connect(self, sandbox_id: str, *, timeout_seconds: int) -> Sandbox:
        """Attach to a sandbox."""
        return await self._ask(
            lambda provider: provider.connect(sandbox_id, timeout_seconds=timeout_seconds)
        )

    async def find(self, labels: Mapping[str, str]) -> Sequence[SandboxInfo]:
        """Return every sandbox that carries the labels."""
        return await self._ask(lambda provider: provider.find(labels))

    async def pause(self, sandbox_id: str) -> None:
        """Freeze a sandbox."""
        await self._ask(lambda provider: provider.pause(sandbox_id))

    async def kill(self, sandbox_id: str) -> bool:
        """Destroy a sandbox."""
        return await self._ask(lambda provider: provider.kill(sandbox_id))

    async def close(self) -> None:
        """Release the connections, if any were made."""
        made, self._made = self._made, None
        if made is not None:
            await made.close()

    async def _ask(self, question: Callable[[Sandboxes], Awaitable[T]]) -> T:
        provider = await self._provider()
        try:
            return await question(provider)
        except RateLimited:
            raise
        except Unavailable:
            # Whoever asks again gets a provider that was found, or started, again.
            if self._made is provider:
                await self.close()
            raise

    async def _provider(self) -> Sandboxes:
        async with self._making:
            if self._made is None:
                self._made = await self._make()
            return self._made
