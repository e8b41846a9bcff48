"""What each agent can and cannot do, as data, so that a wish it cannot fulfil is told early."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias, cast, get_args

Feature: TypeAlias = Literal[
    "model",
    "effort",
    "continue",
    "usage",
    "cost",
    "costCap",
    "instructions",
    "skills",
    "commands",
    "images",
]
"""What an agent may be able to do:

- model, effort: take the one that is asked for
- continue: go on with a conversation in a later turn
- usage, cost: tell the tokens and the dollars it used while it works
- costCap: stop by itself at an amount
- instructions, skills, commands: read them from files outside the repository
- images: be shown pictures with a prompt
"""

Wire: TypeAlias = Literal["messages", "responses", "chat"]
"""Protocols of model providers: Anthropic Messages, OpenAI Responses, Chat Completions."""

_IN_WORDS: Final[Mapping[Feature, str]] = MappingProxyType(
    {
        "model": "choice of a model",
        "effort": "effort",
        "continue": "way to go on with a conversation",
        "usage": "report of the tokens it used",
        "cost": "report of what it cost",
        "costCap": "limit of its own on what it costs",
        "instructions": "file for instructions",
        "skills": "folder for skills",
        "commands": "folder for slash commands",
        "images": "way to be shown pictures",
    }
)


class Capabilities(NamedTuple):
    """What one agent can do.

    Attributes:
        features: What it can.
        wires: Protocols it speaks with model providers; empty where courier does not know.
        base_urls: Variables that send it to another provider.
        secrets: Variables it may read a key from.
        program: What it is called on the command line; empty for one that needs no program.
        package: The package on npm that installs it, at the version courier is tested with.
        node: The oldest Node.js that runs it, major and minor; None for a native program.
    """

    features: frozenset[Feature]
    wires: frozenset[Wire] = frozenset()
    base_urls: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    program: str = ""
    package: str = ""
    node: tuple[int, int] | None = None

    def has(self, feature: Feature) -> bool:
        """Return whether it can do that."""
        return feature in self.features


_ALL: Final[frozenset[Feature]] = frozenset(get_args(Feature))
_ANYWHERE: Final[frozenset[Wire]] = frozenset(get_args(Wire))

CAPABILITIES: Final[Mapping[str, Capabilities]] = MappingProxyType(
    {
        "claude": Capabilities(
            _ALL,
            frozenset({"messages"}),
            ("ANTHROPIC_BASE_URL",),
            ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
            program="claude",
            package="@anthropic-ai/claude-code@2.1.328",
        ),
        "codex": Capabilities(
            _ALL - {"cost", "costCap", "commands"},
            frozenset({"responses"}),
            ("OPENAI_BASE_URL", "OPENROUTER_BASE_URL"),
            ("OPENAI_API_KEY", "CODEX_API_KEY", "OPENROUTER_API_KEY"),
            program="codex",
            package="@openai/codex@0.169.0",
        ),
        "opencode": Capabilities(
            _ALL - {"costCap"},
            _ANYWHERE,
            ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "OPENROUTER_BASE_URL"),
            ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"),
            program="opencode",
            package="opencode-ai@1.18.33",
        ),
        "pi": Capabilities(
            _ALL - {"costCap"},
            _ANYWHERE,
            ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "OPENROUTER_BASE_URL"),
            ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"),
            program="pi",
            package="@earendil-works/pi-coding-agent@0.87.1",
            node=(22, 19),
        ),
        "shell": Capabilities(frozenset()),
    }
)
"""The built-in agents by name."""


def described_capabilities(spec: Mapping[str, object]) -> Capabilities:
    """Return what an agent can do that a document describes.

    Args:
        spec: The document's ``spec``, as plain JSON.
    """
    return Capabilities(frozenset(described_features(spec)))


def described_features(spec: Mapping[str, object]) -> list[Feature]:
    """Return the features an agent has that a document describes, in no order."""
    output, usage, files = _part(spec, "output"), _part(spec, "usage"), _part(spec, "files")
    onward = _list(spec, "continue")
    argv = " ".join(map(str, (*_list(spec, "start"), *onward)))
    # Thousands of documents are asked, and most use few of the words.
    words = [feature for word, feature in _WORDS.items() if word in argv] if "{" in argv else []
    if files:
        words += [feature for field, feature in _FILES.items() if files.get(field)]
    if onward and output.get("session"):
        words.append("continue")
    if "inputTokens" in usage or "outputTokens" in usage:
        words.append("usage")
    if usage.get("costUsd"):
        words.append("cost")
    return words


_WORDS: Final[Mapping[str, Feature]] = {
    "{model}": "model",
    "{effort}": "effort",
    "{instructionsFile}": "instructions",
    "{skillsFolder}": "skills",
    "{commandsFolder}": "commands",
    "{image}": "images",
}
"""What stands in an agent's words of what it can do."""

_FILES: Final[Mapping[str, Feature]] = {
    "instructions": "instructions",
    "skills": "skills",
    "commands": "commands",
}
"""What an agent can do for which it names a file."""


def lack(agent: str, feature: Feature, known: Mapping[str, Capabilities]) -> str | None:
    """Return a sentence that an agent cannot do something and which can; None if it can.

    Args:
        agent: Its name; one that is not known can do everything.
        feature: What is wanted of it.
        known: Every agent there is.
    """
    if agent not in known or known[agent].has(feature):
        return None
    others = ", ".join(sorted(name for name, each in known.items() if each.has(feature)))
    can = f"these have it: {others}" if others else "no agent has it"
    return f'Agent "{agent}" has no {_IN_WORDS[feature]}; {can}.'


def _part(spec: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = spec.get(name)
    return cast(Mapping[str, object], value) if isinstance(value, Mapping) else {}


def _list(spec: Mapping[str, object], name: str) -> tuple[object, ...]:
    value = spec.get(name)
    return tuple(value) if isinstance(value, list | tuple) else ()
