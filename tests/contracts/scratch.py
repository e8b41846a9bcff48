"""Real git repositories in a scratch folder, made with a fixed identity and fixed dates."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from courier.storage.credentials import Credentials
from courier.storage.mirror import Mirror
from courier.system import SystemClock

GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Hana",
    "GIT_AUTHOR_EMAIL": "hana@example.org",
    "GIT_AUTHOR_DATE": "1767322800 +0000",
    "GIT_COMMITTER_NAME": "Hana",
    "GIT_COMMITTER_EMAIL": "hana@example.org",
    "GIT_COMMITTER_DATE": "1767322800 +0000",
}


def git(*args: str, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
    """Run git as the human would and return what it printed."""
    done = subprocess.run(
        ["git", *args],
        cwd=cwd,
        input=stdin,
        env={**GIT_ENV, **(env or {})},
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()


def put(folder: Path, files: Mapping[str, str | bytes | None]) -> None:
    """Write files of a working tree; None deletes one."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass(frozen=True)
class Scratch:
    """A bare origin and a human's clone of it."""

    folder: Path

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def human(self) -> Path:
        return self.folder / "human"

    @property
    def state(self) -> Path:
        """Where courier's own files go."""
        return self.folder / "courier"

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "Change") -> str:
        """Commit in the human's clone and return the commit."""
        put(self.human, files)
        git("add", "-A", cwd=self.human)
        git("commit", "-q", "--allow-empty", "-m", message, cwd=self.human)
        return git("rev-parse", "HEAD", cwd=self.human)

    def push(self, refspec: str = "HEAD:refs/heads/main") -> None:
        git("push", "-q", "origin", refspec, cwd=self.human)

    def tip(self, branch: str = "main") -> str | None:
        """Return where a branch of the origin is."""
        return (
            git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}", cwd=self.origin)
            or None
        )

    def mirror(self, *, remote: Path | None = None, folder: Path | None = None) -> Mirror:
        """Return a mirror that is not open yet."""
        return Mirror(
            folder or self.state,
            remote=str(remote or self.origin),
            clock=SystemClock(),
            credentials=Credentials(environment={"PATH": os.environ["PATH"]}),
        )


def make_scratch(folder: Path) -> Scratch:
    """Make an empty bare origin with a clone."""
    scratch = Scratch(folder)
    folder.mkdir(parents=True, exist_ok=True)
    git("init", "-q", "--bare", "-b", "main", str(scratch.origin), cwd=folder)
    git("init", "-q", "-b", "main", str(scratch.human), cwd=folder)
    git("remote", "add", "origin", str(scratch.origin), cwd=scratch.human)
    return scratch
