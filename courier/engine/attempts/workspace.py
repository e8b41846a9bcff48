"""The work tree inside a sandbox: how a commit gets in, and how work comes out."""

from dataclasses import dataclass
from secrets import token_hex

from courier.engine.attempts import script
from courier.errors import Refused
from courier.ports.repository import Identity
from courier.ports.sandboxes import Completed, Sandbox

LARGEST_BUNDLE = 256 * 1024 * 1024
"""Bytes of work that may leave a sandbox at once."""

EARLIER_WORK = "courier-earlier-work"
"""The branch of an archive whose tree `prepare` puts into the work tree, uncommitted."""

CONFLICT = "courier-conflict"
"""The branch of an archive whose files the two sides of a conflict are."""

_NESTED, _TOO_LARGE = 3, 4
_PATIENCE_SECONDS = 600.0
_SAVED = "Work in progress"
_GIT_ENV = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


def kept_at(run: str, attempt: str) -> str:
    """Return the ref of the mirror that keeps what an attempt left."""
    return f"refs/courier/runs/{run}/{attempt}"


def folder(sandbox: Sandbox) -> str:
    """Return the absolute path of the work tree."""
    return f"{sandbox.home}/repo"


def saved_at(run: str, attempt: str) -> str:
    """Return the ref of the mirror that keeps what was last saved while an attempt went on."""
    return f"refs/courier/saved/{run}/{attempt}"


async def prepare(
    sandbox: Sandbox, *, key: str, archive: bytes, identity: Identity, resumes: bool = False
) -> str:
    """Check the repository out, once per key; a new key replaces the work tree.

    Args:
        sandbox: Where.
        key: What the work tree is for. The same key again leaves the work in it alone.
        archive: A tar of a ``.git`` folder whose HEAD is to be checked out.
        identity: Who commits made inside are by, unless the agent says otherwise.
        resumes: Whether the work of the archive's branch `EARLIER_WORK` goes into the work tree.

    Returns:
        The work tree's absolute path.

    Raises:
        Misconfigured: If the sandbox's template lacks git.
    """
    upload = f"{_state(sandbox)}/upload-{token_hex(8)}.tar"
    await sandbox.write({upload: archive})
    done = await script.run(
        sandbox,
        "workspace_prepare",
        *(upload, key, _config(identity), folder(sandbox), _state(sandbox)),
        *((EARLIER_WORK,) if resumes else ()),
        env=_GIT_ENV,
        timeout_seconds=_PATIENCE_SECONDS,
    )
    if done.exit_code != 0:
        raise script.fault("workspace_prepare", done)
    return folder(sandbox)


@dataclass(frozen=True, slots=True)
class Halted:
    """A merge that stopped in a conflict.

    Attributes:
        ours: What HEAD is to be.
        theirs: What is being brought in.
        entries: What the index holds of the conflict, for ``git update-index -z --index-info``.
        message: What git proposes as message.
        picks: Whether one commit is being picked, in the place of a merge.
    """

    ours: str
    theirs: str
    entries: bytes
    message: str
    picks: bool = False


async def halt(sandbox: Sandbox, halted: Halted, *, key: str) -> None:
    """Put a fresh work tree of a conflicted commit into the middle of its merge, once per key.

    Args:
        sandbox: Where; its archive had the branch `CONFLICT`.
        halted: The merge.
        key: What the work tree is for, as `prepare` was told.
    """
    upload = f"{_state(sandbox)}/entries-{token_hex(8)}"
    await sandbox.write({upload: halted.entries})
    headfile = "CHERRY_PICK_HEAD" if halted.picks else "MERGE_HEAD"
    done = await script.run(
        sandbox,
        "workspace_merge",
        *(folder(sandbox), _state(sandbox), key, halted.ours, halted.theirs, upload),
        *(CONFLICT, headfile, halted.message),
        env=_GIT_ENV,
        timeout_seconds=_PATIENCE_SECONDS,
    )
    if done.exit_code != 0:
        raise script.fault("workspace_merge", done)


async def collect(
    sandbox: Sandbox, *, base: str, ref: str, message: str, identity: Identity
) -> bytes | None:
    """Return a git bundle of all work since ``base``, committed or not; None where nothing changed.

    The agent's commits are kept where they descend from the base; what is uncommitted becomes one
    more commit. The agent's own git directory is only read, so that its HEAD, index, locks and
    configuration neither matter nor change, and if it is unusable the work tree alone counts.
    The same work gives the same commit again.

    Args:
        sandbox: Where.
        base: The commit the workspace was made from.
        ref: The one ref the bundle holds.
        message: The message of the commit for uncommitted work, trailers included.
        identity: Its author and committer.

    Raises:
        Refused: If the work holds other repositories, is too large, or the work tree is gone.
    """
    done = await _collect(sandbox, (base, ref, message), identity)
    _refuse(done)
    told = done.stdout.splitlines()[0]
    return None if told == "unchanged" else await sandbox.read(told)


async def save(
    sandbox: Sandbox, *, base: str, ref: str, known: str, identity: Identity
) -> tuple[bytes, str] | None:
    """Return a git bundle of the work tree as it is now, and the id of its tree.

    For while the agent works: nothing of its own is touched or waited for, and what it committed
    counts as part of the work tree. The bundle's one commit follows ``base``.

    Args:
        sandbox: Where.
        base: The commit the workspace was made from.
        ref: The one ref the bundle holds.
        known: The tree of which nothing more is to be said; None is returned for it.
        identity: The author and committer of the one commit.

    Raises:
        Refused: If the work holds other repositories, is too large, or the work tree is gone.
    """
    done = await _collect(sandbox, (base, ref, _SAVED, known), identity)
    _refuse(done)
    told = done.stdout.splitlines()
    if told == ["unchanged"]:
        return None
    if len(told) != 2:
        raise script.fault("workspace_collect", done)
    bundle, tree = told
    return await sandbox.read(bundle), tree


async def _collect(sandbox: Sandbox, wanted: tuple[str, ...], identity: Identity) -> Completed:
    done = await _run(sandbox, "agent", wanted, identity)
    if done.exit_code not in (0, _NESTED, _TOO_LARGE, script.BUSY, 127):
        done = await _run(sandbox, "archive", wanted, identity)
    return done


async def _run(
    sandbox: Sandbox, source: str, wanted: tuple[str, ...], identity: Identity
) -> Completed:
    base, ref, message, *known = wanted
    author = {"GIT_AUTHOR_NAME": identity.name, "GIT_AUTHOR_EMAIL": identity.email}
    committer = {"GIT_COMMITTER_NAME": identity.name, "GIT_COMMITTER_EMAIL": identity.email}
    return await script.run(
        sandbox,
        "workspace_collect",
        *(folder(sandbox), _state(sandbox), base, ref, message),
        *(str(LARGEST_BUNDLE), source, *known),
        env={**_GIT_ENV, **author, **committer},
        timeout_seconds=_PATIENCE_SECONDS,
    )


def _refuse(done: Completed) -> None:
    if done.exit_code == 0:
        return
    if done.exit_code in (script.BUSY, 127):
        raise script.fault("workspace_collect", done)
    if done.exit_code == _NESTED:
        raise Refused(
            "NestedRepository",
            "The work holds other git repositories, which cannot be part of a commit.",
            detail="Found in: " + ", ".join(done.stdout.splitlines()[:10]),
        )
    if done.exit_code == _TOO_LARGE:
        raise Refused(
            "TooLarge",
            "The work is too large to leave the sandbox.",
            detail=f"At most {LARGEST_BUNDLE} bytes may.",
        )
    raise Refused(
        "WorkspaceLost",
        "The work tree is gone or unreadable.",
        detail=done.stderr.strip()[-500:],
    )


def _config(identity: Identity) -> str:
    """Return what git's configuration says of a person, however unusual the name."""
    name, email = (_quoted(text) for text in (identity.name, identity.email))
    return f"[user]\n\tname = {name}\n\temail = {email}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _state(sandbox: Sandbox) -> str:
    return f"{sandbox.home}/.courier/workspace"
