"""The pictures of a run: files of its repository that agents are shown."""

from collections.abc import Sequence

from courier.engine import script, workspace
from courier.errors import Misconfigured
from courier.ports.sandboxes import Sandbox


async def require(sandbox: Sandbox, pictures: Sequence[str]) -> None:
    """Make sure that all of them are in the work tree.

    Raises:
        Misconfigured: If one is not.
    """
    there = await _there(sandbox, pictures)
    missing = [picture for picture in pictures if picture not in there]
    if missing:
        raise Misconfigured(
            "Pictures of the run are not in the repository.",
            detail=f"Not there: {', '.join(missing)}.",
            next_step="Commit them to the branch the run starts from, or correct `images`.",
        )


async def shown(sandbox: Sandbox, pictures: Sequence[str]) -> tuple[str, ...]:
    """Return the absolute paths of those that are still in the work tree."""
    return tuple(
        f"{workspace.folder(sandbox)}/{picture}" for picture in await _there(sandbox, pictures)
    )


async def _there(sandbox: Sandbox, pictures: Sequence[str]) -> list[str]:
    if not pictures:
        return []
    folder = workspace.folder(sandbox)
    done = await script.run(sandbox, "workspace_pictures", folder, *pictures)
    if done.exit_code != 0:
        raise script.fault("workspace_pictures", done)
    return [pictures[int(number)] for number in done.stdout.split()]
