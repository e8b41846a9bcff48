"""A sandbox that is kept for a person, who talks in it three times and pauses it once."""

from courier.engine.journal.writer import Observer
from courier.runs.interactive.frozen import Word
from tests.engine.guests import PERSON, Guest, sandbox_plan
from tests.engine.kills.lives import Stage
from tests.engine.worlds import provider, scene

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
