"""The work tree inside a sandbox: how a commit gets in, and how work comes out."""

from secrets import token_hex

from courier.engine import script
from courier.errors import Refused
from courier.ports.repository import Identity
from courier.ports.sandboxes import Completed, Sandbox

LARGEST_BUNDLE = 256 * 1024 * 1024
"""Bytes of work that may leave a sandbox at once."""

_NESTED, _TOO_LARGE = 3, 4
_PATIENCE_SECONDS = 600.0
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


async def prepare(sandbox: Sandbox, *, key: str, archive: bytes, identity: Identity) -> str:
    """Check the repository out, once per key; a new key replaces the work tree.

    Args:
        sandbox: Where.
        key: What the work tree is for. The same key again leaves the work in it alone.
        archive: A tar of a ``.git`` folder whose HEAD is to be checked out.
        identity: Who commits made inside are by, unless the agent says otherwise.

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
        env=_GIT_ENV,
        timeout_seconds=_PATIENCE_SECONDS,
    )
    if done.exit_code != 0:
        raise script.fault("workspace_prepare", done)
    return folder(sandbox)


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
    done = await _collect(sandbox, "agent", (base, ref, message), identity)
    if done.exit_code not in (0, _NESTED, _TOO_LARGE, script.BUSY, 127):
        done = await _collect(sandbox, "archive", (base, ref, message), identity)
    _refuse(done)
    told = done.stdout.strip()
    return None if told == "unchanged" else await sandbox.read(told)


async def _collect(
    sandbox: Sandbox, source: str, wanted: tuple[str, str, str], identity: Identity
) -> Completed:
    author = {"GIT_AUTHOR_NAME": identity.name, "GIT_AUTHOR_EMAIL": identity.email}
    committer = {"GIT_COMMITTER_NAME": identity.name, "GIT_COMMITTER_EMAIL": identity.email}
    return await script.run(
        sandbox,
        "workspace_collect",
        *(folder(sandbox), _state(sandbox), *wanted, str(LARGEST_BUNDLE), source),
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
