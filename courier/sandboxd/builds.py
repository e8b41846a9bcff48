"""Building templates: setup commands run in a sandbox of their own, its home is kept."""

import asyncio
import base64
import hashlib
import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from courier.sandboxd.agent.envelopes import Fault
from courier.sandboxd.cradle import Berth, Cradle, Newborn
from courier.sandboxd.exchange import HttpError
from courier.sandboxd.holders import await_death, strike
from courier.sandboxd.layout import Layout
from courier.sandboxd.line import AgentGone
from courier.sandboxd.records import timestamp
from courier.sandboxd.steps import Recipe, Step, read_recipe, require_name
from courier.sandboxd.templates import Template, Templates

BUILD_SECONDS = 3600
PAGE = 100
MOST_ENTRIES = 10_000
TAIL_CHARACTERS = 4000
REMEMBERED = 1000
IN_DIRECTORY = 'mkdir -p -- "$0" && cd -- "$0" || exit 1\n'
log = logging.getLogger(__name__)


class BuildFailed(Exception):
    """A step did not succeed; the text says which, and the end of what it printed."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


@dataclass(slots=True)
class Build:
    """One build: what is wanted, how far it is, and what its steps printed."""

    id: str
    template: str
    name: str
    cpus: int
    memory_mb: int
    status: Literal["waiting", "building", "ready", "error"] = "waiting"
    digest: str = ""
    entries: list[dict[str, str]] = field(default_factory=list)
    reason: dict[str, Any] | None = None
    task: asyncio.Task[None] | None = None

    def tell(self, text: str, *, level: str = "info") -> None:
        """Add lines to its log."""
        now = timestamp(time.time())
        for line in text.splitlines():
            if len(self.entries) < MOST_ENTRIES:
                self.entries.append({"timestamp": now, "level": level, "message": line})

    def to_json(self, offset: int) -> dict[str, Any]:
        """Return its status with a page of its log."""
        found = {
            "buildID": self.id,
            "templateID": self.template,
            "status": self.status,
            "logs": [],
            "logEntries": self.entries[offset : offset + PAGE],
        }
        return found | ({"reason": self.reason} if self.reason else {})


class Builds:
    """Every build of this server's life; a template outlives the build that made it."""

    def __init__(self, layout: Layout, cradle: Cradle, templates: Templates) -> None:
        self._layout = layout
        self._cradle = cradle
        self._templates = templates
        self._builds: dict[str, Build] = {}

    def request(self, fields: Mapping[str, Any]) -> Build:
        """Return the build of that name that goes on, or a new one.

        Raises:
            HttpError: 400 for a name that is none.
        """
        name = require_name(fields.get("name") or fields.get("alias"))
        for build in self._builds.values():
            if build.name == name and build.status in ("waiting", "building"):
                return build
        build = Build(
            id=_uuid(),
            template=secrets.token_hex(10),
            name=name,
            cpus=_whole(fields, "cpuCount"),
            memory_mb=_whole(fields, "memoryMB"),
        )
        while len(self._builds) >= REMEMBERED:
            del self._builds[next(iter(self._builds))]
        self._builds[build.id] = build
        return build

    def start(self, template: str, build_id: str, fields: Mapping[str, Any]) -> None:
        """Begin a build; asked for again while it goes on, the same is the same.

        Raises:
            HttpError: If it is unknown, or was begun with other steps.
        """
        build = self.require(template, build_id)
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
        if build.status != "waiting":
            if build.digest != digest:
                raise HttpError(409, f"Build {build_id} was begun with other steps.")
            return
        recipe = read_recipe(fields, self._templates)
        build.digest, build.status = digest, "building"
        build.task = asyncio.ensure_future(self._carry_out(build, recipe))

    def require(self, template: str, build_id: str) -> Build:
        """Return a build.

        Raises:
            HttpError: 404 if it is unknown, as after the server was started anew.
        """
        build = self._builds.get(build_id)
        if build is None or template not in (build.template, build.name):
            raise HttpError(404, f"Build {build_id} of template '{template}' not found.")
        return build

    @property
    def busy(self) -> bool:
        """Whether something is being built."""
        return any(build.status == "building" for build in self._builds.values())

    async def close(self) -> None:
        """Give up what is being built; nothing of it is kept."""
        tasks = [build.task for build in self._builds.values() if build.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry_out(self, build: Build, recipe: Recipe) -> None:
        try:
            await self._make(build, recipe)
            build.status = "ready"
        except BuildFailed as failed:
            build.reason = {"message": str(failed), "step": str(failed.step)}
        except (HttpError, AgentGone, Fault, OSError, TimeoutError) as problem:
            log.warning("template %s was not built: %r", build.name, problem)
            build.reason = {"message": f"The build broke off: {problem or type(problem).__name__}"}
        finally:
            if build.status == "building":
                build.status = "error"

    async def _make(self, build: Build, recipe: Recipe) -> None:
        template = Template(
            id=build.template,
            names=(build.name,),
            build=build.id,
            cpus=build.cpus,
            memory_mb=build.memory_mb,
            variables=recipe.variables,
            made_at=time.time(),
        )
        if not recipe.steps:
            home = recipe.source.home
            await asyncio.to_thread(self._templates.admit, template, taken=None, copied=home)
            return
        around = self._cradle.means.surroundings.building
        settings = {"variables": around, "seconds": BUILD_SECONDS, "freeze": False}
        born = await self._cradle.take(settings, Berth(home=recipe.source.home))
        try:
            async with asyncio.timeout(BUILD_SECONDS):
                for step in recipe.steps:
                    await _run(born, step, build, of=len(recipe.steps))
            strike(born.holder)
            await await_death(born.holder)
            home = self._layout.sandboxes / born.id / "home"
            await asyncio.to_thread(self._templates.admit, template, taken=home)
        finally:
            await asyncio.shield(self._cradle.bury(born.id, born.uid, born.holder))


async def _run(born: Newborn, step: Step, build: Build, *, of: int) -> None:
    build.tell(f"[{step.number}/{of}] {step.command}")
    script = (IN_DIRECTORY if step.cwd else "") + step.command
    process = {
        "cmd": "/bin/bash",
        "args": ["-l", "-c", script, step.cwd or "bash"],
        "envs": dict(step.variables),
    }
    tail = ""
    message = {"process": process, "stdin": False}
    async with await born.lines.open("process.Process/Start", message) as line:
        while True:
            event = (await line.message()).get("event") or {}
            for data in (event.get("data") or {}).values():
                text = base64.b64decode(data).decode(errors="replace")
                build.tell(text)
                tail = (tail + text)[-TAIL_CHARACTERS:]
            if "end" in event:
                break
    if event["end"].get("exitCode"):
        first, more, _ = step.command.partition("\n")
        shown = f"{first} …" if more else first
        said = f"Command {step.number} of {of} ended with {event['end']['status']}: {shown}"
        raise BuildFailed(f"{said}\n{tail.strip()}".strip(), step.number)


def _whole(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise HttpError(400, f"'{name}' must be a whole number, one or more.")
    return value


def _uuid() -> str:
    digits = secrets.token_hex(16)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
