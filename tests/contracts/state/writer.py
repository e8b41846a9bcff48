"""A process that appends to the state branch for ever and says what was answered.

Run as ``python writer.py FOLDER REMOTE NAME FIRST LAST``; prints each key once it is written.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from courier.ports.state import AppendLine, WriteFile
from courier.storage.credentials import Credentials
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock


async def main(folder: str, remote: str, name: str, first: int, last: int) -> None:
    mirror = Mirror(
        Path(folder),
        remote=remote,
        clock=SystemClock(),
        credentials=Credentials(environment={"PATH": os.environ["PATH"]}),
    )
    await mirror.open()
    state = StateBranch(mirror)
    for number in range(first, last):
        key = f"{name}-{number}"
        line = AppendLine("usage/all.jsonl", json.dumps({"key": key}).encode(), key)
        own = WriteFile(f"runs/{name}/{number}/run.json", b"{}\n")
        await state.write([line, own], message=f"Record {key}")
        sys.stdout.write(f"{key}\n")
        sys.stdout.flush()
    await state.close()
    await mirror.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
