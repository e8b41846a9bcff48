"""Facts of candidates: several that did the first part of one run side by side."""

from datetime import datetime
from typing import Literal

from courier.resources.model import Model
from courier.runs.run.facts.life import Phase
from courier.runs.run.facts.work import AttemptEnded
from courier.runs.usage.usage import Usage


class CandidateEnded(Model):
    """What became of one candidate."""

    name: str
    """What the judge calls it, e.g. ``candidate-2``."""
    phase: Phase
    reason: str
    message: str = ""
    commit: str | None = None
    """Its work, past the gate; null where it changed nothing."""
    diff: str = ""
    """What its work changes, as far as it is kept for the judge."""
    attempts: tuple[AttemptEnded, ...] = ()

    @property
    def usage(self) -> Usage:
        """Return what all its attempts used."""
        return sum((tried.usage + tried.scoring for tried in self.attempts), Usage())

    @property
    def stands(self) -> bool:
        """Whether it may be chosen: it came through, and there is work."""
        return self.phase == "completed" and self.commit is not None


class CandidatesEnded(Model):
    """Every candidate ended, however it ended."""

    kind: Literal["candidatesEnded"] = "candidatesEnded"
    at: datetime
    candidates: tuple[CandidateEnded, ...]
    """All of them, in order."""


class CandidatesKept(Model):
    """The work of candidates that was not chosen was pushed, for whoever wants to look."""

    kind: Literal["candidatesKept"] = "candidatesKept"
    at: datetime
    branches: dict[str, str]
    """Candidate to branch; those that could not be pushed are missing."""
