"""What commits of a mirror hold, and what differs between them; nothing is changed."""

from collections.abc import Mapping, Sequence
from typing import Final

from courier.errors import NotFound
from courier.planning.asked.library import AssetFile
from courier.ports.repository import Identity, Version
from courier.runs.texts.filechange import FileChange
from courier.storage import history
from courier.storage.git import Limits
from courier.storage.listing import Listing
from courier.storage.names import checked_commit
from courier.storage.plumbing import Plumbing

_TRACKED: Final = "refs/remotes/origin"
_DIFF: Final = Limits(output=8 << 20, may_cut=True)


class Looking:
    """Reads commits of a mirror."""

    plumbing: Plumbing
    listing: Listing

    async def files(self, commit: str, prefix: str) -> Mapping[str, str]:
        """Return path to blob id of every regular file under a folder of a commit."""
        return await self.listing.files(commit, prefix)

    async def read(self, blobs: Sequence[str]) -> Sequence[bytes]:
        """Return the contents of blobs, in order, in one batch.

        Raises:
            NotFound: If the mirror lacks one of them.
        """
        found = await self.plumbing.reader.read([checked_commit(blob) for blob in blobs])
        contents = [blob.content for blob in found if blob is not None and blob.kind == "blob"]
        if len(contents) != len(found):
            raise NotFound("The mirror lacks a blob.")
        return contents

    async def assets(self, commit: str, path: str) -> Sequence[AssetFile]:
        """Return the file at a path, or everything below it; contents where they are readable."""
        return await history.assets(self.plumbing, commit, path)

    async def find_commit(self, text: str) -> str | None:
        """Return the whole id of a commit given by it or by its beginning; None if unknown."""
        return await history.find_commit(self.plumbing, text)

    async def versions(self, path: str, *, tip: str) -> Sequence[Version]:
        """Return every commit on the way to ``tip`` that changed a file, the newest first."""
        return await history.versions(self.plumbing, path, tip=tip)

    async def sizes(self, blobs: Sequence[str]) -> Sequence[int]:
        """Return the bytes of blobs, in order, reading none of them.

        Raises:
            NotFound: If the mirror lacks one of them.
        """
        return await history.sizes(self.plumbing, blobs)

    async def tree(self, commit: str) -> str:
        """Return the id of a commit's tree.

        Raises:
            NotFound: If there is no such commit.
        """
        return await history.tree(self.plumbing, commit)

    async def author(self, path: str, *, at: str) -> Identity | None:
        """Return who last changed a file, as of a commit; None where history does not tell."""
        return await history.author(self.plumbing, path, at=at)

    async def diff(self, base: str, head: str) -> str:
        """Return the unified diff from the merge base of both to ``head``, at most 8 MiB of it."""
        git = self.plumbing.local
        start = await git.run(
            "merge-base", checked_commit(base), checked_commit(head), accept=(0, 1)
        )
        flags = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames")
        answer = await git.run("diff", *flags, start.text or base, head, "--", limits=_DIFF)
        end = "\n[the rest of this diff is left out]\n" if answer.was_cut else ""
        return answer.out.decode(errors="replace") + end

    async def changes(self, base: str, head: str) -> Sequence[FileChange]:
        """Return every file that differs from the merge base of both to ``head``, by path."""
        return await history.changes(self.plumbing, base, head)

    async def branches(self) -> Mapping[str, str]:
        """Return every branch of the remote, as last fetched, and its tip."""
        told = await self.plumbing.local.run(
            "for-each-ref", "--format=%(objectname) %(refname:lstrip=3)", _TRACKED
        )
        lines = (line.partition(" ") for line in told.text.splitlines())
        return {name: tip for tip, _, name in lines if name != "HEAD"}
