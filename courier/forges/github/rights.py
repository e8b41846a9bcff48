"""What courier may do in a repository on GitHub, and what it lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from courier.errors import CourierError, NotFound
from courier.forges.github.auth import PERMISSIONS
from courier.forges.github.faults import RestFault
from courier.forges.github.transport import Transport

_PROBES: Final[Mapping[str, str]] = {
    "pull_requests": "/pulls?per_page=1",
    "checks": "/commits/{branch}/check-runs?per_page=1",
    "statuses": "/commits/{branch}/status?per_page=1",
    "actions": "/actions/runs?per_page=1",
}
"""A read for each permission that tells whether there is any of it."""


@dataclass(frozen=True, slots=True)
class Right:
    """One permission.

    Attributes:
        name: As Apps and fine-grained tokens call it.
        wanted: ``read`` or ``write``.
        is_there: Whether courier has it, as far as can be seen without changing anything.
        detail: What GitHub says where it is not there.
    """

    name: str
    wanted: str
    is_there: bool
    detail: str = ""


async def rights(transport: Transport) -> Sequence[Right]:
    """Return every permission courier needs, and whether it is there.

    Raises:
        CourierError: If GitHub does not answer, does not take the token, or hides the repository.
    """
    told: Mapping[str, Any] = (await transport.mine("GET", "")).value
    may = told.get("permissions") or {}
    # An App's token is not told what it may do here; that it was given is all there is to see.
    can_push = bool(may.get("push")) or transport.credential.is_app
    found = [
        Right("metadata", "read", is_there=True),
        Right("contents", "write", can_push, "" if can_push else "It may not push."),
    ]
    for name, path in _PROBES.items():
        why = await _why_not(transport, path.replace("{branch}", str(told["default_branch"])))
        found.append(Right(name, PERMISSIONS[name], not why, why))
    return found


async def _why_not(transport: Transport, path: str) -> str:
    try:
        await transport.mine("GET", path)
    except RestFault as fault:
        return f"It takes {fault.lacks}." if fault.lacks else fault.detail
    except NotFound:
        # An empty repository has no commits to look at; what is hidden is refused with 403.
        return ""
    except CourierError:
        raise
    return ""
