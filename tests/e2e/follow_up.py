"""The interactive column of the matrix: an agent in a live sandbox, asked, asked again, and ended.

`follow_up` carries one row out by commands of its own process, as a person types them, and
returns the sandbox's account.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from courier.runs.interactive.wording import RULES
from tests.contracts.scratch import GIT_ENV
from tests.e2e.matrix import PATIENCE, Place
from tests.e2e.rows import Row
from tests.fakes.models import Asked, Reply, Say, Script, Turn

FIRST = "Put 41 into answer.txt."
SECOND = "Make it 42."


def name_of(row: Row) -> str:
    """Return the name of a row's sandbox."""
    return f"desk-{row.agent}"


def script(row: Row) -> Script:
    """Return how the model answers both messages; the second only where it knows the first."""

    def answer(asked: Asked) -> Reply:
        asks_again = SECOND in asked.prompt
        if asks_again and not any(RULES in prompt and FIRST in prompt for prompt in asked.prompts):
            return Turn.of(Say("I do not know what we are talking about."))
        if asked.turns_since_prompt == 0:
            if asks_again:
                return Turn.of(row.tools.run("echo 42 >answer.txt", "Mend"))
            return Turn.of(row.tools.write("answer.txt", "41\n"))
        return Turn.of(Say("It is 42 now." if asks_again else "I wrote 41."))

    return answer


def follow_up(place: Place, row: Row) -> Mapping[str, Any]:
    """Sit down with a row's agent, talk to it over a pause, and end it; return the account."""
    name = name_of(row)
    model = ["--model", row.model] if row.model else []
    courier(place, "create", name, "--agent", row.agent, *model, "--prompt", FIRST)
    courier(place, "pause", name)
    courier(place, "resume", name)
    courier(place, "send", name, SECOND)
    courier(place, "kill", name, "--reason", "done")
    told: dict[str, Any] = json.loads(courier(place, "show", name, "-o", "json"))["item"]
    return told


def courier(place: Place, *argv: str) -> str:
    """Run a verb of `courier sandbox` in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "courier", "sandbox", *argv],
        cwd=place.root,
        env={**GIT_ENV, "LANG": "C.UTF-8", **place.variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout
