"""Versions of the learnings on the state branch: read with suspicion, written once."""

import logging
from collections.abc import Collection, Mapping

from pydantic import ValidationError

from courier.engine.world import World
from courier.planning.catalog.learnings import ObservedLearnings, lesson_in
from courier.ports.repository import Head
from courier.ports.state import StateBranch, SwapFile
from courier.resources.model import first_fault
from courier.runs.learnings.lesson import Lesson
from courier.runs.learnings.version import (
    INDEX,
    IndexedVersion,
    LearningVersion,
    VersionIndex,
    paths_of,
    read_index,
    read_version,
    to_data,
)
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)


class VersionShelf:
    """Looks at versions again and again; what was found to be sound is looked at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sound: dict[bytes, LearningVersion] = {}

    async def look(self, head: Head, wanted: Collection[int]) -> ObservedLearnings:
        """Return what is true of versions; the branch must have been refreshed.

        Args:
            head: The tip of the tracked branch.
            wanted: The versions whose content is wanted.
        """
        today = self._world.clock.now().date()
        content = (await self._world.state.read([INDEX])).get(INDEX)
        try:
            index = read_index(content)
        except ValidationError as wrong:
            fault = f"{INDEX} on the state branch: {first_fault(wrong)}"
            return ObservedLearnings(today, fault=fault)
        found = {number: index.find(number) for number in wanted}
        known = [one for one in found.values() if one is not None]
        kept = {one.version: await self._version(one, head) for one in known}
        return ObservedLearnings(today, index, kept)

    async def read(self, known: IndexedVersion) -> LearningVersion | str:
        """Return a version as its files say it, or why these cannot be believed."""
        return (await self._read(known))[0]

    async def _read(self, known: IndexedVersion) -> tuple[LearningVersion | str, bytes]:
        paths = paths_of(known.version)
        contents = await self._world.state.read(paths)
        document, data = (contents.get(path) for path in paths)
        return read_version(known, document, data), (data or b"") + (document or b"")

    async def _version(self, known: IndexedVersion, head: Head) -> LearningVersion | str:
        found, content = await self._read(known)
        if isinstance(found, str):
            return found
        if content in self._sound:
            return self._sound[content]
        if (why := await self._doubt(found, head)) is not None:
            log.warning("version %s of the learnings is not believed: %s", known.version, why)
            return why
        self._sound[content] = found
        return found

    async def _doubt(self, version: LearningVersion, head: Head) -> str | None:
        """Return why a version does not say what the tracked branch once approved."""
        repository = self._world.repository
        commit = await repository.find_commit(version.commit)
        if commit is None or not await repository.contains(commit, tip=head.commit):
            return f"the commit it was compiled from is not in the history of {head.branch}"
        if not version.lessons:
            return None
        blobs = await repository.files(commit, ".courier")
        paths = sorted({one.path for one in version.lessons if one.path in blobs})
        contents = await repository.read([blobs[path] for path in paths])
        files = dict(zip(paths, contents, strict=True))
        strangers = [one.name for one in version.lessons if not _was_approved(one, files)]
        if strangers:
            return f"{', '.join(strangers)} in it was never approved with these words"
        return None


async def keep_version(state: StateBranch, version: LearningVersion | None) -> bool:
    """Keep a version and list it; return whether it is the one of its number now.

    Args:
        state: Where versions are.
        version: What to keep; None for nothing, which succeeds.
    """
    if version is None:
        return True
    content = (await state.read([INDEX])).get(INDEX)
    document, data = paths_of(version.version)
    index = read_index(content)
    listed = index.find(version.version)
    if listed is None:
        whole: VersionIndex = index.with_version(version)
        await state.write(
            [
                SwapFile(INDEX, to_json(whole.model_dump(mode="json", by_alias=True)), was=content),
                SwapFile(document, version.markdown.encode()),
                SwapFile(data, to_data(version)),
            ],
            message=f"learnings: version {version.version}",
        )
        await state.refresh()
        listed = read_index((await state.read([INDEX])).get(INDEX)).find(version.version)
    return listed is not None and listed.digest == version.digest


def _was_approved(lesson: Lesson, files: Mapping[str, bytes]) -> bool:
    data = files.get(lesson.path)
    found = lesson_in(lesson.path, data, lesson.name) if data is not None else None
    return found is not None and found.digest == lesson.digest
