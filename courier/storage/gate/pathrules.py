"""What the gate thinks of paths, modes and links: pure decisions over plain values."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from courier.diagnostics import Diagnostic
from courier.storage.gate.findings import PROTECTED, finding

LINK: Final = "120000"
SUBMODULE: Final = "160000"
NOTHING: Final = "000000"
_MODES: Final = ("100644", "100755", LINK, NOTHING)

BUILT_IN_PROTECTED: Final = (
    ".github/workflows/**",
    ".github/actions/**",
    ".courier/**",
    "**/CODEOWNERS",
    "**/.gitmodules",
    "**/.gitattributes",
    ".gitlab-ci.yml",
    ".gitlab/ci/**",
    ".circleci/**",
    ".travis.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".woodpecker/**",
    ".buildkite/**",
    ".forgejo/workflows/**",
    ".gitea/workflows/**",
    "**/Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "appveyor.yml",
    ".appveyor.yml",
    "cloudbuild.yaml",
)
"""What decides what runs, who reviews, or how git treats files: never changed unseen."""

_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\\\\\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_DOT_GIT: Final = re.compile(r"\.git([. ]*|:.*)|git~[0-9]+", re.IGNORECASE)


def fold(text: str) -> str:
    """Return the text as a file system that ignores case and composition would see it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def path_finding(raw: bytes) -> Diagnostic | None:
    """Return why a path cannot be let in, or None."""
    shown = repr(raw.decode("utf-8", "backslashreplace")[:200])
    try:
        path = raw.decode("utf-8")
    except UnicodeDecodeError:
        return finding("BadPath", "A path is not UTF-8.", f"At {shown}.")
    if _FORBIDDEN.search(path):
        return finding(
            "BadPath", "A path holds a control, invisible or backslash character.", f"At {shown}."
        )
    parts = path.split("/")
    if any(part in ("", ".", "..") or _DOT_GIT.fullmatch(part) for part in parts):
        return finding("BadPath", "A path means something to git itself.", f"At {shown}.")
    if len(raw) > 3000 or any(len(part.encode()) > 255 for part in parts):
        return finding("BadPath", "A path is too long to be checked out.", f"At {shown}.")
    return None


def mode_finding(path: str, mode: str) -> Diagnostic | None:
    """Return why a mode, as ``diff-tree`` tells it, cannot be let in, or None."""
    if mode in _MODES:
        return None
    if mode == SUBMODULE:
        return finding("Submodule", "A submodule or nested repository.", f"At {path!r}.")
    return finding("BadMode", "A file has an unusual mode.", f"At {path!r}: {mode}.")


def link_finding(path: str, target: bytes) -> Diagnostic | None:
    """Return why a symbolic link cannot be let in, or None.

    Going up is allowed only at the start: from a real folder that is exact, whereas behind
    another link ``..`` may lead anywhere.
    """
    text = target.decode("utf-8", "backslashreplace")
    parts = text.split("/")
    ups = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    rest = parts[ups:]
    leaves = text.startswith("/") or ups > path.count("/") or ".." in rest
    odd = not text or _FORBIDDEN.search(text) or any(_DOT_GIT.fullmatch(part) for part in rest)
    if leaves or odd:
        return finding(
            "LinkOutside",
            "A symbolic link leads outside, or to a place that is not the repository's.",
            f"At {path!r}: {text[:200]!r}.",
        )
    return None


def protected_finding(path: str, globs: Sequence[str]) -> Diagnostic | None:
    """Return that a path is protected by one of the globs or the built-in ones, or None."""
    folded = fold(path)
    for glob in (*BUILT_IN_PROTECTED, *globs):
        if _pattern(glob).fullmatch(folded):
            return finding(
                PROTECTED, "A protected path is changed.", f"At {path!r}, protected by {glob!r}."
            )
    return None


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    """Return a glob as a pattern: ``**`` crosses folders, ``*`` and ``?`` do not.

    A glob that names a folder protects everything in it.
    """
    out = []
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", fold(glob).strip("/")):
        wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part)
        out.append(re.escape(part) if wild is None else wild)
    return re.compile("".join(out) + "(?:/.*)?", re.DOTALL)


class Spellings:
    """How every file and folder of a tree is spelt, to find names that differ only in form."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        """Take in a file and the folders above it."""
        for name in _with_folders(path):
            self._seen[fold(name)][name] += 1

    def remove(self, path: str) -> None:
        """Take out a file; folders go with their last file."""
        for name in _with_folders(path):
            counts = self._seen[fold(name)]
            counts[name] -= 1
            if counts[name] <= 0:
                del counts[name]

    def collision(self, path: str) -> Diagnostic | None:
        """Return that a file, or a folder above it, is there in another spelling, or None."""
        for name in _with_folders(path):
            others = [other for other in self._seen[fold(name)] if other != name]
            if others:
                return finding(
                    "NameCollision",
                    "Two names differ only in case or in composition.",
                    f"At {name!r} and {others[0]!r}.",
                )
        return None


def _with_folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
