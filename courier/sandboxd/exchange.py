"""One HTTP request and its answer, over raw ASGI.

An answer's head is never sent before the request's body was read to its end: clients drop what
they have not sent yet when the head arrives early.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MAX_JSON_BYTES = 32 * 1024 * 1024


class HttpError(Exception):
    """A request that is refused: a status, a sentence, and headers where they help."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def to_json(self) -> dict[str, Any]:
        """Return the body, in the control plane's form."""
        return {"code": self.status, "message": self.message}


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Exchange:
    """A request to read and an answer to give."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._body_read = False
        self.started = False
        self.method: str = scope["method"]
        self.raw_path: str = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
        self.path: str = scope["path"]
        self.headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.query_string = scope["query_string"].decode("latin-1")
        self.query = dict(parse_qsl(self.query_string, keep_blank_values=True))

    def parts(self) -> list[str]:
        """Return the path's parts, each decoded by itself."""
        return [unquote(part) for part in self.raw_path.split("?")[0].split("/") if part]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            Disconnected: If it does not arrive whole.
        """
        while not self._body_read:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                raise Disconnected
            self._body_read = not event.get("more_body", False)
            if event.get("body"):
                yield event["body"]

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            HttpError: If it is larger than `MAX_JSON_BYTES`.
        """
        held = bytearray()
        async for chunk in self.chunks():
            held += chunk
            if len(held) > MAX_JSON_BYTES:
                await self.discard_body()
                raise HttpError(413, f"The request is larger than {MAX_JSON_BYTES} bytes.")
        return bytes(held)

    async def discard_body(self) -> None:
        """Read the rest of the body and forget it."""
        async for _ in self.chunks():
            pass

    async def json(self) -> dict[str, Any]:
        """Return the body's JSON object, empty when there is no body.

        Raises:
            HttpError: If it is not a JSON object.
        """
        body = await self.body()
        if not body.strip():
            return {}
        try:
            found = json.loads(body)
        except ValueError as problem:
            raise HttpError(400, f"The request's body is not JSON: {problem}") from problem
        if not isinstance(found, dict):
            raise HttpError(400, "The request's body must be a JSON object.")
        return found

    async def disconnected(self) -> None:
        """Return when the client has gone; the body must have been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the answer's head, after whatever is left of the request."""
        if not self._body_read:
            await self.discard_body()
        self.started = True
        encoded = [
            (name.lower().encode(), value.encode("latin-1", "replace"))
            for name, value in headers.items()
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def send(self, data: bytes, *, more: bool = True) -> None:
        """Send a part of the answer's body; waits while the client is slow."""
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def reply(
        self, status: int, content: object = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a whole answer: JSON, or nothing."""
        body = b"" if content is None else json.dumps(content).encode()
        head = {"content-length": str(len(body))} if status != 204 else {}
        if content is not None:
            head["content-type"] = "application/json"
        await self.start(status, head | dict(headers or {}))
        await self.send(body, more=False)

    async def refuse(self, error: HttpError) -> None:
        """Send an error as JSON."""
        await self.reply(error.status, error.to_json(), error.headers)
