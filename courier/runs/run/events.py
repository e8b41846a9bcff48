"""The facts of one run, append-only; everything else about a run is folded from them."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from courier.runs.run.facts.checked import (
    ChecksAwaited,
    ChecksRed,
    ChecksSeen,
    HelpAsked,
    RedCheck,
)
from courier.runs.run.facts.consent import ApprovalAnswered, ApprovalAsked
from courier.runs.run.facts.joining import BranchesMerged
from courier.runs.run.facts.life import ENDED, CancelAsked, Phase, RunEnded, RunStarted
from courier.runs.run.facts.rivalry import CandidateEnded, CandidatesEnded, CandidatesKept
from courier.runs.run.facts.waits import BudgetFreed, BudgetShort, RunParked, SecretFound
from courier.runs.run.facts.work import (
    AttemptEnded,
    Checkpoint,
    Refusal,
    WorkConcluded,
    WorkDelivered,
    WorkHarvested,
)

__all__ = [
    "ENDED",
    "RUN_EVENT",
    "ApprovalAnswered",
    "ApprovalAsked",
    "AttemptEnded",
    "BranchesMerged",
    "BudgetFreed",
    "BudgetShort",
    "CancelAsked",
    "CandidateEnded",
    "CandidatesEnded",
    "CandidatesKept",
    "Checkpoint",
    "ChecksAwaited",
    "ChecksRed",
    "ChecksSeen",
    "HelpAsked",
    "Phase",
    "RedCheck",
    "Refusal",
    "RunEnded",
    "RunEvent",
    "RunParked",
    "RunStarted",
    "SecretFound",
    "WorkConcluded",
    "WorkDelivered",
    "WorkHarvested",
]

RunEvent = Annotated[
    RunStarted
    | AttemptEnded
    | CandidatesEnded
    | CandidatesKept
    | BranchesMerged
    | RunParked
    | BudgetShort
    | BudgetFreed
    | SecretFound
    | ApprovalAsked
    | ApprovalAnswered
    | CancelAsked
    | WorkHarvested
    | WorkConcluded
    | WorkDelivered
    | ChecksAwaited
    | ChecksSeen
    | ChecksRed
    | HelpAsked
    | RunEnded,
    Field(discriminator="kind"),
]
"""One fact."""

RUN_EVENT: TypeAdapter[RunEvent] = TypeAdapter(RunEvent)
"""Reads and writes one fact as JSON."""
