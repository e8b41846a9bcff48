"""What a runner may have to do next: every act, and the end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from courier.runs.harvest.frozen import Gathered
from courier.runs.run.events import CandidateEnded, Checkpoint
from courier.runs.run.frozen import FrozenStep
from courier.runs.run.merging import MergeBranches
from courier.runs.run.paused import Paused
from courier.runs.steps.approvals import AskApproval, AwaitApproval
from courier.runs.steps.ending import Ending
from courier.runs.steps.parking import AwaitSecret, Park
from courier.runs.steps.shortage import AwaitBudget


@dataclass(frozen=True, slots=True)
class StartAttempt:
    """Try a step.

    Attributes:
        base: The commit its work tree is of.
        not_before: When it may begin.
        resume: What an interrupted attempt had done, to be put into the work tree.
        paused: Where the attempt before waits to go on; then ``resume`` is for when that is gone.
        repairs: The delivered commit whose red checks it is to mend; None for the step's own work.
    """

    step: FrozenStep
    iteration: int
    attempt: int
    base: str
    not_before: datetime | None = None
    resume: Checkpoint | None = None
    paused: Paused | None = None
    repairs: str | None = None

    @property
    def lodging(self) -> str:
        """Return the attempt whose sandbox it has: its own, or that of one that was paused."""
        return self.paused.attempt if self.paused else self.name

    @property
    def mends(self) -> bool:
        """Whether it begins to mend red checks, and does not only go on with that."""
        return self.repairs is not None and self.attempt == 1

    @property
    def name(self) -> str:
        """Return the attempt's name, unique in its run, e.g. ``check-1.1``."""
        return f"{self.step.name}-{self.iteration}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class Harvest:
    """Make files of what the last step answered."""

    answer: Gathered


@dataclass(frozen=True, slots=True)
class Conclude:
    """Run the scripts that see the finished work, before it is delivered."""

    commit: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """Push the work and, unless ``how`` is branch, propose it; then end so."""

    commit: str
    how: Literal["branch", "draft", "pullRequest"]
    ending: Ending


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class RunCandidates:
    """Have all candidates do their part, and wait until every one has ended."""


@dataclass(frozen=True, slots=True)
class KeepCandidates:
    """Push the work of these candidates, which the run does not go on with."""

    candidates: tuple[CandidateEnded, ...]


@dataclass(frozen=True, slots=True)
class AwaitChecks:
    """Look at the checks of what was delivered at a moment, or as soon as somebody hints.

    Attributes:
        head: The commit they are of.
        number: Its pull request.
        until: When to look.
        message: What is waited for, for people.
        begins: Whether this is the first wait for this head.
    """

    head: str
    number: int
    until: datetime
    message: str
    begins: bool


@dataclass(frozen=True, slots=True)
class GatherRed:
    """Look once more whether a head is red and, if it is, gather why.

    Attributes:
        head: The commit.
        number: Its pull request.
        late: Whether what has not ended by now is not waited for.
    """

    head: str
    number: int
    late: bool


@dataclass(frozen=True, slots=True)
class PushRepair:
    """Push a repair on top of what was delivered, and bring the pull request up to date.

    Attributes:
        onto: What the branch must point at.
        draft: Whether the pull request stays a draft.
    """

    commit: str
    onto: str
    draft: bool


@dataclass(frozen=True, slots=True)
class AskForHelp:
    """Mark the pull request for people to take over, saying what was tried; then end so."""

    number: int
    ending: Ending


Act = (
    StartAttempt
    | MergeBranches
    | RunCandidates
    | KeepCandidates
    | Park
    | AwaitBudget
    | AwaitSecret
    | AskApproval
    | AwaitApproval
    | Harvest
    | Conclude
    | Deliver
    | AwaitChecks
    | GatherRed
    | PushRepair
    | AskForHelp
)
"""Something to be done before a run is over."""

Decision = Act | Finish
"""What a runner must do next."""
