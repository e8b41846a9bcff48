"""What every protocol's requests have in common: texts, and who spoke in which order."""

import re
from collections.abc import Sequence
from typing import Any

_REMINDERS = re.compile(
    r"<(system-reminder|environment_context|user_instructions|skills_instructions"
    r"|permissions instructions)>.*?</\1>",
    re.DOTALL,
)


def blocks(content: object) -> list[dict[str, Any]]:
    """Return the objects of a list; a text alone counts as one of type ``text``."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return []
    return [block for block in content if isinstance(block, dict)]


def text_of(content: object) -> str:
    """Return the texts of a message's content, joined by newlines."""
    return "\n".join(str(block["text"]) for block in blocks(content) if "text" in block)


def without_reminders(text: str) -> str:
    """Return what a person said: what the agent added on its own is left out."""
    if text.startswith("# AGENTS.md instructions"):
        return ""
    return _REMINDERS.sub("", text).strip()


def count_turns(voices: Sequence[str]) -> tuple[int, int]:
    """Return how often the model spoke, and how often since a person last did.

    Args:
        voices: ``model``, ``tool`` or ``person``, in order; what the model says in several
            pieces without being interrupted is one turn.
    """
    spoken = [
        voice
        for at, voice in enumerate(voices)
        if voice != "model" or at == 0 or voices[at - 1] != "model"
    ]
    last = max((at for at, voice in enumerate(spoken) if voice == "person"), default=0)
    return spoken.count("model"), spoken[last:].count("model")
