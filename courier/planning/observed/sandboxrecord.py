"""Reading the committed account of a sandbox back, whoever wrote it and when."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from courier.runs.interactive.live import LIVE

_STATES = LIVE | {"killed", "error"}


@dataclass(frozen=True, slots=True)
class ObservedSandbox:
    """One sandbox as its account tells it.

    Attributes:
        name: The sandbox's name.
        state: A state of `courier.runs.interactive.live`, or ``unreadable``; such a sandbox is
            never made again.
        reason: Why; for ``unreadable`` what is wrong with the account.
        project: The project it belongs to; empty where the account does not say.
        declared: The document's desired state that was obeyed last.
        spec_digest: Digest of the spec it was made with.
        messages: Ids of the messages it has taken.
    """

    name: str
    state: str
    reason: str = ""
    project: str = ""
    declared: str | None = None
    spec_digest: str | None = None
    messages: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_live(self) -> bool:
        """Return whether there should be a machine."""
        return self.state in LIVE

    @property
    def mark(self) -> tuple[object, ...]:
        """Return what a plan may read of it, for a digest."""
        told = (self.name, self.state, self.project, self.declared, self.spec_digest)
        return (*told, tuple(sorted(self.messages)))


@dataclass(frozen=True, slots=True)
class KeptSandbox:
    """One sandbox the engine keeps, its last record included."""

    name: str
    cancelling: bool = False


def read_sandbox(name: str, content: bytes) -> ObservedSandbox:
    """Return what an account tells; one that cannot be understood is ``unreadable``."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return ObservedSandbox(name, "unreadable", "it is not JSON")
    if not isinstance(told, dict):
        return ObservedSandbox(name, "unreadable", "it is not a JSON object")
    state = told.get("state")
    if state not in _STATES:
        return ObservedSandbox(name, "unreadable", "its state is not known to this version")
    return ObservedSandbox(
        name,
        str(state),
        reason=_text(told, "reason") or "",
        project=_text(told, "project") or "",
        declared=_text(told, "declared"),
        spec_digest=_text(told, "specDigest"),
        messages=_messages(told.get("messages")),
    )


def _text(told: Mapping[str, object], key: str) -> str | None:
    value = told.get(key)
    return value if isinstance(value, str) else None


def _messages(told: object) -> frozenset[str]:
    entries = told if isinstance(told, list) else []
    said = (one for one in entries if isinstance(one, dict) and one.get("role") == "user")
    return frozenset(str(one.get("id")) for one in said)
