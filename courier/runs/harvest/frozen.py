"""What a run that harvests was frozen with, and what its agent answered."""

from typing import Literal

from pydantic import Field, JsonValue

from courier.resources.model import Model


class FrozenHarvest(Model):
    """That a run's answer becomes files, and what is needed to make them."""

    sort: str
    """What sort of harvest; see `courier.runs.harvest.contracts`."""
    kind: str
    """The kind of the document that asked for it."""
    name: str
    """The name of that document."""
    project: str | None = None
    """The project new documents say they belong to; null where they need not say it."""
    path: str = ""
    """The file that is changed, where one is."""
    most: int = 10
    """The most things that are taken."""
    given: dict[str, JsonValue] = Field(default_factory=dict)
    """What else the sort needs to know."""

    @property
    def cause(self) -> str:
        """Return the document that asked for it, e.g. ``IssueScan/weekly``."""
        return f"{self.kind}/{self.name}"


class Gathered(Model):
    """What an agent's last words hold."""

    reason: Literal["Gathered", "AnswerUnreadable"]
    """A stable PascalCase word."""
    feedback: str = ""
    """For people: why nothing could be read."""
    found: dict[str, JsonValue] = Field(default_factory=dict)
    """The answer, as its contract has it."""

    @property
    def readable(self) -> bool:
        """Whether there is an answer."""
        return self.reason == "Gathered"
