"""Merging pull requests on GitHub, now or once nothing blocks them."""

from dataclasses import dataclass
from typing import Any, Final

from courier.errors import Conflict, Misconfigured
from courier.forges.github import queries
from courier.forges.github.faults import GraphQLFault, RestFault
from courier.forges.github.reading import merge_trailers
from courier.forges.github.transport import Transport
from courier.ports.repository import Identity
from courier.runs.pullrequests.pullrequest import PullRequest

_TRIES: Final = 4
_READY_NOW: Final = ("clean status", "unstable status", "has_hooks status")
"""What GitHub calls a pull request that nothing blocks, so that nothing can be waited for."""


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges what is in one repository."""

    transport: Transport

    async def merge(self, pull: PullRequest, *, by: Identity, squash: bool) -> None:
        """Merge an open one at the head it was seen at.

        Raises:
            Conflict: If it cannot be merged cleanly, something blocks it, or its head moved.
        """
        method = await self._method(squash=squash)
        body: dict[str, Any] = {"sha": pull.head, "merge_method": method}
        if method != "rebase":
            title = " ".join(pull.title.split())
            of_one = f"{title} (#{pull.number})"
            body["commit_title"] = of_one if squash else f"Merge #{pull.number}: {title}"
            body["commit_message"] = _message(pull, by)
        for tried in range(1, _TRIES + 1):
            try:
                await self.transport.mine("PUT", f"/pulls/{pull.number}/merge", body=body)
                return
            except RestFault as fault:
                if fault.status not in (405, 409, 422):
                    raise
                # Somebody else's merge came first; GitHub looks at this one again meanwhile.
                if tried == _TRIES or not fault.says("base branch was modified"):
                    told = f"#{pull.number}: {' '.join(fault.problems)}"
                    raise Conflict("GitHub does not merge it.", detail=told) from fault
            await self.transport.clock.sleep(tried)

    async def when_green(self, node: str, pull: PullRequest, *, squash: bool) -> bool:
        """Have it merge by itself; False where nothing blocks it, so that it can be merged now.

        Raises:
            Misconfigured: If the repository does not allow that.
        """
        method = await self._method(squash=squash)
        values = {"id": node, "how": method.upper(), "head": pull.head}
        try:
            await self.transport.query(queries.AUTO_MERGE, values, writes=True)
        except GraphQLFault as fault:
            if fault.says(*_READY_NOW):
                return False
            if fault.says("dirty status", "conflict", "head sha"):
                raise Conflict("GitHub does not merge it.", detail=fault.detail) from fault
            raise Misconfigured(
                "GitHub does not let it merge by itself.",
                detail=fault.detail,
                next_step='Allow "auto-merge" in the settings of the repository.',
            ) from fault
        return True

    async def _method(self, *, squash: bool) -> str:
        """Return the way of merging that is wanted, or one the repository allows."""
        told = (await self.transport.mine("GET", "")).value
        allowed = {
            "merge": told.get("allow_merge_commit", True),
            "squash": told.get("allow_squash_merge", True),
            "rebase": told.get("allow_rebase_merge", True),
        }
        ways = ("squash",) if squash else ("merge", "squash", "rebase")
        return next((way for way in ways if allowed[way]), ways[0])


def _message(pull: PullRequest, by: Identity) -> str:
    told = [f"{key}: {value}" for key, value in merge_trailers(pull).items() if value]
    return "\n".join([*told, f"Reviewed-by: {by.name} <{by.email}>"])
