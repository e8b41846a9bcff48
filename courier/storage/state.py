"""The state branch and the transcript refs on real git: the `StateBranch` port."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

import zstandard

from courier.errors import Misused, NotFound, Unavailable
from courier.ports.repository import Identity
from courier.ports.state import Change, Changed, WriteFile
from courier.storage.blobs import KeptBlobs
from courier.storage.history import listed
from courier.storage.lane import Lane, Place
from courier.storage.mirror import COURIER, Mirror
from courier.storage.names import branch_ref, checked_path
from courier.storage.objects import FILE, object_id
from courier.storage.remote import TRACKED
from courier.storage.rewriting import compacted, thinned
from courier.storage.treediff import NOTHING, Difference

_MONTH: Final = re.compile(r"([0-9]{4})/([0-9]{2})/[0-9]{2}/[^/]+/[^/]+\.jsonl\.zst")
_TRANSCRIPTS: Final = "refs/courier/transcripts"
_LEVEL: Final = 3
_LARGEST: Final = 256 << 20


class StateBranch:
    """The branch of records in a mirror's remote, written straight to its ref.

    The mirror must be open; several branches of one mirror, in several processes, may be written
    at once. A kill at any point loses nothing that was answered.
    """

    def __init__(
        self, mirror: Mirror, *, branch: str = "courier/state", identity: Identity = COURIER
    ) -> None:
        self._mirror = mirror
        self._identity = identity
        place = Place(remote=branch_ref(branch), local=TRACKED + branch)
        self._records = self._lane(place)
        self._months: dict[str, Lane] = {}
        self._blobs = KeptBlobs(mirror.plumbing)

    async def write(self, changes: Sequence[Change], *, message: str) -> None:
        """Commit the changes on the branch and push; returns when the remote has them.

        Raises:
            Misused: If a path is malformed, or is a folder of the branch.
            Misconfigured: If the remote's rules decline the push.
        """
        await self._records.write(changes, message=message)

    async def refresh(self) -> None:
        """Fetch the branch; reads see the remote's tip from then on."""
        await self._records.refresh()

    async def tip(self) -> str | None:
        """Return the commit reads see, None while there is none."""
        return await self._records.tip()

    async def changed(self, prefix: str, *, since: str | None) -> Changed:
        """Return which files below a folder are new, other or gone since an earlier tip."""
        found = None if since is None else await self._differences(prefix, since)
        if found is None:
            return Changed(tuple(await self.paths(prefix)), whole=True)
        above = f"{prefix.strip('/')}/".removeprefix("/")
        named = [(above + one.path.decode("utf-8", "surrogateescape"), one) for one in found]
        return Changed(
            there=tuple(path for path, one in named if one.new_mode != NOTHING),
            gone=tuple(path for path, one in named if one.new_mode == NOTHING),
        )

    async def _differences(self, prefix: str, since: str) -> Sequence[Difference] | None:
        try:
            return await self._records.differences(prefix, since=since)
        except NotFound:
            # A tip of before history was compacted need not be here any more.
            return None

    async def paths(self, prefix: str) -> Sequence[str]:
        """Return the paths of every file under a folder, sorted; empty if the branch is not."""
        inside = await self._records.folder(prefix)
        tip = await self._records.tip()
        if tip is None or not inside:
            return []
        if any(entry.mode != FILE for entry in inside.values()):
            return sorted(await self._mirror.files(tip, prefix))
        above = f"{prefix.strip('/')}/".removeprefix("/")
        return sorted(above + name.decode("utf-8", "surrogateescape") for name in inside)

    async def read(self, paths: Sequence[str], *, at: str | None = None) -> Mapping[str, bytes]:
        """Return the contents of those files that exist, in one batch, now or at a tip."""
        folders = {checked_path(path).rpartition("/")[0] for path in paths}
        if len(folders) == 1 and at is None:
            return await self._read_folder(folders.pop(), paths)
        tip = at or await self._records.tip()
        if tip is None or not paths:
            return {}
        names = [f"{tip}:{checked_path(path)}" for path in paths]
        found = await self._mirror.plumbing.reader.read(names)
        return {
            path: blob.content
            for path, blob in zip(paths, found, strict=True)
            if blob is not None and blob.kind == "blob"
        }

    async def _read_folder(self, folder: str, paths: Sequence[str]) -> Mapping[str, bytes]:
        inside = await self._records.folder(folder)
        entries = {
            path: inside.get(path.rpartition("/")[2].encode("utf-8", "surrogateescape"))
            for path in paths
        }
        names = {path: entry.id for path, entry in entries.items() if entry is not None}
        found = await self._blobs.read(list(names.values()))
        return {path: found[name] for path, name in names.items() if name in found}

    async def keep_transcripts(self, contents: Mapping[str, bytes]) -> Mapping[str, str]:
        """Store transcripts, zstd-compressed, under their month's ref; return path to blob id.

        Raises:
            Misused: If a path is not a transcript's, or they are of several months.
        """
        lanes = {self._month(path) for path in contents}
        if len(lanes) != 1:
            raise Misused("Transcripts of one month are kept together.", detail=", ".join(contents))
        lane = lanes.pop()
        folded = {path: await self._folded(lane, path, contents[path]) for path in contents}
        changes = [WriteFile(path, new) for path, (new, is_new) in folded.items() if is_new]
        if changes:
            named = ", ".join(change.path for change in changes)
            await lane.write(changes, message=f"Keep {named}")
        return {path: object_id("blob", content) for path, (content, _) in folded.items()}

    async def _folded(self, lane: Lane, path: str, content: bytes) -> tuple[bytes, bool]:
        """Return what is, or is to be, stored, and whether it is to be."""
        kept = await self._transcript(lane, path)
        if kept is not None and await asyncio.to_thread(_unfolded, kept) == content:
            return kept, False
        return await asyncio.to_thread(zstandard.compress, content, _LEVEL), True

    async def read_transcript(self, path: str) -> bytes | None:
        """Return the transcript, not compressed, fetching the month's ref if need be, or None."""
        lane = self._month(path)
        kept = await self._transcript(lane, path)
        if kept is None:
            await lane.refresh()
            kept = await self._transcript(lane, path)
        return None if kept is None else await asyncio.to_thread(_unfolded, kept)

    async def months(self) -> Sequence[str]:
        """Return the months whose transcripts are on the remote, e.g. ``2026-11``, in order."""
        refs = await self._mirror.remote.refs(_TRANSCRIPTS)
        return sorted(ref.removeprefix(f"{_TRANSCRIPTS}/") for ref in refs)

    async def transcripts(self, month: str) -> Mapping[str, int]:
        """Return the path of everything that is kept of a month, and how many bytes it takes."""
        tip = await self._of_month(month).refresh()
        if tip is None:
            return {}
        return await listed(self._mirror.plumbing, tip)

    async def drop_transcripts(self, month: str, paths: Collection[str]) -> None:
        """Make a month's ref as if those files had never been; it goes when nothing is left."""
        await self._of_month(month).rewrite(thinned(paths))

    async def compact(self, before: datetime) -> bool:
        """Make one commit of all that were made before a moment; return whether there were two."""
        return await self._records.rewrite(compacted(before))

    async def close(self) -> None:
        """Wait for what is being written."""
        for lane in (self._records, *self._months.values()):
            await lane.close()

    async def _transcript(self, lane: Lane, path: str) -> bytes | None:
        tip = await lane.tip()
        if tip is None:
            return None
        found = (await self._mirror.plumbing.reader.read([f"{tip}:{path}"]))[0]
        return found.content if found is not None and found.kind == "blob" else None

    def _month(self, path: str) -> Lane:
        match = _MONTH.fullmatch(checked_path(path))
        if match is None:
            raise Misused("This is not a transcript's path.", detail=path)
        return self._of_month(f"{match[1]}-{match[2]}")

    def _of_month(self, month: str) -> Lane:
        if month not in self._months:
            ref = f"{_TRANSCRIPTS}/{month}"
            self._months[month] = self._lane(Place(remote=ref, local=ref))
        return self._months[month]

    def _lane(self, place: Place) -> Lane:
        mirror = self._mirror
        return Lane(mirror.plumbing, mirror.remote, place=place, identity=self._identity)


def _unfolded(folded: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(folded, max_output_size=_LARGEST)
    except zstandard.ZstdError as broken:
        raise Unavailable("A stored transcript cannot be unfolded.", detail=str(broken)) from broken
