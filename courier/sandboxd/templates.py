"""What sandboxes can be made from: the template ``base``, and snapshots of sandboxes."""

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from courier.sandboxd.exchange import HttpError
from courier.sandboxd.homes import copy_tree, remove_tree
from courier.sandboxd.layout import Layout, read_json, write_atomically

BASE = "base"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A kept home directory; ``id`` and every name can be used as a template."""

    id: str
    names: tuple[str, ...]
    sandbox_id: str
    made_at: float


class Templates:
    """The registry of templates."""

    def __init__(self, layout: Layout) -> None:
        self._directory = layout.snapshots

    def find(self, name: str) -> tuple[str, str, Path | None]:
        """Return a template's id, its name, and the home directory to copy, if any.

        Raises:
            HttpError: 404 if it is unknown.
        """
        plain = name.partition(":")[0].rpartition("/")[2]
        if plain == BASE:
            return BASE, BASE, None
        for snapshot in self.snapshots():
            if name == snapshot.id or plain in (snapshot.id, *snapshot.names):
                return snapshot.id, plain, self._directory / snapshot.id / "home"
        known = ", ".join([BASE, *(snapshot.id for snapshot in self.snapshots())])
        raise HttpError(
            404,
            f"template '{name}' not found: this server runs on the local machine and knows {known}",
        )

    def snapshots(self) -> Sequence[Snapshot]:
        """Return every snapshot, newest first."""
        found = []
        for directory in self._directory.iterdir():
            fields = read_json(directory / "snapshot.json")
            if fields is not None:
                found.append(Snapshot(**fields | {"names": tuple(fields["names"])}))
        return sorted(found, key=lambda snapshot: snapshot.made_at, reverse=True)

    def keep(self, home: Path, *, sandbox_id: str, name: str | None) -> Snapshot:
        """Copy a home directory into a new snapshot; a name moves from an older one to it."""
        names = (name,) if name else ()
        snapshot = Snapshot(f"snap{secrets.token_hex(8)}", names, sandbox_id, time.time())
        directory = self._directory / snapshot.id
        directory.mkdir(mode=0o700)
        copy_tree(home, directory / "home")
        for older in self.snapshots():
            if name in older.names:
                self._write(Snapshot(older.id, (), older.sandbox_id, older.made_at))
        self._write(snapshot)
        return snapshot

    def delete(self, name: str) -> bool:
        """Remove a snapshot; return whether it existed."""
        for snapshot in self.snapshots():
            if name in (snapshot.id, *snapshot.names):
                remove_tree(self._directory / snapshot.id)
                return True
        return False

    def _write(self, snapshot: Snapshot) -> None:
        path = self._directory / snapshot.id / "snapshot.json"
        write_atomically(path, json.dumps(asdict(snapshot)))
