"""What somebody asks to be drafted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AskedDraft:
    """One request for a sprint plan.

    Attributes:
        name: What the plan will be called.
        goal: What is true when all is done.
        background: What every sprint should know; empty for nothing.
        sprints: The most sprints.
        workflow: The workflow of its sprints; empty where the chain says it.
        project: The project it belongs to; empty where there is only one.
        by: Who asked, as git writes people.
    """

    name: str
    goal: str
    background: str = ""
    sprints: int = 8
    workflow: str = ""
    project: str = ""
    by: str = ""
