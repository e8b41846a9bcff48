"""The one door for HTTP: a POST to an address that is a secret, tried once."""

import asyncio
import http.client
import ipaddress
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import IO, Final
from urllib.parse import SplitResult, urlsplit

from courier.errors import Misconfigured, RateLimited, Unavailable
from courier.ports.clock import Clock

TIMEOUT_SECONDS: Final = 10.0
"""How long a receiver may say nothing."""

DEADLINE_SECONDS: Final = 30.0
"""How long one try may take in all."""

_LONGEST: Final = 2_048
_SLOW_DOWN: Final = 429
_PASSING: Final = frozenset({408, 425})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LONGEST_WAIT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Route:
    """How the machine reaches others.

    Attributes:
        proxy: The proxy for https; None for none.
        direct: Hosts that are reached without it, as NO_PROXY lists them.
        allows_plain: Whether addresses of other machines may be http.
    """

    proxy: str | None = None
    direct: tuple[str, ...] = ()
    allows_plain: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Route":
        """Return what an environment says."""
        listed = environment.get("NO_PROXY", environment.get("no_proxy", ""))
        return cls(
            proxy=environment.get("HTTPS_PROXY") or environment.get("https_proxy") or None,
            direct=tuple(part.strip().lower() for part in listed.split(",") if part.strip()),
            allows_plain=environment.get("COURIER_NOTIFY_HTTP", "").lower() in ("1", "true"),
        )

    def proxies(self, host: str) -> Mapping[str, str]:
        """Return the proxies for a host."""
        if self.proxy is None or is_loopback(host) or self._is_direct(host):
            return {}
        return {"https": self.proxy}

    def _is_direct(self, host: str) -> bool:
        plain = (part.lstrip("*").lstrip(".") for part in self.direct if part != "*")
        return "*" in self.direct or any(host == one or host.endswith(f".{one}") for one in plain)


class Door:
    """Posts bodies; no redirect is followed, and no message holds the address.

    Args:
        clock: Tells what a receiver means by a moment.
        route: How the machine reaches others.
    """

    def __init__(self, clock: Clock, route: Route) -> None:
        self._clock = clock
        self._route = route

    async def post(self, address: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Return once the receiver answered that it has it.

        Raises:
            RateLimited: If it asks for patience.
            Unavailable: If it does not answer, or has a passing fault.
            Misconfigured: If it refuses, or the address is none.
        """
        parts = checked(address, allows_plain=self._route.allows_plain)
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            address, data=body, headers=dict(headers), method="POST"
        )
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                answer = await asyncio.to_thread(self._ask, request, parts.hostname or "")
        except TimeoutError as slow:
            raise Unavailable("The receiver does not answer in time.") from slow
        self._judge(answer)

    def _ask(self, request: urllib.request.Request, host: str) -> "_Answer":
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(dict(self._route.proxies(host))),
            urllib.request.HTTPSHandler(context=_trust()),
            _Stay(),
        )
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as reply:
                return _Answer(reply.status, _said(reply), reply.headers.get("Retry-After"))
        except urllib.error.HTTPError as refused:
            with refused:
                told = _said(refused)
            return _Answer(refused.code, told, refused.headers.get("Retry-After"))
        except ssl.SSLCertVerificationError as untrusted:
            raise Misconfigured("The receiver's certificate is not trusted.") from untrusted
        except urllib.error.URLError as away:
            if isinstance(away.reason, ssl.SSLCertVerificationError):
                raise Misconfigured("The receiver's certificate is not trusted.") from None
            why = type(away.reason).__name__
            raise Unavailable(f"The receiver cannot be reached ({why}).") from None
        except (OSError, http.client.HTTPException) as broken:
            told = type(broken).__name__
            raise Unavailable(f"The receiver broke the connection off ({told}).") from None

    def _judge(self, answer: "_Answer") -> None:
        if 200 <= answer.status < 300:
            return
        if answer.status == _SLOW_DOWN or (answer.status >= 500 and answer.retry_after):
            raise RateLimited(
                f"The receiver asks for patience (HTTP {answer.status}).",
                retry_at=_moment(answer.retry_after, self._clock.now()),
            )
        said = f" It says: {answer.said}" if answer.said else ""
        if answer.status >= 500 or answer.status in _PASSING:
            raise Unavailable(f"The receiver has a fault (HTTP {answer.status}).{said}")
        if answer.status in _REDIRECTS:
            raise Misconfigured(
                "The receiver sends us elsewhere.",
                detail=f"HTTP {answer.status}; a redirect is not followed.",
                next_step="Make the secret the address it leads to.",
            )
        raise Misconfigured(f"The receiver refuses it (HTTP {answer.status}).{said}")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    said: str
    retry_after: str | None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it could lead where the operator never pointed."""

    def redirect_request(  # noqa: PLR0913 - urllib's
        self,
        req: urllib.request.Request,  # noqa: ARG002 - urllib's
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: http.client.HTTPMessage,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        """Answer that nothing is asked instead."""
        return


@cache
def _trust() -> ssl.SSLContext:
    """Return what tells trusted certificates; reading all of them takes a while."""
    return ssl.create_default_context()


def checked(address: str, *, allows_plain: bool) -> SplitResult:
    """Return the parts of an address that may be written to.

    Raises:
        Misconfigured: If it is none; the message does not repeat it.
    """
    try:
        parts = urlsplit(address.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _no_address("It cannot be read.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise _no_address("It does not begin with https:// and a host.")
    if parts.username is not None or address != address.strip() or not address.isprintable():
        raise _no_address("It holds a user, or blanks.")
    if parts.scheme == "http" and not (allows_plain or is_loopback(host)):
        raise _no_address(
            "It is http, which anybody on the way can read and change.",
            "Use https; or set COURIER_NOTIFY_HTTP=1 where courier runs.",
        )
    return parts


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine by its very name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _no_address(
    detail: str, next_step: str = "Set the secret to an https address."
) -> Misconfigured:
    return Misconfigured(
        "The secret is no address to write to.", detail=detail, next_step=next_step
    )


def _said(reply: IO[bytes]) -> str:
    try:
        told = reply.read(_LONGEST)
    except (OSError, http.client.HTTPException):
        return ""
    return " ".join(told.decode("utf-8", "replace").split())[:200]


def _moment(told: str | None, now: datetime) -> datetime | None:
    """Return what a Retry-After means: seconds, or a date; within a day."""
    if not told:
        return None
    try:
        seconds = float(told)
        at = now + timedelta(seconds=min(max(seconds, 0.0), _LONGEST_WAIT.total_seconds()))
    except ValueError:
        try:
            date = parsedate_to_datetime(told)
        except ValueError:
            return None
        at = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return min(at, now + _LONGEST_WAIT)
