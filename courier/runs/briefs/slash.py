"""Slash commands: prompts behind a name, and what a text that begins with one means."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from courier.runs.briefs.assets import FrozenCommand

_CALL: Final = re.compile(r"\s*/(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:\s+(?P<said>.*))?", re.DOTALL)

_ARGUMENTS: Final = "$ARGUMENTS"
"""Where what follows the name goes; the one place all agents understand alike."""


@dataclass(frozen=True, slots=True)
class Slash:
    """A slash command that a text begins with.

    Attributes:
        command: Which.
        said: What follows its name.
    """

    command: FrozenCommand
    said: str

    @property
    def expanded(self) -> str:
        """Return what an agent is to be told instead."""
        prompt = (self.command.prompt or "").strip()
        if _ARGUMENTS in prompt or not self.said:
            return prompt.replace(_ARGUMENTS, self.said)
        return f"{prompt}\n\n{self.said}"


def slash_of(text: str, commands: Iterable[FrozenCommand]) -> Slash | None:
    """Return the slash command the text begins with; None if it begins with none of these."""
    found = _CALL.fullmatch(text)
    if found is None:
        return None
    called = (each for each in commands if each.prompt is not None and each.name == found["name"])
    command = next(called, None)
    return None if command is None else Slash(command, (found["said"] or "").strip())


def command_document(command: FrozenCommand) -> str:
    """Return a slash command as the Markdown file that agents read it from."""
    described = json.dumps(command.description or command.name, ensure_ascii=False)
    return f"---\ndescription: {described}\n---\n\n{(command.prompt or '').strip()}\n"
