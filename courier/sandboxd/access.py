"""Who may ask what: this machine only, with the right key, token or signature."""

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import urlsplit

from courier.sandboxd.exchange import Exchange, HttpError

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
SANDBOX_HOST = re.compile(r"(?P<port>\d{1,5})-(?P<id>[a-z0-9]{8,64})\.(localhost)$")
ENVD_PORT = 49983
UNAUTHORIZED = (
    "unauthorized access, please provide a valid access token or method signing if supported"
)


def require_local(exchange: Exchange) -> None:
    """Refuse a request that a foreign web page or name led here.

    Raises:
        HttpError: 403 for a foreign Host or Origin.
    """
    host = exchange.headers.get("host", "")
    if not _is_local(host):
        raise HttpError(403, "The Host header must name this machine's loopback address.")
    origin = exchange.headers.get("origin")
    if origin is not None and not _is_local(urlsplit(origin).netloc):
        raise HttpError(403, "Requests from web pages of other origins are refused.")


def _is_local(netloc: str) -> bool:
    name = re.sub(r":\d+$", "", netloc.lower())
    return name in LOCAL_NAMES or SANDBOX_HOST.fullmatch(name) is not None


def addressed(exchange: Exchange) -> tuple[str | None, int]:
    """Return the sandbox and port a request is for, by header or else by host name."""
    found = SANDBOX_HOST.match(exchange.headers.get("host", "").lower().split(":")[0])
    sandbox_id = exchange.headers.get("e2b-sandbox-id")
    if sandbox_id:
        port = exchange.headers.get("e2b-sandbox-port", str(ENVD_PORT))
        return sandbox_id, int(port) if port.isdigit() else 0
    if found:
        return found["id"], int(found["port"])
    return None, ENVD_PORT


def require_key(exchange: Exchange, key: str) -> None:
    """Refuse a control call without this installation's key.

    Raises:
        HttpError: 401.
    """
    given = exchange.headers.get("x-api-key", "")
    bearer = exchange.headers.get("authorization", "").removeprefix("Bearer ")
    if not (equal(given, key) or equal(bearer, key)):
        raise HttpError(401, "Invalid API key: use the one of this server's state directory.")


def require_token(exchange: Exchange, token: str) -> None:
    """Refuse a sandbox call without that sandbox's token.

    Raises:
        HttpError: 401.
    """
    if not equal(exchange.headers.get("x-access-token", ""), token):
        raise HttpError(401, UNAUTHORIZED)


def equal(given: str, expected: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


def signature(token: str, *, path: str, operation: str, user: str, expires: str | None) -> str:
    """Return what signs one file operation, ``read`` or ``write``, in a URL."""
    text = ":".join([path, operation, user, token, *([expires] if expires else [])])
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return "v1_" + digest.rstrip("=")


def signs(exchange: Exchange, token: str) -> bool:
    """Return whether the request's URL is signed with a sandbox's token."""
    query = exchange.query
    expected = signature(
        token,
        path=query.get("path", ""),
        operation="read" if exchange.method in ("GET", "HEAD") else "write",
        user=query.get("username", ""),
        expires=query.get("signature_expiration"),
    )
    return equal(query.get("signature", ""), expected)


def require_file_access(exchange: Exchange, token: str) -> None:
    """Refuse a file call that has neither the token nor a valid, unexpired signature.

    Raises:
        HttpError: 401.
    """
    given = exchange.headers.get("x-access-token")
    if given is not None:
        require_token(exchange, token)
        return
    if "signature" not in exchange.query:
        raise HttpError(401, "missing signature query parameter")
    if not signs(exchange, token):
        raise HttpError(401, "invalid signature")
    expires = exchange.query.get("signature_expiration")
    if expires is not None and (not expires.isdigit() or int(expires) < time.time()):
        raise HttpError(401, "signature is already expired")
