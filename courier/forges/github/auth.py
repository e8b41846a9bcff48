"""Who courier is to GitHub: the holder of a token, or an App installed on the repository."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from courier.errors import Misconfigured, MissingSecret
from courier.forges.github.faults import NotLetIn
from courier.forges.github.jwt import signed
from courier.ports.clock import Clock

PERMISSIONS: Final[Mapping[str, str]] = {
    "actions": "read",
    "checks": "read",
    "contents": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
}
"""What courier needs on a repository, by the names Apps and fine-grained tokens have for it."""

RENEW_BEFORE: Final = timedelta(minutes=10)
"""How long before it ends a token of an App is renewed."""

_HOW: Final = "Set GITHUB_TOKEN, or what a GitHub App needs, where courier runs."

Post = Callable[[str, str, Mapping[str, Any] | None, str], Awaitable[Mapping[str, Any]]]
"""Sends a request with a bearer of its own: method, path, body, bearer; returns the answer."""


class Credential(Protocol):
    """Something that proves to GitHub who courier is."""

    async def token(self, post: Post, /) -> str:
        """Return a token that will hold for the next minutes.

        Raises:
            NotLetIn: If what it is made from has no value here.
            Misconfigured: If there is none to be had.
        """
        ...

    def forget(self) -> None:
        """Drop what was refused, so that it is asked for anew."""
        ...

    @property
    def is_app(self) -> bool:
        """Return whether it is an App's."""
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A person's or a machine's token, from wherever secrets are.

    Attributes:
        find: Returns its value.
    """

    find: Callable[[], str]

    async def token(self, _post: Post, /) -> str:
        """Return it.

        Raises:
            NotLetIn: If it has no value here.
        """
        return _known(self.find)

    def forget(self) -> None:
        """Do nothing: there is no other."""

    @property
    def is_app(self) -> bool:
        """Return False."""
        return False


@dataclass(slots=True)
class App:
    """A GitHub App, whose tokens hold for an hour, for one repository.

    Attributes:
        id: The App's id, or its client id.
        find_key: Returns its private key as PEM.
        owner: Whose the repository is.
        name: What it is called.
        clock: Tells when tokens end.
        installation: The installation's id; empty to have it looked up.
        conceal: Told every token and every proof before it is used: nobody may read them.
    """

    id: str
    find_key: Callable[[], str]
    owner: str
    name: str
    clock: Clock
    installation: str = ""
    conceal: Callable[[str], None] = lambda _secret: None
    _held: tuple[str, datetime] | None = field(default=None, init=False, repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def token(self, post: Post, /) -> str:
        """Return a token of the installation, renewed well before it ends.

        Raises:
            Misconfigured: If the App is not installed on the repository, or its key is no key.
            NotLetIn: If its key has no value here.
        """
        async with self._turn:
            if self._held is None or self.clock.now() > self._held[1] - RENEW_BEFORE:
                self._held = await self._renewed(post)
            return self._held[0]

    def forget(self) -> None:
        """Drop the token that is held."""
        self._held = None

    @property
    def is_app(self) -> bool:
        """Return True."""
        return True

    async def _renewed(self, post: Post) -> tuple[str, datetime]:
        bearer = self._proof()
        if not self.installation:
            path = f"/repos/{self.owner}/{self.name}/installation"
            self.installation = str((await post("GET", path, None, bearer))["id"])
        body = {"repositories": [self.name], "permissions": dict(PERMISSIONS)}
        path = f"/app/installations/{self.installation}/access_tokens"
        told = await post("POST", path, body, bearer)
        try:
            token = str(told["token"])
            self.conceal(token)
            return token, datetime.fromisoformat(str(told["expires_at"]))
        except (KeyError, ValueError) as broken:
            raise Misconfigured("GitHub gave the App no token.") from broken

    def _proof(self) -> str:
        now = int(self.clock.now().timestamp())
        # Clocks differ: a minute back, and short of the ten minutes that are allowed.
        claims = {"iat": now - 60, "exp": now + 540, "iss": self.id}
        proof = signed(claims, key=_known(self.find_key))
        self.conceal(proof)
        return proof


def _known(find: Callable[[], str]) -> str:
    try:
        return find().strip()
    except MissingSecret as missing:
        # Whoever sets it starts courier again, and what waits goes on.
        raise NotLetIn(missing.summary, detail=missing.detail, next_step=_HOW) from missing
