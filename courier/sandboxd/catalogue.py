"""The control plane's routes about templates and snapshots, and clear words for what is missing."""

from collections.abc import Sequence

from courier.sandboxd.access import require_key
from courier.sandboxd.exchange import Exchange, HttpError
from courier.sandboxd.records import timestamp
from courier.sandboxd.templates import BASE, Snapshot, Templates

MISSING = {
    "volumes": "Volumes are not offered by this server; files live in a sandbox's home.",
    "secrets": "Secrets are not offered by this server; pass variables to processes instead.",
}
NO_BUILDS = (
    "Templates cannot be built on this server: a sandbox sees this machine's own tools. "
    "Show it more with --expose, or keep a prepared home directory as a snapshot."
)


class Catalogue:
    """Answers calls about what sandboxes can be made from."""

    def __init__(self, templates: Templates, *, key: str) -> None:
        self._templates = templates
        self._key = key

    async def answer(self, exchange: Exchange, parts: Sequence[str]) -> None:
        """Answer one call.

        Raises:
            HttpError: If it is refused.
        """
        require_key(exchange, self._key)
        await exchange.discard_body()
        match exchange.method, parts:
            case "GET", ["snapshots"]:
                await self._snapshots(exchange)
            case "GET", ["templates"]:
                found = [_template(BASE, (BASE,), 0.0), *map(_listed, self._templates.snapshots())]
                await exchange.reply(200, found)
            case "GET", ["templates", "aliases", name]:
                template, _, _ = self._templates.find(name)
                await exchange.reply(200, {"templateID": template, "public": False})
            case "DELETE", ["templates", name]:
                await self._delete(exchange, name)
            case _, [missing, *_] if missing in MISSING:
                raise HttpError(501, MISSING[missing])
            case "POST", _:
                raise HttpError(501, NO_BUILDS)
            case _:
                raise HttpError(404, f"No such route: {exchange.method} {exchange.path}")

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
    return _template(snapshot.id, snapshot.names, snapshot.made_at)


def _template(template: str, names: Sequence[str], made_at: float) -> dict[str, object]:
    return {
        "templateID": template,
        "buildID": template,
        "names": list(names),
        "aliases": list(names),
        "public": False,
        "buildStatus": "ready",
        "buildCount": 1,
        "spawnCount": 0,
        "cpuCount": 1,
        "memoryMB": 0,
        "diskSizeMB": 0,
        "createdAt": timestamp(made_at),
        "updatedAt": timestamp(made_at),
        "createdBy": None,
        "lastSpawnedAt": None,
        "envdVersion": "",
    }
