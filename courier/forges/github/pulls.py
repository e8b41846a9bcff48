"""Opening pull requests, each once, whatever becomes of an answer."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from courier.errors import Conflict, NotFound, Unavailable
from courier.forges.github.faults import RestFault
from courier.forges.github.payloads import MOST_TEXT, marked, reviewed_by, run_of
from courier.forges.github.reading import Reader
from courier.forges.github.transport import Transport
from courier.ports.forges import Changes
from courier.runs.pullrequests.pullrequest import Proposed
from courier.runs.texts.material import bounded

log = logging.getLogger(__name__)

SETTLING: Final = 6
"""How often a branch that was pushed just now is waited for, a little longer each time."""


@dataclass(frozen=True, slots=True)
class Opener:
    """Finds or opens the pull request of a branch."""

    transport: Transport
    reader: Reader

    async def find(self, proposed: Proposed) -> Mapping[str, Any] | None:
        """Return the open pull request of the branch, else one of the run decided at this head."""
        # Without its owner the filter would be passed over in silence.
        head = f"{self.transport.address.owner}:{proposed.branch}"
        order = {"sort": "created", "direction": "desc"}
        params = {"state": "all", "head": head, "per_page": "100", **order}
        told = (await self.transport.mine("GET", "/pulls", params=params)).value
        own = [one for one in told if one["head"]["ref"] == proposed.branch]
        is_open = [one for one in own if one["state"] == "open"]
        decided = [
            one
            for one in own
            if one["head"]["sha"] == proposed.head and run_of(one["body"]) == proposed.run
        ]
        return next(iter((*is_open, *decided)), None)

    async def open(self, proposed: Proposed) -> Mapping[str, Any] | None:
        """Open it; None where there is nothing to propose.

        Raises:
            NotFound: If there is no such base.
            Conflict: If the branch is not on GitHub.
        """
        body = {
            "title": proposed.title,
            "body": marked(bounded(proposed.body, MOST_TEXT), proposed.run),
            "head": proposed.branch,
            "base": proposed.base,
            "draft": proposed.draft,
        }
        for tried in range(SETTLING):
            try:
                opened: Mapping[str, Any] = (
                    await self.transport.mine("POST", "/pulls", body=body)
                ).value
                return opened
            except RestFault as fault:
                found = await self._refused(fault, proposed, body)
                if found is not None:
                    return found
                if fault.says("no commits between"):
                    return None
            except Unavailable:
                # It may have been opened all the same.
                if (found := await self.find(proposed)) is not None:
                    return found
                raise
            await self.transport.clock.sleep(0.5 * tried)
        raise Conflict("The branch is not on GitHub.", detail=proposed.branch)

    async def _refused(
        self, fault: RestFault, proposed: Proposed, body: dict[str, Any]
    ) -> Mapping[str, Any] | None:
        """Return what is there already; None to try again with what the body says then.

        Raises:
            NotFound: If there is no such base.
            RestFault: If trying again is vain.
        """
        if fault.status != 422:
            raise fault
        if fault.says("already exists"):
            return await self.find(proposed)
        if fault.says("draft") and body["draft"]:
            body["draft"] = False
            return None
        if fault.says("base invalid", " base "):
            raise NotFound("The base is not on GitHub.", detail=proposed.base) from fault
        if fault.says("no commits between", "head invalid", " head "):
            return None
        raise fault

    async def brought_up(self, told: Mapping[str, Any], proposed: Proposed) -> None:
        """Give an open one the text that is wanted now, and its base."""
        wanted = {
            "title": proposed.title,
            "body": marked(bounded(proposed.body, MOST_TEXT), proposed.run),
            "base": proposed.base,
        }
        now = {"title": told["title"], "body": told["body"], "base": told["base"]["ref"]}
        changed = {key: value for key, value in wanted.items() if now[key] != value}
        if changed:
            await self.transport.mine("PATCH", f"/pulls/{told['number']}", body=changed)

    async def change(self, number: int, changes: Changes, *, run: str) -> None:
        """Change text and base.

        Raises:
            NotFound: If there is no such base.
        """
        body = {"title": changes.title, "base": changes.base}
        if changes.body is not None:
            body["body"] = marked(bounded(changes.body, MOST_TEXT), run)
        told = {key: value for key, value in body.items() if value is not None}
        if not told:
            return
        try:
            await self.transport.mine("PATCH", f"/pulls/{number}", body=told)
        except RestFault as fault:
            if fault.status == 422 and changes.base is not None and fault.says("base"):
                raise NotFound("The base is not on GitHub.", detail=changes.base) from fault
            raise

    async def label(self, number: int, labels: Iterable[str], *, known: Iterable[str]) -> None:
        """Add labels it does not bear yet; never a reason to fail."""
        there = {one.lower() for one in known}
        new = [one for one in labels if one.lower() not in there]
        if new:
            await self._try(f"/issues/{number}/labels", {"labels": new})

    async def dress(self, number: int, proposed: Proposed) -> None:
        """Add labels, and ask for reviews that nobody was asked for yet; never a reason to fail."""
        if not proposed.labels and not proposed.reviewers:
            return
        told = (await self.reader.raw([number]))[number]
        labels = [str(one["name"]) for one in told["labels"]["nodes"]]
        await self.label(number, proposed.labels, known=labels)
        asked = {
            str(name).lower()
            for one in told["reviewRequests"]["nodes"]
            if (who := one["requestedReviewer"])
            for name in (who.get("login"), who.get("combinedSlug"))
            if name
        }
        known = asked | reviewed_by(told)
        for who in (one for one in proposed.reviewers if one.lower() not in known):
            # One at a time: one who may not review would take all others along.
            await self._try(f"/pulls/{number}/requested_reviewers", _reviewer(who))

    async def _try(self, path: str, body: Mapping[str, Any]) -> None:
        try:
            await self.transport.mine("POST", path, body=body)
        except (RestFault, NotFound) as fault:
            log.warning("%s of a pull request is left out: %s", path.rpartition("/")[2], fault)


def _reviewer(who: str) -> Mapping[str, Iterable[str]]:
    _, is_team, slug = who.partition("/")
    return {"team_reviewers": [slug]} if is_team else {"reviewers": [who]}
