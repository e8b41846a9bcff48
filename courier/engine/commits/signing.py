"""Commits signed on their way out: the key is asked for by name, and only then."""

from collections.abc import Sequence

from courier.engine.world import World
from courier.ports.repository import SigningKey
from courier.runs.run.frozen import FrozenGit, FrozenPlan


def others(plan: FrozenPlan) -> tuple[str, ...]:
    """Return the commits below which everything is others' work, and stays as it is."""
    merge = plan.merge
    joined = [one.commit for one in merge.branches] if merge and merge.strategy == "merge" else []
    return (plan.git.base_commit, *joined)


async def signed(world: World, git: FrozenGit, commit: str, *, beyond: Sequence[str]) -> str:
    """Return the commit as it leaves courier: signed, if its project wants that.

    Raises:
        MissingSecret: If the key has no value here.
        Misconfigured: If it cannot be used.
    """
    name = git.signing_key
    if name is None:
        return commit
    key = SigningKey(world.secrets.resolve([name])[name])
    return await world.repository.sign(commit, beyond=beyond, key=key)
