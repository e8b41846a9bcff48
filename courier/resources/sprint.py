"""Sprints: a goal cut into parts that are worked off one after the other."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Resource, Spec
from courier.resources.values import Line, Name, SomeItems, Text, ref


class Sprint(Spec):
    """One part of the plan."""

    name: Name
    """Its name, unique in the plan."""
    title: Line
    """What it brings, in a line."""
    prompt: Text
    """The task."""
    workflow: Annotated[str, ref("Workflow")] | None = None
    """The workflow, where it differs from the chain's."""


class SprintPlanSpec(Spec):
    """A goal and the parts that lead to it."""

    goal: Text
    """What is true when all is done."""
    background: Text | None = None
    """What every sprint should know."""
    sprints: SomeItems[Sprint]
    """The parts, in order."""


class SprintPlan(Resource):
    """A goal cut into sprints."""

    kind: Literal["SprintPlan"]
    """Always `SprintPlan`."""
    spec: SprintPlanSpec
    """The goal and its parts."""


class SprintRange(Spec):
    """From which sprint to which."""

    from_: Name | None = Field(default=None, alias="from")
    """The first sprint, by name; without it, the first of the plan."""
    to: Name | None = None
    """The last sprint, by name; without it, the last of the plan."""


class SprintChainSpec(Spec):
    """Which sprints are worked off, and how."""

    plan: Annotated[str, ref("SprintPlan")]
    """The plan."""
    workflow: Annotated[str, ref("Workflow")]
    """The workflow of sprints that name none."""
    range: SprintRange | None = None
    """From which sprint to which; without it, all."""
    resume_from: Name | None = None
    """After a failure: the sprint to go on with, by name."""
    base: Literal["stacked", "merged"] = "stacked"
    """Whether a sprint starts on the branch of the one before or waits until that is merged."""
    pull_request: Literal["perSprint", "single"] = "perSprint"
    """Whether every sprint is proposed by itself or all together."""


class SprintChain(Resource):
    """Sprints worked off one after the other."""

    kind: Literal["SprintChain"]
    """Always `SprintChain`."""
    spec: SprintChainSpec
    """Which sprints, and how."""
