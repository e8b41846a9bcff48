"""Lives and deaths of the embedded engine: forks processes and kills them with SIGKILL.

Run by hand: ``python tests/engine/journal_child.py FOLDER --kills 1000``; the invariants are
checked by `journal_invariants`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from courier.engine.journal import JournalEngine
from courier.engine.journal.reader import JournalClient
from courier.engine.journal.writer import Fact
from courier.engine.seam import RunClient
from courier.errors import Conflict
from courier.system import SystemClock
from tests.engine.journal_flows import Marks, flows_of

LONGEST_LIFE_SECONDS = 60
MOST_FACTS = 160
SHORT_LIFE_SECONDS = 0.15


class Executioner:
    """An observer that kills its own process at the n-th call; 0 never does."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.calls = 0

    def __call__(self, when: Literal["before", "after"], facts: Sequence[Fact]) -> None:
        self.calls += 1
        if self.calls == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


async def ask(client: RunClient, marks: Marks, prefix: str, *, runs: int) -> None:
    """Submit runs, send what they wait for, and cancel the doomed; note what was acknowledged."""
    for number in range(runs):
        for flow in ("work", "doomed", "parent"):
            run = f"{prefix}-{flow}-{number}"
            marks.leave("asked", run, flow)
            await client.submit(run, flow=flow, input=None, priority=number % 3)
            marks.leave("acknowledged", run, flow)
    await finish_asking(client, marks)


async def finish_asking(client: RunClient, marks: Marks) -> None:
    """Give every live run what it still waits for: letters for work, the end for doomed."""
    for state in await client.list(live=True):
        if state.flow == "doomed" and state.cancellation is None:
            await client.cancel(state.run_id, by="fuzz", reason="doomed")
        if state.step == "mail":
            # Another process may have sent the last letter meanwhile.
            with contextlib.suppress(Conflict):
                await client.send(state.run_id, "mail", marks.token())


async def live(folder: Path, life: int, *, runs: int, kill_at: int) -> int:
    """Be an engine until everything has ended; return how often the observer was called."""
    executioner = Executioner(kill_at)
    engine = JournalEngine(folder, clock=SystemClock(), observer=executioner)
    flows = flows_of(engine, folder)
    engine.limit(None, concurrency=5)
    await engine.start()
    await ask(engine, flows.marks, f"in-{life}", runs=runs)
    while await engine.list(live=True, limit=1):
        await asyncio.sleep(0.005)
        await finish_asking(engine, flows.marks)
    await engine.stop()
    return executioner.calls


async def call_in(folder: Path, life: int) -> int:
    """Be somebody else's process that asks for runs."""
    client = JournalClient(folder, clock=SystemClock())
    await ask(client, Marks(folder / "marks.jsonl"), f"out-{life}", runs=1)
    await client.close()
    return 0


def fork(work: Callable[[], Awaitable[int]]) -> int:
    """Do the work in a new process; return its id. Its exit code is 0 if it got to its end."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:

        async def main() -> int:
            return await work()

        asyncio.run(main())
        code = 0
    except BaseException:  # noqa: BLE001 - nothing of the parent may go on in the child
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def reap(pid: int, *, kill_after: float | None = None) -> bool:
    """Wait for a process, killing it after a time; return whether it was killed.

    Raises:
        RuntimeError: If it failed by itself, or lives too long without a kill.
    """
    born = time.monotonic()
    while True:
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            break
        age = time.monotonic() - born
        if age >= LONGEST_LIFE_SECONDS or (kill_after is not None and age >= kill_after):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            if kill_after is None:
                raise RuntimeError("Something is stuck.")
            return True
        time.sleep(0.001)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        raise RuntimeError(f"A process failed by itself: {status}")
    return False


def last_life(folder: Path) -> None:
    """Let one engine finish everything."""
    reap(fork(partial(live, folder, -1, runs=0, kill_at=0)))


def fuzz(folder: Path, *, kills: int, seed: int) -> dict[str, int]:
    """Kill engines, and now and then their callers, at random; then let one finish."""
    dice = random.Random(seed)
    done = life = 0
    while done < kills:
        life += 1
        at_fact = dice.random() < 0.5
        kill_at = dice.randint(1, MOST_FACTS) if at_fact else 0
        kill_after = None if at_fact else dice.uniform(0, SHORT_LIFE_SECONDS)
        caller = fork(partial(call_in, folder, life)) if dice.random() < 0.3 else None
        engine = fork(partial(live, folder, life, runs=1, kill_at=kill_at))
        if caller is not None:
            done += reap(caller, kill_after=dice.uniform(0, SHORT_LIFE_SECONDS))
        done += reap(engine, kill_after=kill_after)
    last_life(folder)
    return {"kills": done, "lives": life}


def walk(folder: Path) -> dict[str, int]:
    """Kill an engine just before and just after each commit of one small scene, one by one."""
    at = 0
    killed = True
    while killed:
        at += 1
        scene = folder / f"scene-{at}"
        scene.mkdir(parents=True)
        killed = reap(fork(partial(live, scene, 0, runs=1, kill_at=at)))
        last_life(scene)
    return {"kills": at - 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=0, help="0 walks every fact of one scene")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    done = (
        fuzz(asked.folder, kills=asked.kills, seed=asked.seed)
        if asked.kills
        else walk(asked.folder)
    )
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main()
