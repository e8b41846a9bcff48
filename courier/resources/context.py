"""Assets: documents, skills, commands and scripts that agents and sandboxes are given."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Resource, Spec
from courier.resources.rules import ExactlyOne
from courier.resources.values import (
    CommitId,
    Items,
    Line,
    RepositoryPath,
    SessionType,
    Text,
    lasting,
)


class ContextSpec(Spec):
    """A document put into prompts under its name as heading."""

    description: Text | None = None
    """What it is about, for people; never put into a prompt."""
    sessions: Items[SessionType] = ()
    """The kinds of session, and steps of such a type, that get it without naming it."""
    content: Text
    """The document; the body of a Markdown file."""
    pin: CommitId | None = None
    """The version to use: the commit to read this file at; without it, the newest."""


class Context(Resource):
    """A document put into prompts."""

    kind: Literal["Context"]
    """Always `Context`."""
    spec: ContextSpec
    """The document."""


class SkillSpec(Spec):
    """A skill in the Agent-Skills form; the other files of its folder belong to it."""

    description: Annotated[str, Field(min_length=1, max_length=1024)]
    """What it does and when to use it; agents read this to decide."""
    body: Text
    """The instructions; the body of SKILL.md."""
    categories: Items[Line] = ()
    """Words to find it by."""
    license: Line | None = None
    """The licence of the skill."""
    compatibility: Line | None = None
    """What it needs from its surroundings."""
    allowed_tools: Line | None = None
    """Tools it may use without asking, as the agent names them."""


class Skill(Resource):
    """A folder of instructions and files that teaches an agent one thing."""

    kind: Literal["Skill"]
    """Always `Skill`."""
    spec: SkillSpec
    """What it teaches."""


class CommandSpec(Spec):
    """A prompt behind a slash, or a program on the sandbox's PATH."""

    RULES = (ExactlyOne(("prompt", "run")),)

    description: Text | None = None
    """What it does, shown where commands are listed."""
    prompt: Text | None = None
    """The prompt of a slash command; the body of a Markdown file."""
    run: Text | None = None
    """The shell commands of a program installed under the command's name; `"$@"` stands for its
    arguments."""
    enabled: bool = True
    """Whether it is installed."""


class Command(Resource):
    """A prompt behind a slash, or a program on the sandbox's PATH."""

    kind: Literal["Command"]
    """Always `Command`."""
    spec: CommandSpec
    """What it does."""


class ScriptSpec(Spec):
    """Commands courier runs in the sandbox around the work."""

    RULES = (ExactlyOne(("run", "file")),)

    description: Text | None = None
    """What it does, for people."""
    when: Literal["preRun", "postRun", "preStep", "postStep", "context", "onDemand"]
    """When it runs: `preRun` once in every new sandbox, before the first step there; `preStep` and
    `postStep` around each try of a step; `context` before it, and what it prints becomes part of
    the prompt; `postRun` once, on the finished work, before that is delivered; `onDemand` when an
    agent calls it as a program."""
    interpreter: Line = "bash"
    """The program that reads it, with its options; `bash` stands for `bash -eo pipefail`."""
    run: Text | None = None
    """The script itself."""
    file: RepositoryPath | None = None
    """A file in the repository that holds the script: below `.courier/` as it was when the run was
    planned, elsewhere as it is in the work tree at that moment."""
    timeout: Annotated[str, lasting("1s", "1h", example="5m")] = "5m"
    """How long it may take, 1s to 1h."""
    on_failure: Literal["fail", "warn"] = "fail"
    """Whether its failure fails the step or is only noted."""
    enabled: bool = True
    """Whether it runs."""


class Script(Resource):
    """Commands courier runs in the sandbox around the work."""

    kind: Literal["Script"]
    """Always `Script`."""
    spec: ScriptSpec
    """What it does and when."""
