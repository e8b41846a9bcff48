"""Plain HTTP to a server under test."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.embedded import Endpoint


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Wire:
    """Plain HTTP to the server, and what it made, to be killed."""

    endpoint: Endpoint
    made: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.endpoint.url.rpartition(":")[2])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if "X-API-KEY" not in named:
            named["X-API-KEY"] = self.endpoint.api_key
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, data, named)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def create(self, path: str = "/v2/sandboxes", **fields: Any) -> dict[str, Any]:
        answer = self.ask("POST", path, {"templateID": "base"} | fields)
        assert answer.status == 201, answer.body
        found: dict[str, Any] = answer.json
        self.made.append(found["sandboxID"])
        return found

    def envd(
        self, made: dict[str, Any], method: str, path: str, body: Any = None, **more: str
    ) -> Answer:
        own = {"E2b_Sandbox_Id": made["sandboxID"], "X_Access_Token": made["envdAccessToken"]}
        return self.ask(method, path, body, **(own | more))
