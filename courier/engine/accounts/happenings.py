"""What may happen to a run, as whoever follows it is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from courier.runs.run.events import ApprovalAnswered, AttemptEnded, WorkDelivered
from courier.runs.run.frozen import FrozenStep
from courier.runs.steps.progress import StartAttempt


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt of one step, as people count them."""

    step: FrozenStep
    iteration: int
    attempt: int
    lane: str = ""
    """What sets a candidate's attempts apart, e.g. ``c2/``."""

    @property
    def name(self) -> str:
        """Return the attempt's name, unique in its run."""
        start = StartAttempt(self.step, self.iteration, self.attempt, base="")
        return f"{self.lane}{start.name}"


@dataclass(frozen=True, slots=True)
class Began:
    """A run is under way."""

    run: str
    at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class StepBegan:
    """An attempt is under way."""

    run: str
    at: datetime
    tried: Tried


@dataclass(frozen=True, slots=True)
class Spoke:
    """An agent said or did something; ``line`` is one line of its transcript as JSON gives it."""

    run: str
    attempt: str
    line: dict[str, object]


@dataclass(frozen=True, slots=True)
class StepEnded:
    """An attempt ended, however it ended."""

    run: str
    at: datetime
    tried: Tried
    ended: AttemptEnded


@dataclass(frozen=True, slots=True)
class Rests:
    """A run waits for a moment."""

    run: str
    at: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Awaits:
    """A run waits for a person; ``message`` says what for and how to answer."""

    run: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody, or the time that passed, answered."""

    run: str
    at: datetime
    answered: ApprovalAnswered


@dataclass(frozen=True, slots=True)
class Handed:
    """The work was delivered, or why it could not be."""

    run: str
    at: datetime
    delivered: WorkDelivered


@dataclass(frozen=True, slots=True)
class Ended:
    """A run is over and on record; no ``phase`` beyond that means its flow broke."""

    run: str
    at: datetime
    phase: str
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A run began to wait for checks, or they are red; ``message`` says which."""

    run: str
    at: datetime
    message: str
    is_red: bool = False


Moment: TypeAlias = (
    Began | StepBegan | Spoke | StepEnded | Rests | Awaits | Answered | Handed | Checked | Ended
)
"""Something that happened to a run."""
