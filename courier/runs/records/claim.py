"""The claim to open a pull request with certain files: whoever has it opens one, nobody else.

It bridges the moments between an intent and what records and forges tell of it. A holder that
says nothing more for a while has lost it.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from pydantic import ValidationError

from courier.resources.model import Model
from courier.runs.pullrequests.pullrequest import ForgeName, Proposed, PullRequest, unopened
from courier.runs.records.writeback import to_json

FOLDER: Final = "claims"
"""Where claims are on the state branch."""

LEASE: Final = timedelta(minutes=5)
"""How long a claim holds that is not renewed; more than opening takes, and clocks differ."""

KEPT: Final = timedelta(days=1)
"""How long one is kept; records tell of what was opened long before."""


class Claim(Model):
    """Who opens a pull request with certain files, or did."""

    run: str
    branch: str
    """Identifies the pull request: several runs may bring their work to one branch."""
    base: str
    forge: ForgeName
    record: str = ""
    """The path of its run's record; empty where there is none."""
    at: datetime
    """When it was made, or renewed."""

    def holds(self, now: datetime) -> bool:
        """Return whether nobody may take it over yet."""
        return now < self.at + LEASE

    def is_fresh(self, now: datetime) -> bool:
        """Return whether it need not be renewed yet."""
        return now < self.at + LEASE / 2


def claim_of(proposed: Proposed, *, forge: ForgeName, record: str, at: datetime) -> Claim:
    """Return the claim to propose something."""
    return Claim(
        run=proposed.run,
        branch=proposed.branch,
        base=proposed.base,
        forge=forge,
        record=record,
        at=at,
    )


def claim_path(claim: Claim, tree: str) -> str:
    """Return the file of whoever claims these files for this base on this forge."""
    told = "\0".join((claim.forge, claim.base, tree))
    return f"{FOLDER}/{sha256(told.encode()).hexdigest()[:40]}.json"


def claim_content(claim: Claim) -> bytes:
    """Return a claim as it is kept."""
    return to_json(claim.model_dump(mode="json", by_alias=True))


def read_claim(content: bytes | None) -> Claim | None:
    """Return a claim that is kept; None where there is none, or none that can be read."""
    if content is None:
        return None
    try:
        return Claim.model_validate_json(content)
    except ValidationError:
        return None


def skipped_for(proposed: Proposed, twin: PullRequest, *, at: datetime) -> PullRequest:
    """Return what is told of a pull request that another one makes needless."""
    why = f"Pull request #{twin.number} of run {twin.run} has exactly the same files."
    told = unopened(proposed, status="skipped", forge=twin.forge, at=at)
    return told.model_copy(update={"number": twin.number, "url": twin.url, "reason": why})


def waiting_for(proposed: Proposed, rival: Claim, *, at: datetime) -> PullRequest:
    """Return what is told while another run opens one with the same files."""
    why = f"Run {rival.run} is opening a pull request with exactly the same files."
    told = unopened(proposed, status="creating", forge=rival.forge, at=at)
    return told.model_copy(update={"reason": why})


def given_way(waiting: PullRequest) -> PullRequest:
    """Return what is told of one that was waiting, and does not wait any more."""
    return waiting.model_copy(update={"status": "skipped"})
