"""What is said below proposals: ``proposals/<number>.comments.json`` of the state branch."""

import json
from collections.abc import Mapping
from typing import Any, Final

from courier.errors import Conflict
from courier.ports.clock import Clock
from courier.ports.state import StateBranch, SwapFile

_TRIES: Final = 50


class Comments:
    """Comments of proposals, one of each key."""

    def __init__(self, state: StateBranch, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def of(self, number: int) -> Mapping[str, str]:
        """Return what was said below one, by key."""
        told, _ = await self._read(number)
        return {key: str(said["body"]) for key, said in told.items()}

    async def put(self, number: int, key: str, body: str) -> None:
        """Say something, in place of what was said under the same key.

        Raises:
            Conflict: If others kept saying something.
        """
        for _ in range(_TRIES):
            told, was = await self._read(number)
            former = told.get(key, {})
            if former.get("body") == body:
                return
            now = self._clock.now().isoformat()
            said = {"body": body, "createdAt": former.get("createdAt", now), "updatedAt": now}
            content = json.dumps(told | {key: said}, indent=2, ensure_ascii=False) + "\n"
            swap = SwapFile(_path(number), content.encode(), was=was)
            await self._state.write([swap], message=f"Comment on proposal {number}")
            if (await self._read(number))[0].get(key) == said:
                return
        raise Conflict("The comments kept changing.", next_step="Try again.")

    async def _read(self, number: int) -> tuple[dict[str, Any], bytes | None]:
        path = _path(number)
        content = (await self._state.read([path])).get(path)
        return (json.loads(content) if content is not None else {}), content


def _path(number: int) -> str:
    return f"proposals/{number}.comments.json"
