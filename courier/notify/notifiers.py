"""The `Notifier` of a whole courier: each letter by the way its sink names."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from courier.errors import Misconfigured
from courier.notify import chats, mail, webhook
from courier.notify.http import Door, Route
from courier.notify.wording import comment, is_overtaken
from courier.ports.clock import Clock
from courier.ports.forges import Forge
from courier.ports.secrets import Secrets
from courier.runs.notices.notice import Letter


class Notifiers:
    """Sends letters by chat, webhook and e-mail; secrets are looked up for each anew.

    Args:
        secrets: Have addresses and what signs.
        clock: Dates signatures.
        route: How the machine reaches others.
        forges: Where pull requests are, by their names.
    """

    def __init__(
        self,
        secrets: Secrets,
        clock: Clock,
        route: Route,
        *,
        forges: Mapping[str, Forge] = MappingProxyType({}),
    ) -> None:
        self._forges = forges
        self._turn = asyncio.Lock()
        self._secrets = secrets
        self._clock = clock
        self._door = Door(clock, route)

    async def send(self, letter: Letter) -> None:
        """Return once the receiver has taken it; see the port."""
        match letter.sink.type:
            case "slack":
                await self._chat(letter, chats.slack(letter))
            case "discord":
                await self._chat(letter, chats.discord(letter))
            case "webhook":
                await self._webhook(letter)
            case "email":
                server = mail.MailServer.read(self._secret(mail.SECRET))
                await mail.post(letter, server)
            case "pullRequest":
                await self._comment(letter)
            case _:
                assert_never(letter.sink.type)

    async def _comment(self, letter: Letter) -> None:
        """Say it on the run's pull request, unless that tells of something later already."""
        pull = letter.notice.pull_request
        if pull is None:
            return
        forge = self._forges.get(pull.forge)
        if forge is None:
            raise Misconfigured("There is no such forge here.", detail=pull.forge)
        key = f"notify-{letter.sink.name}"
        async with self._turn:
            said = (await forge.comments(pull.number)).get(key, "")
            if not is_overtaken(letter, said):
                await forge.comment(pull.number, key, comment(letter))

    async def _chat(self, letter: Letter, body: bytes) -> None:
        address = self._secret(letter.sink.secret_ref or "")
        await self._door.post(address, body, {"Content-Type": "application/json"})

    async def _webhook(self, letter: Letter) -> None:
        named = letter.sink.signing_secret_ref
        key = self._secret(named) if named is not None else None
        body = webhook.payload(letter)
        told = webhook.headers(letter, body, key=key, now=self._clock.now())
        await self._door.post(self._secret(letter.sink.secret_ref or ""), body, told)

    def _secret(self, name: str) -> str:
        return self._secrets.resolve([name])[name]
