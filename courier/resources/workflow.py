"""Workflows: which steps a run takes, who does them, and what happens when a check fails."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.delivery import Delivery
from courier.resources.envelope import Resource, Spec
from courier.resources.persona import Equipment
from courier.resources.rules import ExactlyOne, When
from courier.resources.sandbox import Machine, SandboxDefaults
from courier.resources.values import (
    WHOLE,
    Effort,
    Glob,
    Items,
    Line,
    ModelName,
    Money,
    Name,
    StepType,
    Text,
    Timeout,
    lasting,
    ref,
)
from courier.resources.variables import Variable

Waiting = Annotated[str, lasting("1m", "365d", example="2d")]
MaxIterations = Annotated[int, Field(ge=1, le=50), WHOLE]

SHELL_RULES = (
    When(
        "run",
        only={"agent": ("shell",)},
        forbids=("model", "effort"),
        because="`run` is done by the shell, which has no other agent, no model and no effort.",
    ),
)
"""What `run` means for the fields beside it."""


class StepLoop(Spec):
    """Makes a step of any type give a verdict, and says what happens when that is fail."""

    back_to: Name
    """The earlier step to go back to, with everything after it."""
    max_iterations: MaxIterations | None = None
    """The most times the way from there is gone, 1 to 50, the first time included; without it,
    the workflow's. A later step that goes back over this one starts the count again."""


class Step(Equipment):
    """One part of a workflow: who does it, and how."""

    RULES = (
        ExactlyOne(("type", "persona")),
        *SHELL_RULES,
        When(
            "agent",
            values=("shell",),
            requires=("run",),
            because="Agent `shell` needs the commands to run: write them as `run`.",
        ),
    )

    name: Name
    """Its name, unique in the workflow."""
    type: StepType | None = None
    """What the step is for; it chooses the role instructions."""
    persona: Annotated[str, ref("Persona")] | None = None
    """Who does it, instead of a type; the type is then the persona's."""
    agent: Annotated[str, ref("Agent")] | None = None
    """The agent that does it."""
    model: ModelName | None = None
    """The model, by the agent's own name for it."""
    effort: Effort | None = None
    """How hard the model should think."""
    instructions: Text | None = None
    """What the step is told besides its role and the task."""
    run: Text | None = None
    """Shell commands that are the step, run by agent `shell`; exit code 0 passes, others fail."""
    timeout: Timeout | None = None
    """How long one attempt may take, 1m to 4h."""
    idle_timeout: Timeout | None = None
    """How long its agent may write nothing before it counts as hung, 1m to 4h."""
    env: Items[Variable] = ()
    """Environment variables of the step's processes."""
    sandbox: Machine | None = None
    """The machine of this step, where it differs from the workflow's."""
    loop: StepLoop | None = None
    """Where its verdict leads when that is fail. Checkers give a verdict even without it and then
    go back to the nearest earlier step that does the work."""


class Loops(Spec):
    """How often work goes back from a failing check, where a step does not say it itself."""

    max_iterations: MaxIterations | None = None
    """The most times the way to a verdict is gone, 1 to 50, the first time included."""
    on_exhausted: Literal["fail", "deliverDraft"] | None = None
    """When no iteration passes: only keep the branch, or also open a draft pull request."""


class Candidate(Spec):
    """One of several that do the steps before the judge side by side."""

    agent: Annotated[str, ref("Agent")] | None = None
    """The agent of its steps that name none themselves."""
    model: ModelName | None = None
    """The model of those steps, by the agent's own name for it."""
    effort: Effort | None = None
    """How hard the model of those steps should think."""


class Candidates(Spec):
    """Several do all steps before the first judge side by side; the judge chooses one of them."""

    count: Annotated[int, Field(ge=2, le=16), WHOLE] | None = None
    """How many there are, 2 to 16; without it, as many as `agents` has, or 2."""
    agents: Annotated[Items[Candidate], Field(max_length=16)] = ()
    """Who they are, in turn until `count` is reached; without it, all as the workflow says."""


class Approval(Spec):
    """A place where a run waits for a person, who looks at exactly the work there is by then."""

    RULES = (ExactlyOne(("before", "after")),)

    name: Name | None = None
    """What people call it; without it, e.g. `before-delivery` or `after-design`."""
    before: Name | None = None
    """The step to wait before, whenever it is begun, or `delivery`."""
    after: Name | None = None
    """The step to wait after, whenever it has ended well and did not reject the work."""
    by: Items[Line] = ()
    """Users or roles of the Team who may approve; without it, every admin and owner. Without a
    Team everyone may who can write to the repository, or only the users named here."""
    reason: Text | None = None
    """What they should look at."""
    timeout: Waiting | None = None
    """How long to wait, 1m to 365d; then the run fails. Without it, for ever."""


class WorkflowSpec(Equipment):
    """How a run proceeds."""

    RULES = (
        When(
            "type",
            values=("single",),
            by_default=True,
            count={"steps": (0, 1)},
            because="A workflow of type single has one step.",
        ),
        When(
            "type",
            values=("designerChecker",),
            count={"steps": (2, 2)},
            because="A workflow of type designerChecker has two steps: the designer, the checker.",
        ),
        When(
            "type",
            values=("pipeline", "personas"),
            requires=("steps",),
            count={"steps": (1, 50)},
            because="A workflow of type pipeline or personas says its steps, 1 to 50.",
        ),
    )

    description: Text | None = None
    """What it is for, for people."""
    type: Literal["single", "designerChecker", "pipeline", "personas"] = "single"
    """Its form: one step; a designer and a checker in a loop; any steps; or steps by personas."""
    steps: Items[Step] = ()
    """The steps in order. Types single and designerChecker have default ones when none are
    written."""
    agent: Annotated[str, ref("Agent")] | None = None
    """The agent of steps that name none."""
    model: ModelName | None = None
    """The model of steps that name none."""
    effort: Effort | None = None
    """The effort of steps that name none."""
    instructions: Text | None = None
    """What every step is told besides its role and the task."""
    env: Items[Variable] = ()
    """Environment variables of every step's processes."""
    loops: Loops | None = None
    """How often work goes back from a failing check."""
    candidates: Candidates | None = None
    """Several do all steps before the first judge side by side; the judge chooses one of them."""
    paths: Items[Glob] | None = None
    """What its work is about, for choosing learnings with a `scope`; without it, the project's."""
    sandbox: SandboxDefaults | None = None
    """How its sandboxes are made, where it differs from the project."""
    delivery: Delivery | None = None
    """How its work is proposed, where it differs from the project."""
    approvals: Items[Approval] = ()
    """Where its runs wait for a person."""
    budget: Money | None = None
    """The most US dollars one run may cost."""


class Workflow(Resource):
    """Which steps a run takes, who does them, and what happens when a check fails."""

    kind: Literal["Workflow"]
    """Always `Workflow`."""
    spec: WorkflowSpec
    """How a run proceeds."""
