"""Comments of courier below pull requests: one of each key, known by a hidden line."""

import re
from collections.abc import Mapping
from typing import Any, Final

from courier.errors import Unavailable
from courier.forges.github import queries
from courier.forges.github.payloads import MOST_TEXT
from courier.forges.github.transport import Transport
from courier.runs.texts.material import bounded

_MARK: Final = re.compile(r"\n\n<!-- courier-comment: (?P<key>\S+) -->\s*\Z")
_PAGES: Final = 10


class Comments:
    """Comments of one repository; a stranger's that looks like one of courier's is none."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._own = ""

    async def of(self, number: int) -> Mapping[str, str]:
        """Return what was said below one, by key.

        Raises:
            NotFound: If there is none.
        """
        found: dict[str, str] = {}
        for one in await self._mine(number):
            key = _key(one["body"])
            if key and key not in found:
                found[key] = _MARK.sub("", one["body"])
        return found

    async def put(self, number: int, key: str, body: str) -> None:
        """Say something, in place of what was said under the same key.

        Raises:
            NotFound: If there is no such pull request.
        """
        text = f"{bounded(body, MOST_TEXT)}\n\n<!-- courier-comment: {key} -->"
        own = [one for one in await self._mine(number) if _key(one["body"]) == key]
        if not own:
            await self._add(number, key, text)
            return
        for spare in own[1:]:
            # An answer that was lost, or somebody who said the same at the same moment.
            await self._transport.mine("DELETE", f"/issues/comments/{spare['id']}")
        if own[0]["body"] != text:
            path = f"/issues/comments/{own[0]['id']}"
            await self._transport.mine("PATCH", path, body={"body": text})

    async def _add(self, number: int, key: str, text: str) -> None:
        try:
            path = f"/issues/{number}/comments"
            await self._transport.mine("POST", path, body={"body": text})
        except Unavailable:
            if not any(_key(one["body"]) == key for one in await self._mine(number)):
                raise

    async def _mine(self, number: int) -> list[Mapping[str, Any]]:
        """Return courier's own comments, the oldest first."""
        found = await self._all(number)
        if not any(_key(one["body"]) for one in found):
            return []
        if not self._own:
            told = await self._transport.query(queries.VIEWER, {})
            self._own = _plain(told["viewer"]["login"])
        return [one for one in found if _plain((one["user"] or {}).get("login")) == self._own]

    async def _all(self, number: int) -> list[Mapping[str, Any]]:
        """Return every comment, the oldest first."""
        found: list[Mapping[str, Any]] = []
        for page in range(1, _PAGES + 1):
            params = {"per_page": "100", "page": str(page)}
            path = f"/issues/{number}/comments"
            told = (await self._transport.mine("GET", path, params=params)).value
            found += told
            if len(told) < 100:
                break
        return found


def _plain(login: str | None) -> str:
    """Return a name as it is compared; that of an App has an ending in some places."""
    return (login or "").lower().removesuffix("[bot]")


def _key(body: str | None) -> str:
    found = _MARK.search((body or "").replace("\r\n", "\n"))
    return found["key"] if found else ""
