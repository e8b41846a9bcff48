"""Commits signed on their way out: the key is asked for by name, and only then."""

from collections.abc import Sequence

from courier.engine.world import World
from courier.ports.repository import SigningKey
from courier.runs.run.frozen import FrozenPlan


def others(plan: FrozenPlan) -> tuple[str, ...]:
    """Return the commits below which everything is others' work, and stays as it is."""
    merge = plan.merge
    joined = [one.commit for one in merge.branches] if merge and merge.strategy == "merge" else []
    return (plan.git.base_commit, *joined)


async def signed(world: World, name: str | None, commit: str, *, beyond: Sequence[str]) -> str:
    """Return the commit as it leaves courier: signed, if its project wants that.

    Args:
        world: Where the commit and the key are.
        name: The secret whose value the key is; None where the project signs nothing.
        commit: The newest of the commits to be signed.
        beyond: Commits that stay as they are, with all before them.

    Raises:
        MissingSecret: If the key has no value here.
        Misconfigured: If it cannot be used.
    """
    if name is None:
        return commit
    key = SigningKey(world.secrets.resolve([name])[name])
    return await world.repository.sign(commit, beyond=beyond, key=key)
