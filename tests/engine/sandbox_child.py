"""Lives and deaths of courier while it keeps a sandbox: forked, killed with SIGKILL at facts.

Run by hand: ``python -m tests.engine.sandbox_child FOLDER --url URL --key KEY``; kills one life at
every fact in turn until a life gets to the end, then prints how often.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from courier.engine.journal.writer import Observer
from courier.runs.interactive.frozen import Word
from tests.engine.guests import PERSON, Guest, sandbox_plan
from tests.engine.journal_child import fork, reap
from tests.engine.run_child import FactByFact, Stage, build
from tests.engine.worlds import provider, scene
from tests.fakes.embedded import Endpoint

MOST_KILLS = 400

SAYS = """
echo start >>~/starts
for line in 1 2 3; do echo "{name} line $line"; sleep 0.05; done
cp ~/starts starts; echo {name} >>value
"""
"""Leaves in its work how often anything was started in this sandbox."""

NAMES = ("one", "two", "three")


async def live(stage: Stage, observer: Observer) -> int:
    """Be courier until the sandbox is gone; pause it once, and end it when all is answered."""
    sandboxes = provider(stage.sandboxd)
    async with scene(stage.home, stage.origin, sandboxes, observer=observer) as opened:
        says = [SAYS.format(name=name) for name in NAMES]
        guest = Guest(opened, sandbox_plan(opened, *says))
        await guest.ask()
        await _once(stage, "paused", guest, Word(do="pause", id="pause", by=PERSON))
        await _once(stage, "resumed", guest, Word(do="resume", id="resume", by=PERSON))
        state = await opened.engine.status(guest.run)
        if state is not None and not state.phase.ended and state.cancellation is None:
            await guest.answers(len(NAMES))
            await opened.engine.cancel(guest.run, by=PERSON, reason="enough")
        await opened.engine.wait(guest.run)
    return 0


async def _once(stage: Stage, mark: str, guest: Guest, word: Word) -> None:
    """Say a word unless an earlier life has; killed in between, it is said twice."""
    if not (stage.folder / mark).exists():
        await guest.tell(word)
        (stage.folder / mark).touch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    asked = parser.parse_args()
    # Imported once, before the lives are forked off.
    import e2b  # noqa: F401

    stage = build(asked.folder, Endpoint(asked.url, asked.key, asked.folder))
    kills = 0
    while reap(fork(partial(live, stage, FactByFact(stage.folder / "killed-at")))):
        kills += 1
        if kills > MOST_KILLS:
            raise RuntimeError("The sandbox gets nowhere.")
    sys.stdout.write(json.dumps({"kills": kills}) + "\n")


if __name__ == "__main__":
    main()
