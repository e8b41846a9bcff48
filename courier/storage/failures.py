"""What git's refusals mean to courier: its messages, typed."""

import re
from dataclasses import dataclass

from courier.errors import Conflict, CourierError, Misconfigured, Unavailable
from courier.storage.locks import held

_DENIED = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|"
    r"access denied|terminal prompts disabled|host key verification failed|"
    r"returned error: 40[13]|repository not found|repository .* not found|"
    r"does not appear to be a git repository|dubious ownership|"
    r"transport '.*' not allowed|"
    r"not a git repository|unable to find remote helper|invalid username or",
    re.IGNORECASE,
)
_BUSY = re.compile(r"unable to create '.*\.lock'|cannot lock ref|\.lock': file exists", re.I)
_CHECKED_OUT = re.compile(r"checked out|current branch", re.IGNORECASE)
_STALE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|"
    r"reference already exists|incorrect old value|already exists|remote ref updated since",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"missing necessary objects|bad pack|unpacker error|unable to migrate objects|temporarily",
    re.IGNORECASE,
)
_UNSAID = re.compile(r"failed to update ref|failed to delete|cannot lock ref", re.IGNORECASE)
_NO_REPOSITORY = re.compile(
    r"does not appear to be a git repository|^fatal: repository '.*' does not exist", re.MULTILINE
)
_URL_SECRET = re.compile(r"(?<=://)[^/@\s]+@")


class Moved(Conflict):
    """The remote branch was not where it was expected."""


class Rearranging(Unavailable):
    """The remote is busy with itself for a moment: it collects garbage, or its refs are locked."""


def without_userinfo(text: str) -> str:
    """Return the text with the user part of every URL left out: it may be a token."""
    return _URL_SECRET.sub("", text)


def failure(command: str, stderr: str) -> CourierError:
    """Return the error a git command's failure means.

    Args:
        command: The git subcommand, e.g. ``fetch``.
        stderr: What it printed, in the C locale.
    """
    detail = without_userinfo(stderr.strip())[-2000:]
    if _BUSY.search(stderr):
        return Unavailable(
            f"git {command} found a lock.",
            detail=detail,
            next_step="Another git process is at work, or died; try again.",
        )
    if _NO_REPOSITORY.search(stderr):
        return Misconfigured(
            "There is no repository there.", detail=detail, next_step="Check where it is."
        )
    if _DENIED.search(stderr):
        return Misconfigured(
            f"git {command} was not let in.",
            detail=detail,
            next_step="Check the remote's URL and that your credentials may read and write it.",
        )
    return Unavailable(f"git {command} failed.", detail=detail)


@dataclass(frozen=True, slots=True)
class PushedRef:
    """One line of ``git push --porcelain``: a flag, the remote ref and git's reason."""

    flag: str
    ref: str
    reason: str

    @property
    def accepted(self) -> bool:
        """Return whether the remote ref is now as wanted."""
        return self.flag != "!"


def pushed_refs(stdout: str) -> tuple[PushedRef, ...]:
    """Return what ``git push --porcelain`` reports about each ref."""
    found = []
    for line in stdout.splitlines():
        parts = line.split("\t")
        if len(parts) >= 3 and len(parts[0]) == 1:
            found.append(PushedRef(parts[0], parts[1].rpartition(":")[2], parts[2]))
    return tuple(found)


def push_failure(pushed: PushedRef, stderr: str) -> CourierError:
    """Return the error a refused ref means: moved meanwhile, checked out, or declined."""
    detail = without_userinfo(f"{pushed.ref}: {pushed.reason}\n{stderr.strip()}")[-2000:]
    if _PASSING.search(pushed.reason):
        return Rearranging("The remote was rearranging its objects.", detail=detail)
    if held(stderr) is not None and _UNSAID.search(pushed.reason):
        return Rearranging("The remote's refs were locked.", detail=detail)
    if _STALE.search(pushed.reason):
        return Moved("The remote branch was moved by somebody else.", detail=detail)
    if _CHECKED_OUT.search(pushed.reason):
        return Conflict(
            "The branch is checked out in the remote repository.",
            detail=detail,
            next_step="Switch to another branch there, then try again.",
        )
    return Misconfigured(
        "The remote declined the push.",
        detail=detail,
        next_step="Let courier's account write this branch, or change the branch's rules.",
    )
