"""What is on record of documents that ask for runs: how far each has come."""

from collections.abc import Mapping, Sequence

from courier.planning.course import FOLDERS, ObservedCourse, PlannedCourse, path_of, read_course
from courier.planning.references import Ref
from courier.ports.state import StateBranch, WriteFile
from courier.runs.writeback import to_json


class Courses:
    """Reads courses again and again, what did not change only once."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._read: dict[str, tuple[bytes, ObservedCourse]] = {}

    async def look(self) -> Mapping[Ref, ObservedCourse]:
        """Return what is on record of each document; the branch must have been refreshed."""
        places = {
            path: Ref(kind, path.rpartition("/")[2].removesuffix(".json"))
            for kind, folder in FOLDERS.items()
            for path in await self._state.paths(folder)
        }
        contents = await self._state.read(list(places))
        self._read = {path: self._seen(path, body) for path, body in contents.items()}
        return {places[path]: seen for path, (_, seen) in self._read.items()}

    def _seen(self, path: str, content: bytes) -> tuple[bytes, ObservedCourse]:
        known = self._read.get(path)
        return known if known and known[0] == content else (content, read_course(content))


async def write_courses(planned: Sequence[PlannedCourse], state: StateBranch) -> None:
    """Keep how far documents that ask for runs have come.

    Args:
        planned: Those that changed.
        state: Where courses are.
    """
    courses = [each.course for each in planned]
    if courses:
        files = [
            WriteFile(path_of(each.ref), to_json(each.model_dump(mode="json", by_alias=True)))
            for each in courses
        ]
        told = ", ".join(f"{each.ref} {each.phase}" for each in courses[:3])
        more = f" and {len(courses) - 3} more" if len(courses) > 3 else ""
        await state.write(files, message=f"course: {told}{more}")
