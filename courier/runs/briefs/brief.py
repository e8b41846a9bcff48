"""What one attempt asks of an agent, and the process that carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from courier.runs.briefs.assets import FrozenCommand, FrozenSkill
from courier.runs.usage.usage import Usage


@dataclass(frozen=True, slots=True)
class Brief:
    """What one turn of an attempt asks of an agent.

    Attributes:
        prompt: The whole prompt, already assembled and bounded.
        workspace: Absolute path in the sandbox of the checked-out repository; the process's cwd.
        scratch: Absolute path in the sandbox, outside the workspace and not below ``/tmp``, for the
            agent's own files. Conversations lie in it: it is the same in every turn of one.
        model: The CLI's name of the model; None leaves the choice to the CLI.
        effort: low, medium, high or max; None leaves the choice to the CLI.
        session: The agent's own conversation handle to continue; None starts a new one.
        used: What earlier turns of that conversation used, for agents that only tell totals.
        run: What the shell agent runs; None for every other agent.
        home: Absolute path of the user's home in the sandbox, for agents that only look there;
            without it the scratch directory stands for it.
        guide: What the agent reads as its file of instructions, outside the repository.
        skills: What it is taught, put where it looks for skills.
        commands: Prompts behind a slash, put where it looks for them; programs are on the PATH.
        images: Absolute paths in the sandbox of pictures that belong to this prompt; a later turn
            of the conversation does not name them again.
        max_usd: A cap to hand to the CLI where it has one.
        env: Plain variables for the process.
        secrets: Names of secrets the process needs; values are put in at start.
        asked_at: When the turn began; the same however often it is taken over.
    """

    prompt: str
    workspace: str
    scratch: str
    model: str | None = None
    effort: str | None = None
    session: str | None = None
    used: Usage = field(default_factory=Usage)
    run: str | None = None
    home: str = ""
    guide: str = ""
    skills: tuple[FrozenSkill, ...] = ()
    commands: tuple[FrozenCommand, ...] = ()
    images: tuple[str, ...] = ()
    max_usd: Decimal | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """A process to start in the workspace of a sandbox.

    Attributes:
        argv: The command; never holds a secret, and the prompt only for an agent that is described
            as taking it no other way.
        stdin: Fed to the process, then closed.
        files: Absolute path to content, written before the start, outside the workspace.
        executable: Those of the files that can be run.
        env: Plain variables for the process.
        secrets: Names of secrets it needs; a name starting with ``?`` is optional.
        output: Which stream carries events: ``stdout`` (stderr kept apart) or ``both`` (merged).
    """

    argv: tuple[str, ...]
    stdin: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    output: str = "stdout"
