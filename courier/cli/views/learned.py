"""What a run was told of learnings, and what it taught, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from courier.cli.views.ink import safe


def told(account: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for what each step was told, and one for what became of looking it through."""
    seen = {}
    for step in account.get("steps") or ():
        learnings = step.get("learnings") or {}
        names = ", ".join(str(one.get("name")) for one in learnings.get("lessons") or ())
        if names:
            seen[str(step.get("step"))] = f"version {learnings.get('version')} ({names})"
    yield from (safe(f"{step} was told {what}") for step, what in seen.items())
    if account.get("learnings"):
        yield safe(_looked(account["learnings"]))


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
