"""What a proposal says when it is opened, and whenever it is brought up to date."""

from datetime import datetime
from typing import Any, Final, Literal

from courier.runs.pullrequests.pullrequest import Proposed, PullRequest, brought_up, unopened

ITSELF: Final = "courier <courier@localhost>"
"""Who merges what merges by itself because the project says so."""


def opened(proposed: Proposed, *, number: int, at: datetime) -> PullRequest:
    """Return a proposal as it is opened."""
    pull = unopened(proposed, status="creating", forge="local", at=at)
    own = {"number": number, "status": "created", **_merging(pull, proposed, None)}
    return pull.model_copy(update=own)


def refreshed(pull: PullRequest, proposed: Proposed) -> PullRequest:
    """Return an open proposal that says what is proposed now."""
    told = brought_up(pull, proposed)
    return told.model_copy(update=_merging(told, proposed, pull.auto_merge))


def _merging(
    told: PullRequest, proposed: Proposed, was: Literal["merge", "squash"] | None
) -> dict[str, Any]:
    """Return who has it merge by itself, and how; a draft never does because it is proposed so."""
    if not proposed.auto_merge:
        return {}
    return {"auto_merge": was} if told.draft else {"decided_by": ITSELF}
