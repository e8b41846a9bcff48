"""Made runs of one step, for which nobody wrote a Workflow: an agent is asked, files are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.made.making import Made
from courier.resources.envelope import API_VERSION
from courier.resources.values import SessionType, StepType
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.run.frozen import FrozenPlan, Source

_TITLE: Final = 100


@dataclass(frozen=True, slots=True)
class Question:
    """What the agent of such a run is asked.

    Attributes:
        title: The same in a line, for people.
        task: The whole of it.
        instructions: What its part is.
        workflow: What the Workflow is called that nobody wrote.
        step: What its one step is called.
        type: The step's type.
        session: The kind of session it is, whose settings a Project has; None for none.
        harvest: What is made of the answer.
        paths: What it is about, as a Run's ``paths``; none for what the project's work is about.
    """

    title: str
    task: str
    instructions: str
    workflow: str
    step: str
    harvest: FrozenHarvest
    type: StepType = "custom"
    session: SessionType | None = None
    paths: Sequence[str] = ()

    def suit(self, frozen: FrozenPlan) -> FrozenPlan:
        """Return the plan with what is asked; words of others are no place for inputs."""
        *others, last = frozen.steps
        asked = last.model_copy(update={"harvests": self.harvest.sort})
        title = self.title if len(self.title) <= _TITLE else f"{self.title[: _TITLE - 1]}…"
        told = {"title": title, "task": self.task, "harvest": self.harvest}
        inputs = tuple(each for each in frozen.inputs if each.kind != "Workflow")
        return frozen.model_copy(update={**told, "steps": (*others, asked), "inputs": inputs})


@dataclass(frozen=True, slots=True)
class Told:
    """Why a run starts, for people, and the branch its documents are on."""

    reason: str
    branch: str


def made_session(
    cause: Document, run: str, question: Question, *, source: Source, told: Told
) -> Made:
    """Return a run that asks an agent and harvests what it answers.

    Args:
        cause: The document that asks for it.
        run: Its name.
        question: What is asked.
        source: What a record says it comes of.
        told: Why it starts, and from which branch.
    """
    paths = {"paths": list(question.paths)} if question.paths else {}
    spec = {"workflow": question.workflow, "prompt": str(cause.ref), "base": told.branch, **paths}
    return Made(
        run,
        cause,
        source,
        spec=spec,
        reason=told.reason,
        suit=question.suit,
        stands_on=(_workflow(cause, question),),
        session=question.session,
    )


def _workflow(cause: Document, question: Question) -> Document:
    step = {"name": question.step, "type": question.type}
    value = {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": question.workflow},
        "spec": {"instructions": question.instructions, "steps": [step]},
    }
    return Document(Ref("Workflow", question.workflow), value, cause.draft)
