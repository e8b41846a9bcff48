"""Assets as a run has them: skills, commands and scripts with all their content, frozen."""

from typing import Literal

from pydantic import Base64Bytes

from courier.resources.model import Model

Moment = Literal["preRun", "postRun", "preStep", "postStep", "context", "onDemand"]
"""When a script runs."""


class FrozenFile(Model):
    """One file of a skill."""

    path: str
    """Relative to the skill's folder, with ``/``; never absolute, never with ``..``."""
    content: Base64Bytes
    executable: bool = False


class FrozenSkill(Model):
    """A skill in the Agent-Skills form."""

    name: str
    files: tuple[FrozenFile, ...]
    """Everything in its folder, ``SKILL.md`` with its front matter first."""


class FrozenCommand(Model):
    """A prompt behind a slash, or a program on the sandbox's PATH."""

    name: str
    description: str = ""
    prompt: str | None = None
    """The prompt of a slash command; null for a program."""
    run: str | None = None
    """The shell commands of a program; null for a slash command."""


class FrozenScript(Model):
    """Commands courier runs in the sandbox around the work."""

    name: str
    when: Moment
    interpreter: str = "bash"
    run: str | None = None
    """The script itself; null where it is read from the work tree when it is run."""
    file: str | None = None
    """The path in the repository it was or will be read from; null where a document holds it."""
    timeout_seconds: int = 300
    on_failure: Literal["fail", "warn"] = "fail"
