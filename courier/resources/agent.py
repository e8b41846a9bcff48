"""Agents: a command-line agent described in YAML, beside the built-in ones."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Resource, Spec
from courier.resources.rules import When
from courier.resources.values import HomePath, Items, Line, SomeItems, Text
from courier.resources.variables import Variable

Argv = SomeItems[Annotated[str, Field(min_length=1, max_length=4096)]]
"""A command as a list of arguments."""

JsonPath = Line
"""A path in a JSON value, its parts joined by dots: ``usage.input_tokens``, ``items.0.text``."""


class AgentOutput(Spec):
    """How the agent's output is read."""

    RULES = (
        When(
            "format",
            values=("text",),
            by_default=True,
            forbids=("text", "session", "error", "end"),
            because="Paths into JSON need format json or jsonLines.",
        ),
    )

    format: Literal["text", "json", "jsonLines"] = "text"
    """Plain text, one JSON value at the end, or one JSON value per line."""
    text: JsonPath | None = None
    """Where a JSON value holds what the agent says; the last text is its answer."""
    session: JsonPath | None = None
    """Where a JSON value holds the conversation's id."""
    error: JsonPath | None = None
    """Where a JSON value holds an error's message."""
    end: JsonPath | None = None
    """Where a JSON line holds something only if it is the last of a turn; an agent that has told
    it and does not exit is stopped, and its turn counts. In format json the value itself is it."""


class AgentUsage(Spec):
    """Where a JSON value holds what was used."""

    input_tokens: JsonPath | None = None
    """Path of the tokens sent, cached ones excluded; every JSON value that has it adds to it."""
    output_tokens: JsonPath | None = None
    """Path of the tokens received."""
    cache_read_tokens: JsonPath | None = None
    """Path of the tokens read from the provider's cache."""
    cache_write_tokens: JsonPath | None = None
    """Path of the tokens written to the provider's cache."""
    cost_usd: JsonPath | None = None
    """Path of the cost in US dollars."""


class AgentFiles(Spec):
    """Where the agent reads its files, as paths below its home in the sandbox."""

    instructions: HomePath | None = None
    """The file it reads instructions from; without it, the place `{instructionsFile}`."""
    skills: HomePath | None = None
    """The folder it reads skills from; without it, the place `{skillsFolder}`."""
    commands: HomePath | None = None
    """The folder it reads slash commands from; without it, the place `{commandsFolder}`."""


class AgentSpec(Spec):
    """How to run a command-line agent without a person at its keyboard."""

    description: Text | None = None
    """What it is, for people."""
    start: Argv
    """The command of a new conversation; `{model}`, `{effort}`, `{prompt}`, `{promptFile}`,
    `{instructionsFile}`, `{skillsFolder}` and `{commandsFolder}` are filled in. An argument whose
    value is not known is left out, and if it is that place alone, then also an option right before
    it, as in `--model {model}`. What holds `{image}` is repeated for every picture."""
    continue_: Argv | None = Field(default=None, alias="continue")
    """The command that goes on with conversation `{session}`; without it every turn starts anew."""
    prompt: Literal["stdin", "argument", "file"] = "stdin"
    """How the prompt is handed over: on standard input, as `{prompt}`, or in `{promptFile}`."""
    output: AgentOutput = Field(default_factory=AgentOutput)
    """How its output is read."""
    env: Items[Variable] = ()
    """Environment variables it needs."""
    usage: AgentUsage | None = None
    """Where its output says what was used; without it usage is unknown, not zero."""
    files: AgentFiles = Field(default_factory=AgentFiles)
    """Where it reads instructions, skills and commands from; never in the repository."""


class Agent(Resource):
    """A command-line agent described in YAML."""

    kind: Literal["Agent"]
    """Always `Agent`."""
    spec: AgentSpec
    """How to run it."""
