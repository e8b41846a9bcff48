"""A merge of two branches, of which one conflicts and is resolved by an agent."""

from courier.engine.journal.writer import Observer
from tests.engine.kills.lives import Stage
from tests.engine.mergescenes import RESOLVE, branch, merge_plan
from tests.engine.worlds import provider, scene

RUN = "join.merge"
STARTED = "echo start >> ~/starts; cp ~/starts starts\n"
"""Leaves in its work how often it was started in its sandbox."""

CHECK = "grep -q 'one and two' value"


async def live(stage: Stage, observer: Observer) -> int:
    """Be courier until the branches are one and proposed."""
    sandboxes = provider(stage.sandboxd)
    async with scene(stage.home, stage.origin, sandboxes, observer=observer) as opened:
        if "two" not in opened.branches():
            await branch(opened, "one", value="one\n")
            await branch(opened, "two", value="two\n", extra="more\n")
        await opened.submit(merge_plan(opened, "one", "two", run=RESOLVE + STARTED, check=CHECK))
        await opened.engine.wait(RUN)
    return 0
