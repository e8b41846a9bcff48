"""The sandboxes port on the `e2b` SDK: E2B's cloud, or any server that speaks its protocol."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from courier.errors import CourierError, Misconfigured, NotFound, SandboxGone, Unavailable
from courier.ports.clock import Clock
from courier.ports.sandboxes import SandboxInfo, SandboxSpec
from courier.sandboxes.faults import retyped
from courier.sandboxes.machine import Machine, with_path
from courier.sandboxes.templates import Templates, is_ours

if TYPE_CHECKING:
    from e2b import AsyncSandbox, AsyncTemplate, SandboxQuery
    from e2b import SandboxInfo as Listed
    from e2b.connection_config import ApiParams

MARK = "courier"
"""The metadata key that tells courier's sandboxes from others of the same account."""

_MOST_CONNECTIONS = "20000"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PAGE = 100


class E2BSandboxes:
    """Sandboxes of one E2B account or of one embedded server."""

    def __init__(
        self,
        *,
        api_key: str,
        clock: Clock,
        environ: MutableMapping[str, str],
        api_url: str | None = None,
        sandbox_url: str | None = None,
    ) -> None:
        """Keep the account's values; the SDK is imported at the first call.

        Args:
            api_key: The account's key, or the embedded server's.
            clock: For told delays and pauses between reconnects.
            environ: The process's environment, the only place where the SDK can be told the size
                of its connection pool and that loopback needs no proxy. Written once, before
                the SDK is imported.
            api_url: The control plane; None is E2B's cloud.
            sandbox_url: Where sandboxes answer; None is E2B's cloud.
        """
        self._clock = clock
        self._environ = environ
        self._urls = tuple(url for url in (api_url, sandbox_url) if url)
        self._options: ApiParams = {"api_key": api_key}
        if api_url is not None:
            self._options["api_url"] = api_url
        if sandbox_url is not None:
            self._options["sandbox_url"] = sandbox_url
        self._loaded: type[AsyncSandbox] | None = None
        self._templates = Templates(self._builder, clock=clock, guard=self._ours)

    async def prepare(self, spec: SandboxSpec) -> str:
        """Return the template that sandboxes like that are made from, built if it is not there."""
        return await self._templates.prepare(spec)

    async def create(self, spec: SandboxSpec) -> Machine:
        """Make a sandbox; its labels are findable before this returns."""
        template = await self._templates.prepare(spec)
        try:
            return await self._create(spec, template)
        except (NotFound, Misconfigured):
            if not is_ours(spec):
                raise
        # Its name is taken, yet nothing can be made from it: a build that failed, or it is gone.
        template = await self._templates.prepare(spec, anew=True)
        return await self._create(spec, template)

    async def _create(self, spec: SandboxSpec, template: str) -> Machine:
        sdk = await self._sdk()
        async with self._ours():
            try:
                link = await sdk.create(
                    template=template,
                    timeout=spec.timeout_seconds,
                    metadata={**spec.labels, MARK: "1"},
                    envs=with_path(spec.env),
                    allow_internet_access=spec.network,
                    lifecycle={"on_timeout": "pause"} if spec.on_timeout == "pause" else None,
                    **self._options,
                )
            except SandboxGone as absent:
                raise NotFound(absent.summary, detail=absent.detail) from absent
        return await self._machine(link)

    async def connect(self, sandbox_id: str, *, timeout_seconds: int) -> Machine:
        """Attach to a sandbox, waking it if paused, and let it live at least that long."""
        sdk = await self._sdk()
        async with self._ours():
            link = await sdk.connect(sandbox_id, timeout=timeout_seconds, **self._options)
        return await self._machine(link)

    async def find(self, labels: Mapping[str, str]) -> Sequence[SandboxInfo]:
        """Return every sandbox, running or paused, that carries all the labels, oldest first."""
        sdk = await self._sdk()
        query = _query({**labels, MARK: "1"})
        found: dict[str, SandboxInfo] = {}
        async with self._ours():
            pages = sdk.list(query=query, limit=_PAGE, **self._options)
            while pages.has_next:
                for listed in await pages.next_items():
                    found[listed.sandbox_id] = _info(listed)
        return sorted(found.values(), key=lambda info: (info.started_at, info.id))

    async def pause(self, sandbox_id: str) -> None:
        """Freeze it, memory included; does nothing if it is paused."""
        sdk = await self._sdk()
        async with self._ours():
            await sdk.pause(sandbox_id, **self._options)

    async def kill(self, sandbox_id: str) -> bool:
        """Destroy it with everything in it; return whether it existed."""
        sdk = await self._sdk()
        async with self._ours():
            return await sdk.kill(sandbox_id, **self._options)

    async def close(self) -> None:
        """Do nothing: the SDK's connection pool belongs to the process and ends with it."""

    async def _machine(self, link: "AsyncSandbox") -> Machine:
        machine = Machine(
            link, clock=self._clock, guard=partial(self._ours, sandbox_id=link.sandbox_id)
        )
        await machine.ask_home()
        return machine

    async def _builder(self) -> tuple["type[AsyncTemplate]", "ApiParams"]:
        await self._sdk()
        return _builder(), self._options

    async def _sdk(self) -> "type[AsyncSandbox]":
        if self._loaded is None:
            self._environ.setdefault("E2B_MAX_CONNECTIONS", _MOST_CONNECTIONS)
            if any(urlsplit(url).hostname in _LOOPBACK for url in self._urls):
                _bypass_proxy(self._environ)
            self._loaded = await asyncio.to_thread(_load)
        return self._loaded

    @asynccontextmanager
    async def _ours(self, sandbox_id: str | None = None) -> AsyncIterator[None]:
        before = _cancellations()
        try:
            yield
            if _cancellations() > before:
                raise asyncio.CancelledError
        except Exception as error:
            if _cancellations() > before:
                # Below the SDK, being cancelled is a fault of the link like any other.
                raise asyncio.CancelledError from error
            fault = retyped(error, now=self._clock.now())
            if fault is None:
                raise
            if sandbox_id is not None and type(fault) is Unavailable:
                fault = await self._told_apart(sandbox_id, fault)
            raise fault from error

    async def _told_apart(self, sandbox_id: str, fault: Unavailable) -> CourierError:
        """Return what stands behind a cut link: gone, paused, or just out of reach."""
        sdk = await self._sdk()
        try:
            async with self._ours():
                info = await sdk.get_info(sandbox_id, **self._options)
        except SandboxGone as gone:
            return gone
        except CourierError:
            return fault
        if str(info.state.value) == "paused":
            return Unavailable("The sandbox is paused.", detail=fault.detail)
        return fault


def _load() -> "type[AsyncSandbox]":
    from e2b import AsyncSandbox

    logging.getLogger("asyncio").addFilter(_is_of_somebody)
    return AsyncSandbox


def _is_of_somebody(record: logging.LogRecord) -> bool:
    """Return whether a task's error is anybody's: a call that is cancelled leaves one behind."""
    error = record.exc_info[1] if record.exc_info else None
    if type(error).__name__ != "ConnectError" or error is None:
        return True
    return not isinstance(error.__cause__, asyncio.CancelledError)


def _builder() -> "type[AsyncTemplate]":
    from e2b import AsyncTemplate

    return AsyncTemplate


def _query(metadata: dict[str, str]) -> "SandboxQuery":
    from e2b import SandboxQuery

    return SandboxQuery(metadata=metadata)


def _cancellations() -> int:
    """Return how often the task at work was asked to stop and has not heeded it."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _info(listed: "Listed") -> SandboxInfo:
    return SandboxInfo(
        id=listed.sandbox_id,
        state=str(listed.state.value),
        started_at=listed.started_at,
        ends_at=listed.end_at,
        labels={key: value for key, value in listed.metadata.items() if key != MARK},
    )


def _bypass_proxy(environ: MutableMapping[str, str]) -> None:
    bypassed = [environ.get("NO_PROXY") or environ.get("no_proxy") or "", *_LOOPBACK]
    environ["NO_PROXY"] = ",".join(filter(None, bypassed))
