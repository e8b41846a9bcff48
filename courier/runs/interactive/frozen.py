"""The frozen value of one sandbox for people, and the words that are said to it later."""

from typing import Literal

from courier.resources.model import Model
from courier.runs.run.frozen import FrozenPlan

WORD = "word"
"""The signal by which a sandbox is told something."""

PROMPT = "prompt"
"""The id of the first message."""

_PREFIX = "sandbox."

DesiredState = Literal["running", "paused", "killed"]
"""What a document wants of a sandbox."""


class GivenMessage(Model):
    """One message to the agent."""

    id: str
    """Unique in its sandbox, so that it is answered once."""
    content: str
    by: str = ""
    """Who said it, as git writes people; empty where a document says it."""


class Word(Model):
    """Something said to a live sandbox."""

    do: Literal["send", "pause", "resume", "extend"]
    id: str = ""
    """What it is known by, so that it is obeyed once; empty where obeying twice is the same."""
    message: GivenMessage | None = None
    """What to send; null for everything else."""
    by: str = ""
    declared: DesiredState | None = None
    """The document's desired state that this word obeys; null for what people say by command."""


class SandboxPlan(Model):
    """Everything decided about a sandbox when it is asked for."""

    version: Literal[1] = 1
    name: str
    plan: FrozenPlan
    """One step: the agent, the machine, the repository and where work goes."""
    onto: str
    """The branch its work is proposed for: the project's default one."""
    own_branch: str
    """Where its work goes if the branch it was taken from is the default one, or has moved."""
    lives_seconds: int
    """How long it lives after the last thing that happened in it."""
    declared: DesiredState = "running"
    messages: tuple[GivenMessage, ...] = ()


def run_of(name: str, *, generation: int = 1) -> str:
    """Return the engine's name of a sandbox: no run's name holds a dot."""
    return f"{_PREFIX}{name}" if generation == 1 else f"{_PREFIX}{name}.{generation}"


def name_of(run: str) -> str | None:
    """Return the sandbox an engine's name means; None for a run."""
    if not run.startswith(_PREFIX):
        return None
    return run.removeprefix(_PREFIX).partition(".")[0]


def shown(name: str) -> str:
    """Return the sandbox as people name it among runs."""
    return f"sandbox/{name}"
