"""Desired state: the catalog of one commit, and the last good one while a newer has errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from courier.diagnostics import Diagnostic, has_errors
from courier.engine.world import World
from courier.planning.lookup import Catalog
from courier.ports.repository import Head

FOLDER = ".courier"
"""Where desired state is, below a repository's root."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a commit; ``blob`` is its content's id."""

    path: str
    blob: str
    content: bytes


Loader = Callable[[Sequence[File]], tuple[Catalog, Sequence[Diagnostic]]]
"""Makes a catalog of files; pure, and cheap for files it has seen."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What people ask for.

    Attributes:
        catalog: The newest catalog without errors; None if there never was one.
        commit: The commit it was read at.
        diagnostics: Problems of the newest commit; with errors, ``catalog`` is an older one.
    """

    catalog: Catalog | None
    commit: str
    diagnostics: tuple[Diagnostic, ...] = ()


class DesiredState:
    """Reads desired state at commits, never from a working tree."""

    def __init__(self, world: World, load: Loader) -> None:
        self._world = world
        self._load = load
        self._last = Desired(None, "")
        self._blobs: Mapping[str, str] = {}

    async def at(self, head: Head) -> Desired:
        """Return what is asked for at the tip of a branch; errors leave the last good in force."""
        if head.commit == self._last.commit:
            return self._last
        blobs = await self._world.repository.files(head.commit, FOLDER)
        if blobs == self._blobs and self._last.catalog is not None:
            self._last = Desired(self._last.catalog, head.commit, self._last.diagnostics)
            return self._last
        contents = await self._world.repository.read(list(blobs.values()))
        files = [
            File(path, blob, content)
            for (path, blob), content in zip(blobs.items(), contents, strict=True)
        ]
        catalog, diagnostics = self._load(files)
        if has_errors(diagnostics):
            self._last = Desired(self._last.catalog, self._last.commit, tuple(diagnostics))
            return self._last
        self._blobs = blobs
        self._last = Desired(catalog, head.commit, tuple(diagnostics))
        return self._last
