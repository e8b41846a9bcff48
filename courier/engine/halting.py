"""A merge in a sandbox: stopped in its conflict on the way in, judged on the way out."""

from courier.engine.admission import Work
from courier.engine.merging import HOW
from courier.engine.workspace import CONFLICT, Halted, halt
from courier.engine.world import World
from courier.ports.repository import Identity, Joining, Unmerged
from courier.ports.sandboxes import Sandbox
from courier.runs.frozen import FrozenPlan
from courier.runs.merging import MergeConflict, has_marks


async def unmerged(world: World, plan: FrozenPlan, conflict: MergeConflict) -> Unmerged:
    """Return how git's index holds the conflict."""
    assert plan.merge is not None  # noqa: S101 - only such a run has conflicts
    git = plan.git
    author = Identity(git.author_name, git.author_email)
    how = HOW[plan.merge.strategy]
    joining = Joining(conflict.onto, conflict.commit, how, message="", author=author)
    return await world.repository.unmerged(joining)


def shown(conflict: MergeConflict, found: Unmerged) -> dict[str, str]:
    """Return the branches that the work tree's repository must have."""
    return {CONFLICT: found.holder, conflict.branch: conflict.commit}


async def stop_in(
    sandbox: Sandbox, plan: FrozenPlan, conflict: MergeConflict, found: Unmerged, *, key: str
) -> None:
    """Put a fresh work tree into the middle of the merge, once per key."""
    assert plan.merge is not None  # noqa: S101 - as above
    picks = HOW[plan.merge.strategy] == "pick"
    message = f"Merge {conflict.branch} into {plan.git.base_branch}"
    halted = Halted(conflict.onto, conflict.commit, found.entries, message, picks=picks)
    await halt(sandbox, halted, key=key)


async def judged(world: World, conflict: MergeConflict, work: Work) -> Work:
    """Return the work with what is left of the conflict; nothing done may be all that is needed."""
    if work.refusal is not None:
        return work
    repository, commit = world.repository, work.commit or conflict.base
    told = work.model_copy(update={"commit": commit})
    if await repository.tree(commit) == await repository.tree(conflict.onto):
        return told.model_copy(update={"unresolved": ()})
    files = await repository.files(commit, "")
    paths = [path for path in dict.fromkeys((*conflict.files, *work.files)) if path in files]
    contents = await repository.read([files[path] for path in paths])
    marked = [path for path, content in zip(paths, contents, strict=True) if has_marks(content)]
    return told.model_copy(update={"unresolved": tuple(marked) or None})
