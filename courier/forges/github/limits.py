"""GitHub's limits: until when nobody may ask it anything."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from courier.errors import RateLimited

SECONDARY: Final = timedelta(seconds=60)
"""How long to wait where GitHub says that it is too much and not for how long."""

_LIMITING: Final = frozenset({403, 429})


class Limits:
    """What all repositories of one process keep to together, by host and kind of request."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], datetime] = {}

    def check(self, host: str, kind: str, now: datetime) -> None:
        """Return if one may ask.

        Args:
            host: The address of the interface.
            kind: The budget a request counts to, ``core`` or ``graphql``.
            now: The present moment.

        Raises:
            RateLimited: If one has to wait, and until when.
        """
        until = self._until.get((host, kind))
        if until is not None and now < until:
            raise limited(until)

    def learn(
        self, host: str, kind: str, told: tuple[int, Mapping[str, str], str], now: datetime
    ) -> None:
        """Take in what an answer says of limits.

        Args:
            host: The address of the interface.
            kind: The budget the request counted to.
            told: The answer's status, headers with names in lower case, and text.
            now: The present moment.

        Raises:
            RateLimited: If it was refused because of them.
        """
        until = wait_of(*told, now)
        if until is None:
            return
        # Whoever is told that it was too much at once has to leave everything alone for a while.
        kinds = ("core", "graphql") if _is_secondary(told[1]) else (kind,)
        for each in kinds:
            self._until[host, each] = max(until, self._until.get((host, each), until))
        raise limited(until)


def wait_of(status: int, headers: Mapping[str, str], text: str, now: datetime) -> datetime | None:
    """Return until when an answer asks to wait; None if it was not refused because of limits."""
    said = text[:2000].lower()
    # GraphQL tells of its primary limit with status 200.
    is_graphql = status == 200 and '"type":"rate_limited"' in said.replace(" ", "")
    if status not in _LIMITING and not is_graphql:
        return None
    if (after := headers.get("retry-after", "")).isdigit():
        return now + timedelta(seconds=int(after))
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset"):
        return datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
    told = "rate limit" in said or "abuse" in said
    return now + SECONDARY if status == 429 or told else None


def limited(until: datetime) -> RateLimited:
    """Return the fault that says until when to wait."""
    return RateLimited(f"GitHub asks to wait until {until:%H:%M:%S} UTC.", retry_at=until)


def _is_secondary(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining") != "0"
