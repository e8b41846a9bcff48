"""A run that waits for a person in several places, who answers each once."""

import asyncio
import contextlib
from datetime import UTC, datetime
from functools import partial

from courier.engine.accounts.retelling import retell
from courier.engine.journal.writer import Observer
from courier.engine.requests.approver import Approver
from courier.engine.requests.requests import Request, Requests, put_on_record
from courier.engine.running.question import SIGNAL
from courier.ports.repository import Identity
from courier.runs.run.frozen import FrozenApproval
from courier.runs.steps.approvals import waiting
from tests.engine.kills.lives import Stage, Story
from tests.engine.kills.runs import CHECK, DESIGN
from tests.engine.worlds import Scene, provider, scene, shell_plan

APPROVALS = (
    FrozenApproval(name="designed", after="design"),
    FrozenApproval(name="ship", before="delivery"),
)
OVER_A_LINE = "mkdir -p .courier; echo $COURIER_ITERATION > .courier/limits.yaml\n"
"""Changes a protected path in every iteration."""

ADA = Identity("Ada", "ada@example.com")


async def live(design: str, stage: Stage, observer: Observer) -> int:
    """Be courier, and Ada beside it, until the run has ended."""
    sandboxes = provider(stage.sandboxd)
    async with scene(stage.home, stage.origin, sandboxes, observer=observer) as opened:
        plan = shell_plan(opened, design=design, check=CHECK, approvals=APPROVALS)
        await opened.submit(plan)
        answering = asyncio.create_task(answer(opened))
        try:
            await opened.engine.wait("fix")
        finally:
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
    return 0


async def answer(opened: Scene) -> None:
    """Say yes to whatever is asked; what is on record already is not said again."""
    world, requests = opened.world, Requests(opened.world.state)
    approver = Approver(world, opened.engine, requests)
    while True:
        state = await opened.engine.status("fix")
        if state is not None and state.step == SIGNAL:
            told = await retell(world, opened.engine, "fix")
            asked = waiting(told.run) if told is not None else None
            await world.state.refresh()
            said = {(each.approval, each.tree) for each in await requests.answers_to("fix")}
            if asked is not None and (asked.approval, asked.tree) not in said:
                request = Request(
                    action="approve",
                    run="fix",
                    by=ADA,
                    at=datetime.now(UTC),
                    reason="Yes",
                    approval=asked.approval,
                    tree=asked.tree,
                    words=asked.words,
                )
                await put_on_record(request, state=world.state)
            await approver.settle("fix", lambda _: ())
        await asyncio.sleep(0.02)


STORIES: dict[str, Story] = {
    "approvals": partial(live, DESIGN),
    "held-back": partial(live, DESIGN + OVER_A_LINE),
}
