"""What sandboxes can be made from: ``base``, what was built from it, and snapshots."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from courier.sandboxd.exchange import HttpError
from courier.sandboxd.homes import copy_tree, drop_specials, remove_tree
from courier.sandboxd.layout import Layout, read_json, write_atomically

BASE = "base"
KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A kept home directory; ``id`` and every name can be used as a template."""

    id: str
    names: tuple[str, ...]
    sandbox_id: str
    made_at: float


@dataclass(frozen=True, slots=True)
class Template:
    """A prepared machine.

    Attributes:
        build: The build that made it.
        cpus: Processors of its sandboxes; zero for all there are.
        memory_mb: Memory of its sandboxes; zero for as much as a sandbox may have here.
        variables: What every process in its sandboxes starts with.
    """

    id: str
    names: tuple[str, ...]
    build: str = ""
    cpus: int = 0
    memory_mb: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)
    made_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """What a new sandbox is made from; ``home`` is the home directory to copy, if any."""

    template: Template
    alias: str
    home: Path | None = None


class Templates:
    """The registry of templates."""

    def __init__(self, layout: Layout) -> None:
        self._snapshots = layout.snapshots
        self._built = layout.templates

    def find(self, name: str) -> Source:
        """Return what a template's id or name stands for.

        Raises:
            HttpError: 404 if it is unknown.
        """
        plain = _plain(name)
        if plain == BASE:
            return Source(Template(BASE, (BASE,)), BASE)
        for built in self.built():
            if plain in (built.id, *built.names):
                return Source(built, plain, self._home(self._built, built.id))
        for kept in self.snapshots():
            if plain in (kept.id, *kept.names):
                template = Template(kept.id, kept.names, made_at=kept.made_at)
                return Source(template, plain, self._home(self._snapshots, kept.id))
        known = [BASE, *(name for each in self.built() for name in each.names)]
        known += [snapshot.id for snapshot in self.snapshots()]
        raise HttpError(
            404,
            f"template '{name}' not found: this server runs on the local machine and knows "
            + ", ".join(known),
        )

    def built(self) -> Sequence[Template]:
        """Return every template that was built, newest first."""
        found = []
        for directory in self._built.iterdir():
            fields = read_json(directory / "template.json")
            if fields is not None:
                found.append(Template(**fields | {"names": tuple(fields["names"])}))
        return sorted(found, key=lambda template: template.made_at, reverse=True)

    def snapshots(self) -> Sequence[Snapshot]:
        """Return every snapshot, newest first."""
        found = []
        for directory in self._snapshots.iterdir():
            fields = read_json(directory / "snapshot.json")
            if fields is not None:
                found.append(Snapshot(**fields | {"names": tuple(fields["names"])}))
        return sorted(found, key=lambda snapshot: snapshot.made_at, reverse=True)

    def keep(self, home: Path, *, sandbox_id: str, name: str | None) -> Snapshot:
        """Copy a home directory into a new snapshot; a name moves from an older one to it."""
        names = (name,) if name else ()
        snapshot = Snapshot(f"snap{secrets.token_hex(8)}", names, sandbox_id, time.time())
        directory = self._snapshots / snapshot.id
        directory.mkdir(mode=0o700)
        copy_tree(home, directory / "home")
        for older in self.snapshots():
            if name in older.names:
                self._write(self._snapshots, replace(older, names=()))
        self._write(self._snapshots, snapshot)
        return snapshot

    def admit(self, template: Template, *, taken: Path | None, copied: Path | None = None) -> None:
        """Keep a template; those that had one of its names before are removed.

        Args:
            template: What it is.
            taken: Its home directory, which is moved here; none if it has none of its own.
            copied: A home directory to copy in place of one to take.
        """
        directory = self._built / template.id
        remove_tree(directory)
        directory.mkdir(mode=0o700)
        if taken is not None:
            drop_specials(taken)
            taken.rename(directory / "home")
        elif copied is not None:
            copy_tree(copied, directory / "home")
        self._write(self._built, template)
        for older in self.built():
            if older.id != template.id and set(older.names) & set(template.names):
                remove_tree(self._built / older.id)

    def use(self, source: Source) -> None:
        """Take note that a template is of use, so that it is not thrown away."""
        mark = self._built / source.template.id / "template.json"
        if mark.exists():
            mark.touch()

    def tidy(self) -> None:
        """Remove templates that were never finished, and those out of use for a month."""
        oldest = time.time() - KEPT_SECONDS
        for directory in list(self._built.iterdir()):
            mark = directory / "template.json"
            if not mark.exists() or mark.stat().st_mtime < oldest:
                remove_tree(directory)

    def delete(self, name: str) -> bool:
        """Remove a template or snapshot; return whether it existed."""
        for root, kept in ((self._snapshots, self.snapshots()), (self._built, self.built())):
            for one in kept:
                if name in (one.id, *one.names):
                    remove_tree(root / one.id)
                    return True
        return False

    @staticmethod
    def _home(root: Path, name: str) -> Path | None:
        home = root / name / "home"
        return home if home.is_dir() else None

    @staticmethod
    def _write(root: Path, kept: Snapshot | Template) -> None:
        name = "snapshot.json" if isinstance(kept, Snapshot) else "template.json"
        write_atomically(root / kept.id / name, json.dumps(asdict(kept)))


def _plain(name: str) -> str:
    return name.partition(":")[0].rpartition("/")[2]
