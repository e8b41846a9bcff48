"""Lives and deaths of courier while it tells people: killed at every fact about a letter.

Run by hand: ``python -m tests.engine.notice_child FOLDER ADDRESS``.
"""

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from courier.engine.journal.writer import Observer
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.engine.journal_child import fork, reap
from tests.engine.kills.lives import MOST_KILLS, FactByFact
from tests.engine.post import Office, catalog, office, record
from tests.engine.worlds import make_origin

SINKS = (
    "{name: hook, type: webhook, secretRef: HOOK}",
    "{name: chat, type: discord, secretRef: HOOK, events: [runFailed]}",
)
NOW = datetime.now(UTC).isoformat()
RECORDS = (
    record("good", endedAt=NOW),
    record("bad", phase="failed", reason="Crashed", endedAt=NOW),
)


async def live(folder: Path, address: str, observer: Observer | None) -> int:
    """Be courier until everything was told; the observer may end it earlier."""
    clock = SystemClock()
    mirror = Mirror(folder / "home", remote=str(folder / "origin.git"), clock=clock)
    await mirror.open()
    state = StateBranch(mirror)
    await state.refresh()
    async with office(folder / "home", state, clock, {"HOOK": address}, observer) as here:
        await tell(here)
    await mirror.close()
    return 0


async def tell(here: Office) -> None:
    """Tell what two records gained, with an engine that may have letters already."""
    told = catalog(*SINKS)
    here.engine.limit("notices", concurrency=0)
    await here.world.index.follow()
    await here.herald.tell(told)
    if await here.world.state.tip() is None:
        await here.put(*RECORDS)
    here.restart()
    await here.world.index.follow()
    await here.herald.tell(told)
    # One at a time, with nothing else going on: a kill cuts off one try.
    here.engine.limit("notices", concurrency=1)
    async with asyncio.timeout(30):
        while not all(one.phase.ended for one in await here.letters()):
            await asyncio.sleep(0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("address")
    asked = parser.parse_args()
    make_origin(asked.folder, {"value": "none\n"})
    kills, seen = 0, asked.folder / "killed-at"
    while reap(fork(partial(live, asked.folder, asked.address, FactByFact(seen)))):
        kills += 1
        if kills > MOST_KILLS:
            raise RuntimeError("Nobody is told.")
    sys.stdout.write(json.dumps({"kills": kills}) + "\n")


if __name__ == "__main__":
    main()
