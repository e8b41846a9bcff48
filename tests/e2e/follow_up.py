"""The interactive column of the matrix: an agent in a live sandbox, asked twice, and ended."""

from collections.abc import Callable
from typing import NamedTuple

from courier.runs.interactive.wording import RULES
from tests.e2e.columns import opening
from tests.e2e.rows import Row
from tests.fakes.models import Asked, Reply, Say, Script, Turn

ANSWERS = ("I wrote 41.", "It is 42 now.")
"""What the agent says to both messages."""


class Messages(NamedTuple):
    """What a person says in one cell."""

    first: str
    second: str


def messages(cell: str) -> Messages:
    """Return what a person says; only who knows the first message can do the second."""
    return Messages(f"{opening(cell)}put 41 into answer.txt.", f"{opening(cell)}one more, please.")


def script(row: Row, cell: str) -> Script:
    """Return how the model answers both messages; the second only where it knows the first."""
    said = messages(cell)

    def answer(asked: Asked) -> Reply:
        asks_again = said.second in asked.prompt
        if asks_again and not _knows(asked, said):
            return Turn.of(Say("I do not know what we are talking about."))
        if asked.turns_since_prompt:
            return Turn.of(Say(ANSWERS[asks_again]))
        if asks_again:
            return Turn.of(row.tools.run("echo 42 >answer.txt", "Add one"))
        return Turn.of(row.tools.write("answer.txt", "41\n"))

    return answer


def follow_up(courier: Callable[..., object], row: Row, cell: str) -> None:
    """Sit down with a row's agent, talk to it over a pause, and end it.

    Args:
        courier: Runs a command as a person types it.
        row: The agent.
        cell: The sandbox's name.
    """
    said = messages(cell)
    model = ["--model", row.model] if row.model else []
    create = ("sandbox", "create", cell, "--agent", row.agent, *model)
    courier(*create, "--prompt", said.first)
    courier("sandbox", "pause", cell)
    courier("sandbox", "resume", cell)
    courier("sandbox", "send", cell, said.second)
    courier("sandbox", "kill", cell, "--reason", "done")


def _knows(asked: Asked, said: Messages) -> bool:
    return any(RULES in prompt and said.first in prompt for prompt in asked.prompts)
