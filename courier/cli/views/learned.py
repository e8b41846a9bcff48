"""What a run was told of learnings, and what it taught, for people."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from courier.cli.views.ink import safe

_WHY: Final = {
    "role": "for other step types",
    "project": "of other projects",
    "paths": "about other paths",
    "expired": "expired",
    "room": "no room in the version",
    "pin": "newer than the pinned version",
}
_NAMED: Final = 8
"""So many of those a step is not told are named for one reason."""


def told(account: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for what each step was told, and one for what became of looking it through."""
    seen = {}
    for step in account.get("steps") or ():
        learnings = step.get("learnings") or {}
        if learnings:
            seen[str(step.get("step"))] = _told(learnings)
    yield from (safe(f"{step} was told {what}") for step, what in seen.items())
    if account.get("learnings"):
        yield safe(_looked(account["learnings"]))


def untold(learnings: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for every reason why a step is not told some of what is approved."""
    for group in learnings.get("leftOut") or ():
        names = [str(name) for name in group.get("names") or ()]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        why = _WHY.get(str(group.get("because")), str(group.get("because")))
        yield f"{', '.join(names[:_NAMED])}{more} ({why})"


def _told(learnings: Mapping[str, Any]) -> str:
    names = ", ".join(str(one.get("name")) for one in learnings.get("lessons") or ())
    version = learnings.get("version")
    told = f"{names} of version {version}" if names else f"nothing of version {version}"
    without = ", ".join(untold(learnings))
    return f"{told}; left out: {without}" if without else told


def _looked(found: Mapping[str, Any]) -> str:
    by = f" by {found['session']}" if found.get("session") else ""
    why = f" ({found['reason']})" if found.get("reason") else ""
    parts = [f"looked through{by}: {found.get('status')}{why}"]
    if found.get("status") == "completed":
        parts.append(f"{found.get('found')} found")
    if found.get("proposed"):
        parts.append(f"proposed {', '.join(found['proposed'])}")
    if found.get("known"):
        parts.append(f"known {', '.join(found['known'])}")
    if found.get("message"):
        parts.append(str(found["message"]))
    return "; ".join(parts)
