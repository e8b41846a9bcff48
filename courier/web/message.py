"""One request and its response, as values."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked.

    Attributes:
        method: In capitals.
        path: Without the query.
        query: As it was sent, without the question mark.
        headers: Names in lower case.
        body: All of it.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]
"""Answers requests of one route."""


def said(status: int, text: str = "") -> Response:
    """Return a response of a line of text; without a text, what the status is called."""
    if status == HTTPStatus.NO_CONTENT:
        return Response(status)
    return Response(status, f"{text or HTTPStatus(status).phrase}\n".encode())


def json_of(value: object, *, status: int = 200) -> Response:
    """Return a response of JSON."""
    return Response(status, json.dumps(value).encode() + b"\n", "application/json")
