"""Branches of runs that failed or were cancelled long ago, and that nobody went on with."""

from collections.abc import Sequence

from courier.engine.pruning.leftovers import Leftover, Past
from courier.engine.world import World
from courier.errors import Conflict
from courier.ports.forges import Forge
from courier.runs.run.events import Phase

FIELD = "branches"

_LOST: frozenset[Phase] = frozenset({"failed", "cancelled"})


class LostBranches:
    """Branches of the remote; one somebody pushed to, or that a pull request needs, stays."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def find(self, past: Past) -> Sequence[Leftover]:
        """Return the branches that may go."""
        repository = self._world.repository
        await repository.fetch()
        tips = await repository.branches()
        listed = past.index.on_branches(tips)
        settled = past.settled([one.observed.run for one in listed])
        over = [
            one.observed
            for one in settled.values()
            if one.observed.phase in _LOST and past.is_over(one, FIELD)
        ]
        # Where a later run went on with the branch, that run decides.
        users: dict[str, int] = {}
        for one in listed:
            users[one.observed.branch or ""] = users.get(one.observed.branch or "", 0) + 1
        mine = {
            run.branch: run
            for run in over
            if run.branch and run.commit == tips.get(run.branch) and users[run.branch] == 1
        }
        needed = await self._needed() if mine else frozenset()
        return [
            Leftover("branch", run.run, branch, f"{run.phase} long ago")
            for branch, run in sorted(mine.items())
            if branch not in needed
        ]

    async def remove(self, found: Sequence[Leftover], past: Past) -> None:
        """Delete the branches that are still where their runs left them."""
        known = past.index.named([one.run for one in found])
        for one in found:
            commit = known[one.run].observed.commit
            try:
                await self._world.repository.delete_branch(one.name, expected=commit)
            except Conflict:
                # Somebody has pushed to it just now.
                continue

    async def _needed(self) -> frozenset[str]:
        """Return the branches that open pull requests come from or want to go into."""
        needed = {(await self._world.repository.head()).branch}
        for forge in self._forges():
            for pull in await forge.list(status="created"):
                needed |= {pull.branch, pull.base}
        return frozenset(needed)

    def _forges(self) -> Sequence[Forge]:
        return tuple(self._world.forges.values())
