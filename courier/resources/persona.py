"""Personas: an agent with a role, a model, instructions and knowledge."""

from typing import Annotated, Literal

from courier.resources.envelope import Resource, Spec
from courier.resources.values import Effort, Items, ModelName, StepType, Text, ref
from courier.resources.variables import Variable


class Equipment(Spec):
    """Documents and tools an agent is given, by name."""

    context: Items[Annotated[str, ref("Context")]] = ()
    """Context documents put into the prompt."""
    skills: Items[Annotated[str, ref("Skill")]] = ()
    """Skills the agent may use."""
    commands: Items[Annotated[str, ref("Command")]] = ()
    """Commands the agent or the sandbox gets."""
    scripts: Items[Annotated[str, ref("Script")]] = ()
    """Scripts run around the work."""

    @classmethod
    def _last(cls) -> frozenset[str]:
        return frozenset({"context", "skills", "commands", "scripts"})


class PersonaSpec(Equipment):
    """Who does a step."""

    type: StepType
    """What the persona is for; it chooses the role instructions."""
    agent: Annotated[str, ref("Agent")] | None = None
    """The agent that plays it."""
    model: ModelName | None = None
    """The model, by the agent's own name for it."""
    effort: Effort | None = None
    """How hard the model should think."""
    instructions: Text | None = None
    """What this persona is told besides its role; the body of a Markdown file."""
    env: Items[Variable] = ()
    """Environment variables of its processes."""
    enabled: bool = True
    """Whether steps may use it; pipelines leave out the steps of a persona that is not."""


class Persona(Resource):
    """An agent with a role, a model, instructions and knowledge."""

    kind: Literal["Persona"]
    """Always `Persona`."""
    spec: PersonaSpec
    """Who the persona is."""
