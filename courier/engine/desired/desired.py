"""Desired state: the catalog of one commit, and the last good one while a newer has errors."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from courier.diagnostics import Diagnostic, has_errors
from courier.engine.world import World
from courier.planning.catalog.catalog import Catalog, Reading, read_catalog, unread
from courier.planning.documents.manifest import Schemas
from courier.ports.repository import Head

log = logging.getLogger(__name__)

LAST_GOOD = "refs/courier/good/"
"""Where the mirror remembers, by branch, the newest commit whose documents had no errors."""

FOLDER = ".courier"
"""Where desired state is, below a repository's root."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What people ask for.

    Attributes:
        catalog: The newest catalog without errors; None if there never was one.
        diagnostics: Problems of the newest commit; with errors, ``catalog`` is an older one.
        commit: The commit the catalog was read at.
    """

    catalog: Catalog | None
    diagnostics: tuple[Diagnostic, ...] = ()
    commit: str = ""


class DesiredState:
    """Reads desired state at commits, never from a working tree; unchanged files only once."""

    def __init__(self, world: World, schemas: Schemas) -> None:
        self._world = world
        self._schemas = schemas
        self._commit: str | None = None
        self._reading: Reading | None = None
        self._blobs: Mapping[str, str] = {}
        self._good: Catalog | None = None
        self._good_commit = ""

    async def at(self, head: Head) -> Desired:
        """Return what is asked for at the tip of a branch; errors leave the last good in force.

        The last good commit is remembered in the mirror, so that a restart knows it too.
        """
        if self._reading is None or head.commit != self._commit:
            self._reading, self._blobs = await self._read(head.commit)
            self._commit = head.commit
        diagnostics = self._reading.diagnostics
        if not has_errors(diagnostics):
            await self._adopt(self._reading.catalog, head)
        elif self._good is None:
            await self._recall(head)
        return Desired(self._good, diagnostics, self._good_commit)

    async def _adopt(self, catalog: Catalog, head: Head) -> None:
        if head.commit != self._good_commit:
            await self._world.repository.keep(head.commit, at=f"{LAST_GOOD}{head.branch}")
        self._good, self._good_commit = catalog, head.commit

    async def _recall(self, head: Head) -> None:
        commit = await self._world.repository.resolve(f"{LAST_GOOD}{head.branch}")
        if commit is None:
            return
        former, _ = await self._read(commit)
        if has_errors(former.diagnostics):
            log.warning("the last good documents, of %s, have errors by now", commit)
            return
        log.info("documents of %s stay in force, as before the restart", commit)
        self._good, self._good_commit = former.catalog, commit

    async def _read(self, commit: str) -> tuple[Reading, Mapping[str, str]]:
        repository = self._world.repository
        blobs = await repository.files(commit, FOLDER)
        if self._reading is not None and blobs == self._blobs:
            return self._reading, blobs
        wanted = unread(blobs, self._reading)
        contents = await repository.read([blobs[path] for path in wanted])
        reading = read_catalog(
            blobs,
            dict(zip(wanted, contents, strict=True)),
            schemas=self._schemas,
            former=self._reading,
        )
        return reading, blobs
