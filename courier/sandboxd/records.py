"""A sandbox as the server remembers it: a frozen record, kept as one JSON file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from courier.sandboxd.layout import read_json, write_atomically

ENVD_VERSION = "0.6.13"
CLIENT_ID = "local"
State = Literal["running", "paused"]


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What happens at the end of the timeout, and whether a call wakes a paused sandbox.

    Pausing without memory ends the processes and keeps the files.
    """

    on_timeout: Literal["kill", "pause"] = "kill"
    auto_resume: bool = False
    keep_memory: bool = True


@dataclass(frozen=True, slots=True)
class Holder:
    """The processes that hold a sandbox: pids on this machine, with start times against reuse."""

    pid: int = 0
    started: int = 0
    agent_pid: int = 0
    agent_started: int = 0


@dataclass(frozen=True, slots=True)
class SandboxRecord:
    """Everything about one sandbox that survives the server.

    Attributes:
        id: Lower-case letters and digits.
        token: What every call to its processes and files must carry.
        template: The template's id.
        alias: The template's name.
        started_at: Unix seconds of its creation.
        ends_at: Unix seconds of its end, unless extended.
        uid: The user it runs as on this machine, or none when it runs as the server's user.
        variables: What every process in it starts with.
    """

    id: str
    token: str
    template: str
    alias: str
    started_at: float
    ends_at: float
    state: State = "running"
    metadata: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
    internet: bool = True
    network: Mapping[str, Any] | None = None
    isolation: str = ""
    uid: int | None = None
    cpu_count: int = 2
    memory_mb: int = 512
    holder: Holder = Holder()

    def save(self, directory: Path) -> None:
        """Write it into the sandbox's directory."""
        write_atomically(directory / "sandbox.json", json.dumps(asdict(self), indent=1))

    @staticmethod
    def load(directory: Path) -> "SandboxRecord | None":
        """Return the record of a directory, or nothing when it is missing or broken."""
        fields = read_json(directory / "sandbox.json")
        if fields is None:
            return None
        try:
            lifecycle = Lifecycle(**fields.pop("lifecycle"))
            holder = Holder(**fields.pop("holder"))
            return SandboxRecord(lifecycle=lifecycle, holder=holder, **fields)
        except (TypeError, KeyError):
            return None


def timestamp(seconds: float) -> str:
    """Return Unix seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def created_json(record: SandboxRecord, domain: str) -> dict[str, Any]:
    """Return the answer to create and connect."""
    return {
        "templateID": record.template,
        "sandboxID": record.id,
        "clientID": CLIENT_ID,
        "alias": record.alias,
        "envdVersion": ENVD_VERSION,
        "envdAccessToken": record.token,
        "trafficAccessToken": None,
        "domain": domain,
    }


def listed_json(record: SandboxRecord) -> dict[str, Any]:
    """Return the entry of a list."""
    return {
        "templateID": record.template,
        "sandboxID": record.id,
        "clientID": CLIENT_ID,
        "alias": record.alias,
        "startedAt": timestamp(record.started_at),
        "endAt": timestamp(record.ends_at),
        "cpuCount": record.cpu_count,
        "memoryMB": record.memory_mb,
        "diskSizeMB": 0,
        "metadata": dict(record.metadata),
        "state": record.state,
        "envdVersion": ENVD_VERSION,
    }


def detailed_json(record: SandboxRecord, domain: str) -> dict[str, Any]:
    """Return the answer to info."""
    return (
        listed_json(record)
        | {
            "domain": domain,
            "envdAccessToken": record.token,
            "allowInternetAccess": record.internet,
            "lifecycle": {
                "onTimeout": record.lifecycle.on_timeout,
                "autoResume": record.lifecycle.auto_resume,
            },
        }
        | ({"network": dict(record.network)} if record.network else {})
    )
