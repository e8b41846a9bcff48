"""From what GitHub answers to courier's own values."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from courier.errors import Misconfigured
from courier.runs.proposal.proposal import marker
from courier.runs.pullrequests.pullrequest import PullRequest

MOST_TEXT: Final = 65_000
"""Most characters of a body or comment; GitHub refuses more than 65,536."""

_MARK: Final = re.compile(r"<!-- courier-run: (?P<run>\S+) -->")
_MERGED: Final = re.compile(r"\n\n<!-- courier-merged: (?P<commit>[0-9a-f]*) -->\s*\Z")
_STATUS: Final[Mapping[str, Literal["created", "merged", "closed"]]] = {
    "OPEN": "created",
    "MERGED": "merged",
    "CLOSED": "closed",
}
_REVIEW: Final[Mapping[str, Literal["approved", "changesRequested", "required"]]] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "changesRequested",
    "REVIEW_REQUIRED": "required",
}


def marked(body: str, run: str) -> str:
    """Return a body with the hidden line by which its run is known."""
    mark = marker(run)
    return body if mark in body else f"{body[: MOST_TEXT - len(mark)]}\n\n{mark}"


def with_merge(body: str, commit: str | None) -> str:
    """Return a body with the hidden line that says it was merged by hand, so that it stays so."""
    return f"{body}\n\n<!-- courier-merged: {commit or ''} -->"


def run_of(body: str | None) -> str:
    """Return the run a body names; empty if it names none."""
    # The last one: a body may quote another.
    found = _MARK.findall(body or "")
    return str(found[-1]) if found else ""


def pull_of(told: Mapping[str, Any]) -> PullRequest:
    """Return a pull request as GraphQL tells it.

    Raises:
        Misconfigured: If the answer lacks what every GitHub tells.
    """
    try:
        return _pull(told)
    except (KeyError, TypeError, ValueError) as strange:
        raise Misconfigured(
            "GitHub answers in a form courier does not know.", detail=repr(strange)[:300]
        ) from strange


def _pull(told: Mapping[str, Any]) -> PullRequest:
    run, body = run_of(told["body"]), str(told["body"] or "").replace("\r\n", "\n")
    by_hand = _MERGED.search(body)
    status = "merged" if by_hand else _STATUS[told["state"]]
    body = _MERGED.sub("", body)
    auto = told["autoMergeRequest"]
    return PullRequest(
        number=told["number"],
        run=run,
        status=status,
        title=told["title"],
        body=body.removesuffix(f"\n\n{marker(run)}"),
        base=told["baseRefName"],
        branch=told["headRefName"],
        head=told["headRefOid"],
        draft=told["isDraft"],
        labels=tuple(sorted(one["name"] for one in _nodes(told["labels"]))),
        reviewers=tuple(sorted(_requested(told))),
        forge="github",
        url=told["url"],
        review=_REVIEW.get(told["reviewDecision"] or ""),
        auto_merge=_how(auto) if auto and status == "created" else None,
        # Of an open one it is the test merge.
        merge_commit=_merge_commit(told, by_hand) if status == "merged" else None,
        created_at=datetime.fromisoformat(told["createdAt"]),
        updated_at=datetime.fromisoformat(told["updatedAt"]),
        decided_by=_decider(told, status),
    )


def reviewed_by(told: Mapping[str, Any]) -> frozenset[str]:
    """Return who has reviewed a pull request, in lower case, and who made it."""
    authors = [one["author"] for one in (*_nodes(told["latestReviews"]), told)]
    return frozenset(str(one["login"]).lower() for one in authors if one)


def _requested(told: Mapping[str, Any]) -> Iterable[str]:
    for one in _nodes(told["reviewRequests"]):
        who = one["requestedReviewer"] or {}
        name = who.get("login") or who.get("combinedSlug")
        if name:
            yield str(name)


def _how(auto: Mapping[str, Any]) -> Literal["merge", "squash"]:
    return "squash" if auto["mergeMethod"] == "SQUASH" else "merge"


def _merge_commit(told: Mapping[str, Any], by_hand: "re.Match[str] | None") -> str | None:
    if by_hand is not None:
        return by_hand["commit"] or None
    return (told["mergeCommit"] or {}).get("oid")


def _decider(told: Mapping[str, Any], status: str) -> str | None:
    auto = told["autoMergeRequest"] or {}
    closed = [one.get("actor") for one in _nodes(told["timelineItems"])]
    who = {
        "created": auto.get("enabledBy"),
        "merged": told["mergedBy"],
        "closed": closed[-1] if closed else None,
    }[status]
    return str(who["login"]) if who else None


def _nodes(told: Mapping[str, Any] | None) -> list[Any]:
    return [one for one in (told or {}).get("nodes") or () if one]
