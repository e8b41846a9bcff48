"""One step of a frozen plan and the machine it gets, with every value decided."""

from typing import Literal

from pydantic import Field

from courier.resources.agent import AgentSpec
from courier.resources.model import Model
from courier.resources.values import StepType
from courier.runs.briefs.assets import FrozenCommand, FrozenScript, FrozenSkill
from courier.runs.learnings.told import StepLearnings


class FrozenContext(Model):
    """A context document to inject; the name becomes its heading."""

    name: str
    content: str
    version: str | None = None
    """The commit it was read at, where it is pinned to one."""


class FrozenStepLoop(Model):
    """What a step says about its own rejections."""

    back_to: str | None = None
    """The earlier step to go back to; null for the nearest one that does the work."""
    max_iterations: int | None = None
    """How often the way from there is gone, the first time included; null for the plan's."""


class FrozenTemplate(Model):
    """How a machine is prepared, as its Template document says it."""

    name: str
    start: str = "base"
    """The template to start from: `base`, or an id or alias on E2B."""
    dockerfile: str | None = None
    """The path, at the base commit, of a Dockerfile to start from in its place."""
    commands: tuple[str, ...] = ()
    """Shell commands, the agents' installation first."""
    agents: tuple[str, ...] = ()
    place: str = ""
    """Where it is written: ``file:line:column``."""

    @property
    def is_built(self) -> bool:
        """Return whether it has to be built, and is not only a name."""
        return bool(self.commands or self.dockerfile)


class FrozenSandbox(Model):
    """The machine each attempt gets."""

    template: str = "base"
    prepared: FrozenTemplate | None = None
    """What the template's document says; null for one that has none."""
    cpu: int | None = None
    """Virtual processors; null for the template's own."""
    memory_mb: int | None = None
    """Memory in MB; null for the template's own."""
    timeout_seconds: int = 900
    network: bool = True
    reuse: Literal["perStep", "perRun"] = "perStep"
    on_timeout: Literal["kill", "pause"] = "kill"
    """What the provider does when nobody looked at it for that long."""


class FrozenStep(Model):
    """One step with every effective value decided."""

    name: str
    type: StepType
    agent: str
    model: str | None = None
    effort: str | None = None
    described: AgentSpec | None = None
    """How the agent is run, where an Agent document describes it; null for a built-in one."""
    run: str | None = None
    """What the shell agent runs."""
    instructions: str = ""
    """Persona and step instructions, joined."""
    persona: str | None = None
    contexts: tuple[FrozenContext, ...] = ()
    learnings: StepLearnings | None = None
    """What it is told of a version of the learnings; null where there is no version."""
    skills: tuple[FrozenSkill, ...] = ()
    commands: tuple[FrozenCommand, ...] = ()
    scripts: tuple[FrozenScript, ...] = ()
    timeout_seconds: int = 900
    idle_seconds: int | None = None
    """How long its agent may write nothing before it counts as hung; null for ever."""
    linger_seconds: int = 30
    """How long its agent may go on running after the final event of its turn."""
    checkpoint_seconds: int | None = None
    """How often its work is saved out of the sandbox while it goes on; null for never."""
    gives_verdict: bool = False
    """Whether its last words (or the shell's exit code) pass or fail the work before it."""
    scores: bool = False
    """Whether its last words score the work before it."""
    threshold: float | None = None
    """The composite score below which it rejects the work; null where it says so itself."""
    chooses: bool = False
    """Whether its last words (or the shell's last line) choose one of the run's candidates."""
    harvests: str | None = None
    """The sort of harvest its last words are; null where no files are made of them."""
    loop: FrozenStepLoop | None = None
    """Null where the plan's loop says everything about its rejections."""
    sandbox: FrozenSandbox | None = None
    """A machine of its own; null for the plan's."""
    env: dict[str, str] = Field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    origins: dict[str, str] = Field(default_factory=dict)
    """Field name to where its value was written."""
