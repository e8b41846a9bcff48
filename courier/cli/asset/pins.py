"""The assets of a working tree: what was taken, and how more is put there."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.engine.passes.shelf import Parcel
from courier.errors import Conflict, Misused
from courier.planning.catalog.sharing import (
    LOCK,
    SHARED_KINDS,
    Locked,
    changed,
    read_lock,
    write_lock,
)
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.shipped import schema_text


def asset_named(text: str) -> Ref:
    """Return the asset that ``kind/name`` means.

    Raises:
        Misused: If it means none.
    """
    from courier.cli.kinds import thing_named

    ref = thing_named(text)
    if ref.kind not in SHARED_KINDS:
        raise Misused(
            f"{ref.kind} documents are not shared.", detail=f"These are: {', '.join(SHARED_KINDS)}."
        )
    return ref


def by_source(assets: Iterable[Locked]) -> Mapping[str, Sequence[Locked]]:
    """Return the assets of every repository, so that each has to be opened once."""
    found: dict[str, list[Locked]] = {}
    for locked in assets:
        found.setdefault(locked.source, []).append(locked)
    return found


class Pins:
    """What is pinned in a working tree.

    Args:
        root: Its top folder.
        files: Path to content below `.courier/`.
    """

    def __init__(self, root: Path, files: Mapping[str, bytes]) -> None:
        self._root = root
        self.files = files
        told = files.get(LOCK)
        self.assets: Sequence[Locked] = read_lock(told.decode()) if told is not None else ()

    @property
    def present(self) -> frozenset[Ref]:
        """Return every document there is."""
        reading = read_files(self.files, Schemas(schema_text))
        return frozenset(reading.catalog.documents)

    def put(self, parcel: Parcel) -> Sequence[str]:
        """Write what was taken and pin it; return the paths that were written.

        Raises:
            Conflict: If a file is in the way, or was changed since it was taken.
        """
        mine = {locked.ref: locked for locked in self.assets}
        for locked in parcel.assets:
            former = mine.get(locked.ref)
            wrong = list(changed(former, self.files)) if former else []
            if wrong:
                raise Conflict(
                    f"{locked.ref} was changed here since it was taken.",
                    detail="; ".join(wrong) + ".",
                    next_step="Take the change back, or keep it under a name of your own.",
                )
        owned = {path for locked in mine.values() for path in locked.files}
        taken = [path for path in parcel.files if self._is_other(path, parcel, owned)]
        if taken:
            raise Conflict(
                "Files of your own are in the way.",
                detail=", ".join(taken),
                next_step="Move them, or give your assets other names.",
            )
        return self._write(parcel, mine)

    def _is_other(self, path: str, parcel: Parcel, owned: set[str]) -> bool:
        there = self._root / path
        return path not in owned and there.exists() and there.read_bytes() != parcel.files[path][0]

    def _write(self, parcel: Parcel, mine: dict[Ref, Locked]) -> Sequence[str]:
        former = {
            path
            for locked in parcel.assets
            if locked.ref in mine
            for path in mine[locked.ref].files
        }
        for path in former - set(parcel.files):
            (self._root / path).unlink(missing_ok=True)
        for path, (content, is_executable) in parcel.files.items():
            place = self._root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod(0o755 if is_executable else 0o644)
        assets = {**mine, **{locked.ref: locked for locked in parcel.assets}}
        (self._root / LOCK).write_text(write_lock(list(assets.values())))
        return sorted({*parcel.files, *former, LOCK})
