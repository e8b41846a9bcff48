"""The shell scripts that run inside sandboxes: POSIX sh, coreutils, util-linux and git."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from courier.errors import CourierError, Misconfigured, Unavailable
from courier.ports.sandboxes import Completed, Sandbox

BUSY = 75
"""A script's exit code for: somebody else is at it; ask again."""


@cache
def text(name: str) -> str:
    """Return a script's text."""
    return files("courier.engine.attempts").joinpath("scripts", f"{name}.sh").read_text("utf-8")


async def run(
    sandbox: Sandbox,
    name: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float = 60,
) -> Completed:
    """Run a script in the sandbox with positional arguments."""
    argv = ["sh", "-c", text(name), f"courier-{name}", *arguments]
    return await sandbox.run(argv, env=env, timeout_seconds=timeout_seconds)


def fault(name: str, ended: Completed) -> CourierError:
    """Return what a script's unexpected exit code means."""
    detail = f"{name} ended with {ended.exit_code}: {ended.stderr.strip()[-500:]}"
    if ended.exit_code == BUSY:
        return Unavailable("The sandbox is still busy with the same request.", detail=detail)
    if ended.exit_code == 127:
        return Misconfigured(
            "The sandbox's template lacks a program.",
            detail=detail,
            next_step="Add git, tar, coreutils and util-linux to the template.",
        )
    return Unavailable("A command of courier's own failed in the sandbox.", detail=detail)
