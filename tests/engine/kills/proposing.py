"""One life of courier in a process of its own, which ends while pull requests are opened.

Two runs do the same work. Run by hand:
``python -m tests.engine.kills.proposing FOLDER --url URL --key KEY --dies claimed``.
"""

import argparse
import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from courier.ports.forges import Forge
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest
from tests.engine.worlds import provider, scene, single_plan
from tests.fakes.embedded import Endpoint
from tests.fakes.github.depot import Depot
from tests.fakes.github.hosting import Hosting
from tests.fakes.github.hub import Hub
from tests.fakes.github.models import Repo

Moment = Literal["claimed", "opened", "never"]
"""When it dies: between the recorded intent and the forge, or between the forge's answer and its
record."""

RUNS = ("one", "two")


@dataclass(frozen=True)
class Deadly:
    """A forge whose first opening is the end of its process."""

    forge: Forge
    moment: Moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self.forge, name)

    async def propose(self, proposed: Proposed) -> PullRequest:
        if self.moment == "claimed":
            os.kill(os.getpid(), signal.SIGKILL)
        opened = await self.forge.propose(proposed)
        if self.moment == "opened":
            os.kill(os.getpid(), signal.SIGKILL)
        return opened


async def live(folder: Path, sandboxd: Endpoint, hosting: Hosting | None, moment: Moment) -> None:
    """Be courier until both runs have ended, or it has."""
    origin, home = folder / "origin.git", folder / folder.name

    def office(forge: Forge) -> Forge:
        return cast(Forge, Deadly(forge, moment))

    opening = scene(home, origin, provider(sandboxd), hosting=hosting, office=office)
    async with opening as here:
        for run in RUNS:
            await here.submit(single_plan(here, "echo done > value", run=run))
        await asyncio.gather(*(here.engine.wait(run) for run in RUNS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--github", default="", help="the address of the fake the origin is on")
    parser.add_argument("--dies", choices=get_args(Moment), default="never")
    asked = parser.parse_args()
    hosting = None
    if asked.github:
        hub = Hub(asked.folder / "github", url=asked.github)
        hosting = Hosting(hub, Repo("acme", "demo", Depot(asked.folder / "origin.git"), hub.now))
    sandboxd = Endpoint(asked.url, asked.key, asked.folder)
    asyncio.run(live(asked.folder, sandboxd, hosting, asked.dies))


if __name__ == "__main__":
    main()
