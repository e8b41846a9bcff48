"""Runs: one piece of work that is asked for."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.delivery import Delivery
from courier.resources.envelope import Resource, Spec
from courier.resources.sandbox import Machine, SandboxDefaults
from courier.resources.values import (
    INPUT_NAME,
    NAME,
    Branch,
    Effort,
    Glob,
    Items,
    ModelName,
    Money,
    RepositoryPath,
    Text,
    Timeout,
    ref,
)
from courier.resources.workflow import SHELL_RULES

InputName = Annotated[str, Field(pattern=INPUT_NAME)]
StepName = Annotated[str, Field(pattern=NAME)]


class StepOverride(Spec):
    """What one step does differently in this run."""

    RULES = SHELL_RULES

    agent: Annotated[str, ref("Agent")] | None = None
    """The agent that does it."""
    model: ModelName | None = None
    """The model, by the agent's own name for it."""
    effort: Effort | None = None
    """How hard the model should think."""
    instructions: Text | None = None
    """Told to the step instead of its own instructions."""
    run: Text | None = None
    """Shell commands that replace the step's."""
    timeout: Timeout | None = None
    """How long one attempt may take, 1m to 4h."""
    idle_timeout: Timeout | None = None
    """How long its agent may write nothing before it counts as hung, 1m to 4h."""
    sandbox: Machine | None = None
    """The machine of this step."""


class RunSpec(Spec):
    """What is asked for, and how it differs from what the workflow says."""

    workflow: Annotated[str, ref("Workflow")]
    """The workflow to follow."""
    prompt: Text
    """The task."""
    inputs: dict[InputName, str] = Field(default_factory=dict)
    """Values put into the prompt and instructions where they say `{{ inputs.NAME }}`."""
    base: Branch | None = None
    """The branch to start from and to propose to; without it, the project's default branch."""
    branch: Branch | None = None
    """The branch the work goes to; without it, the project's prefix and the run's name."""
    depends_on: Items[Annotated[str, ref("Run")]] = ()
    """Runs that must be completed before this one starts; if one fails, this one waits."""
    paths: Items[Glob] | None = None
    """What the work is about, for choosing learnings with a `scope`; without it, the workflow's.
    Nobody is kept from changing other files."""
    images: Items[RepositoryPath] = ()
    """Pictures in the repository, shown to every agent that can see; they have to be committed."""
    agent: Annotated[str, ref("Agent")] | None = None
    """The agent of every step that is not done by the shell."""
    model: ModelName | None = None
    """The model of every step that has one."""
    effort: Effort | None = None
    """The effort of every step that has one."""
    sandbox: SandboxDefaults | None = None
    """How the run's sandboxes are made."""
    delivery: Delivery | None = None
    """How the run's work is proposed."""
    overrides: dict[StepName, StepOverride] = Field(default_factory=dict)
    """Step name to what that step does differently; wins over everything else."""
    checker_instructions: Text | None = None
    """What checkers are told besides their own instructions."""
    budget: Money | None = None
    """The most US dollars the run may cost."""
    desired_state: Literal["run", "cancelled"] = "run"
    """Whether the work is wanted; `cancelled` stops it and keeps what was done."""


class Run(Resource):
    """One piece of work that is asked for."""

    kind: Literal["Run"]
    """Always `Run`."""
    spec: RunSpec
    """What is asked for."""
