"""Names git is given: checked here before they reach a command line or a tree."""

import re

from courier.errors import Misused

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|\.$|/$|^[/.-]")
_PATH_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")


def is_commit(text: str) -> bool:
    """Return whether the text is a full SHA-1 object id."""
    return _COMMIT.fullmatch(text) is not None


def checked_commit(text: str) -> str:
    """Return the object id.

    Raises:
        Misused: If it is not a full lower-case SHA-1.
    """
    if not is_commit(text):
        raise Misused("This is not a full object id.", detail=repr(text[:80]))
    return text


def is_ref(text: str) -> bool:
    """Return whether the text is a full ref name git would accept, e.g. ``refs/heads/x``."""
    return (
        text.startswith("refs/")
        and text.count("/") >= 2
        and len(text) <= 240
        and text != "refs/heads/HEAD"
        and _REF_FORBIDDEN.search(text) is None
    )


def checked_ref(text: str) -> str:
    """Return the full ref name.

    Raises:
        Misused: If git would not accept it.
    """
    if not is_ref(text):
        raise Misused("This is not a valid ref name.", detail=repr(text[:80]))
    return text


def branch_ref(branch: str) -> str:
    """Return the full ref of a branch given by its short name.

    Raises:
        Misused: If git would not accept the name.
    """
    ref = f"refs/heads/{branch}"
    if branch.startswith(("-", "refs/")) or not is_ref(ref):
        raise Misused("This is not a valid branch name.", detail=repr(branch[:80]))
    return ref


def checked_path(path: str) -> str:
    """Return a relative path with ``/`` between its parts, fit for a tree.

    Raises:
        Misused: If it is absolute, has empty or dotted parts, or holds control characters.
    """
    parts = path.split("/")
    broken = any(part in ("", ".", "..") or part.casefold() == ".git" for part in parts)
    if broken or _PATH_FORBIDDEN.search(path) or len(path) > 1024:
        raise Misused("This path cannot be kept on a branch.", detail=repr(path[:200]))
    return path
