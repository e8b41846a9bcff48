"""The machine an attempt gets, and sandboxes people use by themselves."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Resource, Spec
from courier.resources.values import (
    WHOLE,
    Branch,
    Effort,
    Host,
    Interval,
    Items,
    ModelName,
    Name,
    RepositoryUrl,
    Text,
    Timeout,
    ref,
)

Cpu = Annotated[int, Field(ge=1, le=8), WHOLE]
MemoryMB = Annotated[int, Field(ge=256, le=8192), WHOLE]


class Machine(Spec):
    """The machine an attempt gets; what is not written is inherited."""

    template: Annotated[str, ref("Template")] | None = None
    """The Template to start from; `base` exists everywhere."""
    cpu: Cpu | None = None
    """Virtual CPUs, 1 to 8."""
    memory_mb: MemoryMB | None = Field(default=None, alias="memoryMB")
    """Memory in MB, 256 to 8192."""
    egress: Literal["open", "listed", "none"] | None = None
    """Which network it reaches: all of it, only `allowedHosts`, or none."""
    allowed_hosts: Items[Host] | None = None
    """The hosts it may reach when egress is `listed`; `*.example.com` allows every subdomain."""


class SandboxDefaults(Machine):
    """How sandboxes are made; what is not written is inherited."""

    timeout: Timeout | None = None
    """How long one attempt at a step may take, 1m to 4h; work is rescued before it strikes."""
    idle_timeout: Timeout | None = None
    """How long an agent may write nothing before it counts as hung and is tried again, 1m to 4h.
    Commands the shell runs may be silent for as long as they like."""
    checkpoint_every: Interval | None = None
    """How often work is saved out of the sandbox while an agent goes on, 10s to 1h: what is lost
    with a sandbox at most. Bursts of tool use are saved too, as soon as they pause."""
    reuse: Literal["perStep", "perRun"] | None = None
    """Whether every step gets a fresh sandbox or all steps of a run share one."""


class SandboxMessage(Spec):
    """One message to the agent in a sandbox."""

    name: Name
    """Its name, unique in the sandbox, so that it is sent once."""
    content: Text
    """What to say."""


class SandboxSpec(Machine):
    """A sandbox a person works in, outside of any run."""

    agent: Annotated[str, ref("Agent")] | None = None
    """The agent that works in it."""
    model: ModelName | None = None
    """The model, by the agent's own name for it."""
    effort: Effort | None = None
    """How hard the model should think."""
    timeout: Timeout | None = None
    """How long it lives without being extended, 1m to 4h."""
    repository: RepositoryUrl | None = None
    """The repository to check out, a URL; without it, the project's."""
    branch: Branch | None = None
    """The branch to check out; without it, the project's default branch."""
    prompt: Text | None = None
    """The first message; without it the agent waits."""
    messages: Items[SandboxMessage] = ()
    """Further messages, sent in this order in the same conversation."""
    desired_state: Literal["running", "paused", "killed"] = "running"
    """What should be true of it: running, frozen with its memory, or gone."""


class Sandbox(Resource):
    """A live machine with an agent in it, for a person to work with."""

    kind: Literal["Sandbox"]
    """Always `Sandbox`."""
    spec: SandboxSpec
    """What is wanted of it."""
