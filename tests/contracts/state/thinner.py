"""A process that takes transcripts away whose time is over, until it is killed or done.

``thinner.py FOLDER REMOTE NOW``; prints how many files were taken away.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from courier.engine.passes.retention import Retentions
from courier.engine.pruning.leftovers import Past
from courier.engine.pruning.transcripts import KeptTranscripts
from courier.planning.catalog.catalog import Catalog
from courier.storage.index import Index
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock


async def main(folder: Path, remote: str, now: datetime) -> None:
    clock = SystemClock()
    mirror = await Mirror(folder, remote=remote, clock=clock).open()
    state = StateBranch(mirror)
    index = Index(state, folder / "index", clock)
    await index.follow()
    past = Past(now, Retentions(Catalog({}, "")), {}, index)
    sweep = KeptTranscripts(state)
    found = await sweep.find(past)
    await sweep.remove(found, past)
    print(len(found), flush=True)  # noqa: T201 - told to the test
    index.close()
    await state.close()
    await mirror.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])))
