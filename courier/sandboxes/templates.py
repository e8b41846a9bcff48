"""Templates by the SDK: built once for equal recipes, found by a name made of their digest."""

import asyncio
import json
import re
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from typing import TYPE_CHECKING

from courier.errors import Misconfigured, NotFound, Unavailable
from courier.ports.clock import Clock
from courier.ports.sandboxes import Recipe, SandboxSpec

if TYPE_CHECKING:
    from e2b import AsyncTemplate, BuildInfo
    from e2b.connection_config import ApiParams
    from e2b.template.main import TemplateBuilder
    from e2b.template.types import TemplateBuildStatusResponse

Builder = Callable[[], Awaitable[tuple["type[AsyncTemplate]", "ApiParams"]]]
"""The SDK's template class, loaded when it is first needed, and the account's options."""

Guard = Callable[[], AbstractAsyncContextManager[None]]
"""Re-types whatever the SDK raises inside it."""

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 3600.0
_TAIL_LINES = 40
_COPIES = re.compile(r"^\s*(COPY|ADD)\b", re.IGNORECASE | re.MULTILINE)


class Templates:
    """The templates of one account or server, as far as they were asked for."""

    def __init__(self, builder: Builder, *, clock: Clock, guard: Guard) -> None:
        self._builder = builder
        self._clock = clock
        self._guard = guard
        self._asked: dict[str, asyncio.Task[None]] = {}

    async def prepare(self, spec: SandboxSpec, *, anew: bool = False) -> str:
        """Return the template's name; it is there, or was built, when this returns.

        Args:
            spec: What sandboxes are to be made.
            anew: Build it whatever its name says: no sandbox could be made from it.
        """
        if not is_ours(spec):
            return spec.template
        name = name_of(spec)
        held = self._asked.get(name)
        if held is None or (held.done() and (anew or _failed(held))):
            held = self._asked[name] = asyncio.ensure_future(self._ensure(name, spec, anew=anew))
        # Whoever asks may be cancelled; the others still wait for it.
        await asyncio.shield(held)
        return name

    async def _ensure(self, name: str, spec: SandboxSpec, *, anew: bool) -> None:
        sdk, options = await self._builder()
        template = _described(sdk, spec)
        try:
            async with self._guard():
                if not anew and await sdk.exists(name, **options):
                    return
                build = await sdk.build_in_background(
                    template, name, cpu_count=spec.cpu, memory_mb=spec.memory_mb, **options
                )
        except (Misconfigured, NotFound) as refused:
            raise type(refused)(
                _unprepared(spec), detail=refused.detail, next_step=refused.next_step
            ) from refused
        await self._wait(build, spec, sdk, options)

    async def _wait(
        self,
        build: "BuildInfo",
        spec: SandboxSpec,
        sdk: "type[AsyncTemplate]",
        options: "ApiParams",
    ) -> None:
        lines: list[str] = []
        offset, began = 0, self._clock.monotonic()
        while self._clock.monotonic() - began < _PATIENCE_SECONDS:
            async with self._guard():
                told = await sdk.get_build_status(build, offset, **options)
            offset += len(told.log_entries)
            lines = [*lines, *(entry.message for entry in told.log_entries)][-_TAIL_LINES:]
            match told.status.value:
                case "ready":
                    return
                case "error":
                    raise _failure(spec, told, lines)
            await self._clock.sleep(_POLL_SECONDS)
        raise Unavailable("A template was not built in an hour.", detail=_called(spec))


def is_ours(spec: SandboxSpec) -> bool:
    """Return whether such sandboxes need a template that is built for them."""
    return spec.recipe is not None or spec.cpu is not None or spec.memory_mb is not None


def name_of(spec: SandboxSpec) -> str:
    """Return the name of the template for such sandboxes: equal for equal wishes only."""
    recipe = spec.recipe or Recipe(name=spec.template)
    wish = {
        "version": 1,
        "from": spec.template,
        "dockerfile": recipe.dockerfile,
        "commands": recipe.commands,
        "cpu": spec.cpu,
        "memoryMB": spec.memory_mb,
    }
    digest = sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()
    spoken = re.sub(r"[^a-z0-9]+", "-", recipe.name.lower()).strip("-")[:40]
    return f"courier-{spoken or 'template'}-{digest[:16]}"


def _described(sdk: "type[AsyncTemplate]", spec: SandboxSpec) -> "TemplateBuilder":
    recipe = spec.recipe or Recipe()
    if not recipe.dockerfile:
        template = sdk().from_template(spec.template)
    else:
        if _COPIES.search(recipe.dockerfile):
            raise Misconfigured(
                f"The Dockerfile of {_called(spec)} copies files, which is not supported.",
                next_step="The repository is in every sandbox; use RUN, or `setup`.",
            )
        template = _parsed(sdk, spec, recipe.dockerfile)
    for command in recipe.commands:
        template = template.run_cmd(command)
    return template


def _parsed(sdk: "type[AsyncTemplate]", spec: SandboxSpec, text: str) -> "TemplateBuilder":
    try:
        with tempfile.TemporaryDirectory() as nothing:
            return sdk(file_context_path=nothing).from_dockerfile(text)
    except ValueError as error:
        said = f"The Dockerfile of {_called(spec)} cannot be read."
        raise Misconfigured(said, detail=str(error)) from error


def _failed(held: asyncio.Task[None]) -> bool:
    return held.cancelled() or held.exception() is not None


def _failure(
    spec: SandboxSpec, told: "TemplateBuildStatusResponse", lines: list[str]
) -> Misconfigured:
    reason = told.reason.message if told.reason is not None else "The build failed."
    # A reason of more lines than one holds what was printed.
    printed = lines if "\n" not in reason.strip() else []
    return Misconfigured(
        _unprepared(spec),
        detail="\n".join((reason.strip(), *printed)),
        next_step="Correct its `setup` or `agents`; a run that ended by it needs a new name.",
    )


def _unprepared(spec: SandboxSpec) -> str:
    return f"{_called(spec)} could not be prepared."


def _called(spec: SandboxSpec) -> str:
    recipe = spec.recipe or Recipe(name=spec.template)
    place = f" ({recipe.place})" if recipe.place else ""
    return f"Template/{recipe.name}{place}"
