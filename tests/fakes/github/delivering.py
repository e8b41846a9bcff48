"""Events on their way to whoever a repository's webhook names, as GitHub sends them."""

import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Deliveries:
    """Posts events from threads of their own: GitHub waits for nobody.

    Attributes:
        url: Where to.
        answers: The status of each answer, in the order they came.
    """

    url: str
    answers: list[int] = field(default_factory=list)

    def __call__(self, headers: Mapping[str, str], body: bytes) -> None:
        threading.Thread(target=self._send, args=(headers, body), daemon=True).start()

    def _send(self, headers: Mapping[str, str], body: bytes) -> None:
        self.answers.append(posted(self.url, headers, body))


def posted(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Return the status an event is answered with."""
    told = {"content-type": "application/json", "user-agent": "GitHub-Hookshot/1", **headers}
    asked = urllib.request.Request(url, data=body, headers=told, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
