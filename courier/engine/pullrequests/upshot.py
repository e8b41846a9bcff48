"""What becomes of a pull request whose checks have settled: said on it, and merged if wanted."""

import logging
from typing import Final

from courier.engine.world import World
from courier.errors import CourierError
from courier.planning.observed.observed import ObservedRun
from courier.ports.repository import Identity
from courier.runs.proposal.checkswords import checks_note
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.records.cichecks import CiChecks

_OBJECTS: Final = frozenset({"changesRequested", "required"})

log = logging.getLogger(__name__)

COMMENT: Final = "checks"
"""What the comment on a pull request is for that tells of its checks."""

_COURIER: Final = Identity("courier", "courier@localhost")


async def conclude(world: World, seen: ObservedRun, known: CiChecks) -> None:
    """Say on an open pull request how its checks ended, and merge it where that is wanted.

    Nothing is said where they were simply green, which its forge shows, nor in place of what was
    said to people who are to take it over. What cannot be done now is left.
    """
    if not known.has_settled or not seen.number:
        return
    is_green, forge = known.overall == "success", world.forge_named(seen.forge)
    try:
        if (known.red or known.flaky) and (is_green or not known.needs_human):
            note = world.secrets.redact(checks_note(known))
            await forge.comment(seen.number, COMMENT, note)
        if is_green and known.merges and _may_merge(await forge.get(seen.number)):
            await forge.merge_when_green(seen.number, by=_COURIER)
    except CourierError as fault:
        log.warning("the checks of %s have settled, but: %s", seen.run, fault)


def _may_merge(pull: PullRequest) -> bool:
    """Return whether people left it as it is to merge by itself."""
    is_ready = pull.status == "created" and not pull.draft and pull.auto_merge is None
    return is_ready and pull.review not in _OBJECTS
