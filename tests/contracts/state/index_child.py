"""A process that takes records into a shared index, again and again, until it is killed.

``index_child.py FOLDER REMOTE [once]``; prints the number of runs it sees after each time.
"""

import asyncio
import sys
from pathlib import Path

from courier.ports.index import RunQuery
from courier.storage.index import Index
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock


async def main(folder: Path, remote: str, *, once: bool) -> None:
    clock = SystemClock()
    mirror = await Mirror(folder, remote=remote, clock=clock).open()
    state = StateBranch(mirror)
    index = Index(state, folder / "index", clock)
    while True:
        await index.follow()
        print(len(index.page(RunQuery())), flush=True)  # noqa: T201 - told to the test
        if once:
            break
        await asyncio.sleep(0.01)
    index.close()
    await mirror.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], once=len(sys.argv) > 3))
