"""What comes in and what goes out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> Mapping[str, str]:
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in found.items()}

    @property
    def value(self) -> Any:
        return json.loads(self.body) if self.body else {}

    @property
    def kind(self) -> str:
        return "graphql" if self.path.endswith("/graphql") else "core"


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A request that is refused: its status, message, and GitHub's list of errors."""

    def __init__(
        self, status: int, message: str, *errors: Any, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.reply = reply(
            {"message": message, **({"errors": list(errors)} if errors else {})},
            status=status,
            headers=headers,
        )


def reply(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    content = json.dumps(value).encode()
    told = {"content-type": "application/json; charset=utf-8", **(headers or {})}
    return Reply(status, content, told)
