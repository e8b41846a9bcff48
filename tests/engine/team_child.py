"""A worker in a process of its own: a whole world around a database, until it is told to stop."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tests.engine.worlds import Sharing, provider, scene
from tests.fakes.embedded import Endpoint


async def work(asked: argparse.Namespace) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sandboxes = provider(Endpoint(asked.url, asked.key, asked.home))
    shared = Sharing(asked.name, asked.database)
    async with scene(asked.home, asked.origin, sandboxes, shared=shared):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("origin", type=Path)
    for option in ("--url", "--key", "--database", "--name"):
        parser.add_argument(option, required=True)
    asyncio.run(work(parser.parse_args()))


if __name__ == "__main__":
    main()
