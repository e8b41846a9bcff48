"""What a proposal says when it is opened, and whenever it is brought up to date."""

from typing import Any, Final

from courier.ports.forges import Proposed

ITSELF: Final = "courier <courier@localhost>"
"""Who merges what merges by itself because the project says so."""


def by_itself(proposed: Proposed) -> bool:
    """Return whether it is to merge once its checks are green; a draft never is."""
    return proposed.auto_merge and not proposed.draft


def proposed_fields(proposed: Proposed) -> dict[str, Any]:
    """Return the fields of a pull request that what is proposed decides."""
    return {
        "run": proposed.run,
        "title": proposed.title,
        "body": proposed.body,
        "base": proposed.base,
        "head": proposed.head,
        "draft": proposed.draft,
        "labels": proposed.labels,
        "reviewers": proposed.reviewers,
        **({"auto_merge": "merge", "decided_by": ITSELF} if by_itself(proposed) else {}),
    }
