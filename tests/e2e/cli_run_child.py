"""courier with every agent program, as a process of its own that a test may kill at any moment."""

import argparse
import asyncio
from pathlib import Path

from tests.e2e.rows import ROWS
from tests.e2e.stage import KEYS, agent_plan
from tests.engine.worlds import provider, scene
from tests.fakes.embedded import Endpoint


async def live(folder: Path, sandboxd: Endpoint, rows: list[str], models: str) -> None:
    """Run every row's plan to its end, or go on with it; ``{run}`` in a URL becomes the row."""
    world = scene(folder / "home", folder / "origin.git", provider(sandboxd), environment=KEYS)
    async with world as here:
        for row in rows:
            await here.submit(agent_plan(here, ROWS[row], row, models.replace("{run}", row)))
        (folder / "life").write_text("begun")
        for row in rows:
            await here.engine.wait(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--models", required=True)
    parser.add_argument("rows", nargs="+")
    asked = parser.parse_args()
    server = Endpoint(asked.url, asked.key, asked.folder)
    asyncio.run(live(asked.folder, server, asked.rows, asked.models))


if __name__ == "__main__":
    main()
