"""Proposals as files ``proposals/<number>.json`` of the state branch."""

import json
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from courier.errors import Misconfigured, NotFound
from courier.ports.state import DeleteFile, StateBranch, SwapFile
from courier.runs.pullrequests.pullrequest import PullRequest

_FOLDER: Final = "proposals"
_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A proposal with the bytes it was read from, so that it is replaced only if unchanged."""

    pull: PullRequest
    content: bytes


class Proposals:
    """The proposals on record, as the state branch was last fetched."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._given = 0
        self._parsed: OrderedDict[bytes, Kept] = OrderedDict()

    async def get(self, number: int) -> Kept:
        """Return one.

        Raises:
            NotFound: If there is none of that number.
        """
        path = _path(number)
        content = (await self._state.read([path])).get(path)
        if content is None:
            raise NotFound("There is no such proposal.", detail=f"#{number}")
        return self._read(path, content)

    async def some(self, numbers: Collection[int]) -> Sequence[Kept]:
        """Return those there are of some, oldest first."""
        paths = [_path(number) for number in sorted(numbers)]
        contents = await self._state.read(paths)
        return [self._read(path, contents[path]) for path in paths if path in contents]

    async def all(self) -> Sequence[Kept]:
        """Return every one, oldest first."""
        return await self.some(await self._numbers())

    async def next_number(self) -> int:
        """Return the number after the highest there is; the first is 1.

        Nobody here gets it twice, so that many may open one at the same moment.
        """
        highest = max(await self._numbers(), default=0)
        self._given = max(highest, self._given) + 1
        return self._given

    async def add(self, pull: PullRequest) -> bool:
        """Put a new one on record; return False if its number was taken meanwhile."""
        swap = SwapFile(_path(pull.number), _content(pull))
        await self._state.write([swap], message=f"Open proposal {pull.number}")
        return await self._holds(swap)

    async def drop(self, number: int) -> None:
        """Take one off the record that should not have been opened."""
        await self._state.write([DeleteFile(_path(number))], message=f"Drop proposal {number}")

    async def replace(self, kept: Kept, pull: PullRequest) -> bool:
        """Bring one up to date; return False if somebody else changed it first."""
        if pull == kept.pull:
            return True
        swap = SwapFile(_path(pull.number), _content(pull), was=kept.content)
        await self._state.write([swap], message=f"Proposal {pull.number}: {pull.status}")
        return await self._holds(swap)

    def _read(self, path: str, content: bytes) -> Kept:
        """Return what a file says; most are looked at again and again, and seldom change."""
        if content not in self._parsed:
            self._parsed[content] = _parsed(path, content)
            if len(self._parsed) > _REMEMBERED:
                self._parsed.popitem(last=False)
        return self._parsed[content]

    async def _holds(self, swap: SwapFile) -> bool:
        return (await self._state.read([swap.path])).get(swap.path) == swap.content

    async def _numbers(self) -> Sequence[int]:
        names = [path.rpartition("/")[2] for path in await self._state.paths(_FOLDER)]
        stems = [name.removesuffix(".json") for name in names if name.endswith(".json")]
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


def _path(number: int) -> str:
    return f"{_FOLDER}/{number}.json"


def _content(pull: PullRequest) -> bytes:
    value = pull.model_dump(mode="json", by_alias=True)
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _parsed(path: str, content: bytes) -> Kept:
    try:
        return Kept(PullRequest.model_validate_json(content), content)
    except ValidationError as broken:
        raise Misconfigured(
            "A proposal on the state branch is malformed.",
            detail=f"{path}: {broken}",
            next_step="Mend or delete the file on the state branch.",
        ) from broken
