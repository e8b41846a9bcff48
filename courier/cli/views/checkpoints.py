"""Checkpoints of one run, and what became of one that was rescued."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from courier.cli.views.figures import age
from courier.cli.views.ink import columns, safe
from courier.cli.views.json_text import to_json

if TYPE_CHECKING:
    from courier.engine.accounts.rescue import Rescued
    from courier.runs.run.events import Checkpoint


def listed(run: str, found: "Sequence[Checkpoint]", now: datetime, *, as_json: bool = False) -> str:
    """Return all checkpoints of a run, oldest first."""
    if as_json:
        return to_json({"formatVersion": 1, "run": run, "checkpoints": values(found)})
    rows = [("ATTEMPT", "NUMBER", "AGE", "COMMIT")]
    rows += [(one.attempt, str(one.number), age(one.at, now), one.commit[:10]) for one in found]
    return "\n".join(columns([tuple(safe(cell) for cell in row) for row in rows]))


def rescued(run: str, found: "Rescued", *, as_json: bool = False) -> str:
    """Return where a checkpoint was brought to."""
    one = found.checkpoint
    if as_json:
        told = {"branch": found.branch, "commit": found.commit, "checkpoint": values([one])[0]}
        return to_json({"formatVersion": 1, "run": run, **told})
    return safe(
        f"{run}: checkpoint {one.number} of {one.attempt} is on branch {found.branch} "
        f"({found.commit[:10]})."
    )


def values(found: "Sequence[Checkpoint]") -> list[dict[str, Any]]:
    """Return checkpoints as plain JSON values."""
    return [one.model_dump(mode="json", by_alias=True) for one in found]
