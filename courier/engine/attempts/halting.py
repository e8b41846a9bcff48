"""A merge in a sandbox: stopped in its conflict on the way in, judged on the way out."""

from collections.abc import Mapping
from dataclasses import dataclass

from courier.engine.attempts.workspace import CONFLICT, Halted, halt
from courier.engine.commits.admission import Work
from courier.engine.commits.merging import HOW
from courier.engine.world import World
from courier.ports.repository import Identity, Joining
from courier.ports.sandboxes import Sandbox
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.merging import MergeConflict, has_marks


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where a work tree begins in the middle of a merge, if it does.

    Attributes:
        branches: What its repository must have besides the commit it is of.
    """

    branches: Mapping[str, str]
    _halted: Halted | None = None

    async def put(self, sandbox: Sandbox, *, key: str) -> None:
        """Put a fresh work tree into the middle of the merge, once per key."""
        if self._halted is not None:
            await halt(sandbox, self._halted, key=key)


async def stopped(world: World, plan: FrozenPlan, conflict: MergeConflict | None) -> Stopped:
    """Return how a work tree begins that may be in a conflict."""
    if conflict is None or plan.merge is None:
        return Stopped({})
    git, how = plan.git, HOW[plan.merge.strategy]
    author = Identity(git.author_name, git.author_email)
    joining = Joining(conflict.onto, conflict.commit, how, message="", author=author)
    found = await world.repository.unmerged(joining)
    message = f"Merge {conflict.branch} into {git.base_branch}"
    return Stopped(
        {CONFLICT: found.holder, conflict.branch: conflict.commit},
        Halted(conflict.onto, conflict.commit, found.entries, message, picks=how == "pick"),
    )


async def judged(world: World, conflict: MergeConflict | None, work: Work) -> Work:
    """Return the work with what is left of a conflict; nothing done may be all that is needed."""
    if conflict is None or work.refusal is not None:
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
