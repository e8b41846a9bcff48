"""The state directory: where everything the server keeps lies on disk."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY_BYTES = 24


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one server's state directory, which belongs to it alone."""

    root: Path

    @property
    def api_key(self) -> Path:
        """The key every control call must carry; readable by its owner only."""
        return self.root / "api-key"

    @property
    def discovery(self) -> Path:
        """Where the running server tells its address."""
        return self.root / "server.json"

    @property
    def lock(self) -> Path:
        """Held by the one server of this directory."""
        return self.root / "server.lock"

    @property
    def log(self) -> Path:
        """What a detached server writes."""
        return self.root / "server.log"

    @property
    def sandboxes(self) -> Path:
        """One directory per sandbox."""
        return self.root / "sandboxes"

    @property
    def sockets(self) -> Path:
        """One socket per sandbox, where its agent listens."""
        return self.root / "sockets"

    @property
    def snapshots(self) -> Path:
        """One directory per snapshot, usable as a template."""
        return self.root / "snapshots"

    @property
    def templates(self) -> Path:
        """One directory per template that was built."""
        return self.root / "templates"

    @property
    def library(self) -> Path:
        """A compiled copy of the agent, as sandboxes see it."""
        return self.root / "library"

    def prepare(self) -> None:
        """Make the directories, closed to everybody else."""
        kept = (self.sandboxes, self.sockets, self.snapshots, self.templates)
        for directory in (self.root, *kept):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)

    def let_users_pass(self) -> None:
        """Let other users reach the sandboxes' directories, without seeing what else is here."""
        for directory in (self.root, self.sandboxes):
            directory.chmod(0o711)

    def read_or_make_key(self) -> str:
        """Return this installation's API key, made at random the first time."""
        if not self.api_key.exists():
            write_atomically(self.api_key, f"e2b_{secrets.token_hex(KEY_BYTES)}\n")
        return self.api_key.read_text().strip()


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON object, or nothing when the file is missing or broken."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
