"""Lives and deaths of courier around places where a run waits for a person, who answers each once.

Run by hand: ``python -m tests.engine.approval_child FOLDER --url URL --key KEY``.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from courier.engine.accounts.retelling import retell
from courier.engine.requests.approver import Approver
from courier.engine.requests.requests import Request, Requests, put_on_record
from courier.engine.running.question import SIGNAL
from courier.ports.repository import Identity
from courier.runs.run.frozen import FrozenApproval
from courier.runs.steps.approvals import waiting
from tests.engine.journal_child import fork, reap
from tests.engine.run_child import CHECK, DESIGN, MOST_KILLS, FactByFact, Stage, build
from tests.engine.worlds import Scene, provider, scene, shell_plan
from tests.fakes.embedded import Endpoint

APPROVALS = (
    FrozenApproval(name="designed", after="design"),
    FrozenApproval(name="ship", before="delivery"),
)
OVER_A_LINE = "mkdir -p .courier; echo $COURIER_ITERATION > .courier/limits.yaml\n"
"""Changes a protected path in every iteration."""

ADA = Identity("Ada", "ada@example.com")


async def live(stage: Stage, design: str) -> int:
    """Be courier, and Ada beside it, until the run has ended."""
    observer = FactByFact(stage.folder / "killed-at")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--protected", action="store_true", help="change protected paths too")
    asked = parser.parse_args()
    stage = build(asked.folder, Endpoint(asked.url, asked.key, asked.folder))
    # Imported once, before the lives are forked off.
    import e2b  # noqa: F401

    kills = 0
    design = DESIGN + (OVER_A_LINE if asked.protected else "")
    while reap(fork(partial(live, stage, design))):
        kills += 1
        if kills > MOST_KILLS:
            raise RuntimeError("The run gets nowhere.")
    sys.stdout.write(json.dumps({"kills": kills, "pid": os.getpid()}) + "\n")


if __name__ == "__main__":
    main()
