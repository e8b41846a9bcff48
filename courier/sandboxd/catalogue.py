"""The control plane's routes about templates and snapshots, and clear words for what is missing."""

import os
from collections.abc import Sequence

from courier.sandboxd.access import require_key
from courier.sandboxd.builds import Build, Builds
from courier.sandboxd.exchange import Exchange, HttpError
from courier.sandboxd.records import timestamp
from courier.sandboxd.templates import BASE, Snapshot, Template, Templates

MISSING = {
    "volumes": "Volumes are not offered by this server; files live in a sandbox's home.",
    "secrets": "Secrets are not offered by this server; pass variables to processes instead.",
}
NO_FILES = (
    "Files cannot be copied into a template on this server; make them with commands, or let "
    "sandboxes see them with --expose."
)


class Catalogue:
    """Answers calls about what sandboxes can be made from."""

    def __init__(self, templates: Templates, builds: Builds, *, key: str) -> None:
        self._templates = templates
        self._builds = builds
        self._key = key

    async def answer(self, exchange: Exchange, parts: Sequence[str]) -> None:
        """Answer one call.

        Raises:
            HttpError: If it is refused.
        """
        require_key(exchange, self._key)
        if exchange.method == "POST":
            await self._build(exchange, parts)
            return
        await exchange.discard_body()
        match exchange.method, parts:
            case "GET", ["snapshots"]:
                await self._snapshots(exchange)
            case "GET", ["templates", *rest]:
                await self._read(exchange, rest)
            case "DELETE", ["templates", name]:
                await self._delete(exchange, name)
            case _, [missing, *_] if missing in MISSING:
                raise HttpError(501, MISSING[missing])
            case _:
                raise HttpError(404, f"No such route: {exchange.method} {exchange.path}")

    async def _read(self, exchange: Exchange, parts: Sequence[str]) -> None:
        match parts:
            case []:
                kept = [_listed(snapshot) for snapshot in self._templates.snapshots()]
                built = map(_template, (Template(BASE, (BASE,)), *self._templates.built()))
                await exchange.reply(200, [*built, *kept])
            case ["aliases", name]:
                source = self._templates.find(name)
                answer = {"templateID": source.template.id, "public": False}
                await exchange.reply(200, answer)
            case [template, "builds", build, "status"]:
                await self._status(exchange, self._builds.require(template, build))
            case [_, "files", _]:
                raise HttpError(501, NO_FILES)
            case _:
                raise HttpError(404, f"No such route: {exchange.method} {exchange.path}")

    async def _build(self, exchange: Exchange, parts: Sequence[str]) -> None:
        fields = await exchange.json()
        match parts:
            case ["v3" | "v2", "templates"] | ["templates"]:
                build = self._builds.request(fields)
                answer = {"templateID": build.template, "buildID": build.id, "public": False}
                names = {"names": [build.name], "aliases": [build.name], "tags": []}
                await exchange.reply(202, answer | names)
            case ["v2", "templates", template, "builds", build_id]:
                self._builds.start(template, build_id, fields)
                await exchange.reply(202)
            case [missing, *_] if missing in MISSING:
                raise HttpError(501, MISSING[missing])
            case _:
                raise HttpError(501, f"Not offered: {exchange.method} {exchange.path}")

    async def _status(self, exchange: Exchange, build: Build) -> None:
        offset = exchange.query.get("logsOffset") or "0"
        if not offset.isdigit():
            raise HttpError(400, "'logsOffset' must be a whole number.")
        await exchange.reply(200, build.to_json(int(offset)))

    async def _snapshots(self, exchange: Exchange) -> None:
        query = exchange.query
        found = [
            {"snapshotID": snapshot.id, "names": list(snapshot.names)}
            for snapshot in self._templates.snapshots()
            if query.get("sandboxID") in (None, "", snapshot.sandbox_id)
            and query.get("name") in (None, "", *snapshot.names)
        ]
        await exchange.reply(200, found)

    async def _delete(self, exchange: Exchange, name: str) -> None:
        if name == BASE:
            raise HttpError(403, "The template 'base' is this machine and cannot be deleted.")
        if not self._templates.delete(name):
            raise HttpError(404, f"template '{name}' not found")
        await exchange.reply(204)


def _listed(snapshot: Snapshot) -> dict[str, object]:
    return _template(Template(snapshot.id, snapshot.names, made_at=snapshot.made_at))


def _template(template: Template) -> dict[str, object]:
    return {
        "templateID": template.id,
        "buildID": template.build or template.id,
        "names": list(template.names),
        "aliases": list(template.names),
        "public": False,
        "buildStatus": "ready",
        "buildCount": 1,
        "spawnCount": 0,
        "cpuCount": template.cpus or os.cpu_count() or 1,
        "memoryMB": template.memory_mb,
        "diskSizeMB": 0,
        "createdAt": timestamp(template.made_at),
        "updatedAt": timestamp(template.made_at),
        "createdBy": None,
        "lastSpawnedAt": None,
        "envdVersion": "",
    }
