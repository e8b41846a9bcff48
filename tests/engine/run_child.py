"""Lives and deaths of courier during whole runs: forks processes and kills them with SIGKILL.

The sandbox server and the agents in its sandboxes outlive every death. Run by hand:
``python -m tests.engine.run_child FOLDER --url URL --key KEY sequence|each|random``; what must
hold afterwards is checked by `run_invariants`.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from courier.engine.journal.writer import Fact, Observer
from courier.forges.local import ReportedChecks
from courier.runs.pullrequests.checks import Check, CheckStatus
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozen import FrozenPlan
from tests.engine.contest import candidate, contest
from tests.engine.harvests import ANSWER, fenced, says, scan_plan
from tests.engine.journal_child import Executioner, fork, reap
from tests.engine.worlds import Scene, git, make_origin, provider, scene, shell_plan, single_plan
from tests.fakes.embedded import Endpoint

LAST_LIFE_SECONDS = 90
LONGEST_LIFE_SECONDS = 1.6
AT_ONCE = 3
CONCURRENCY = 4
LIVES_PER_RUN = 5
MOST_KILLS = 1200

DESIGN = """
echo start >> ~/starts
if [ -z "$COURIER_FEEDBACK" ]; then echo wrong > value; else echo right > value; fi
for line in 1 2 3; do echo "$COURIER_STEP $COURIER_ITERATION line $line"; sleep 0.05; done
cat ~/starts > starts
echo "$COURIER_ITERATION" >> iterations
"""
"""Leaves in its work how often it was started in this sandbox."""

CHECK = """
echo start >> ~/starts
echo "check $COURIER_ITERATION started $(wc -l < ~/starts)"
test "$(cat value)" = right || { echo "value is $(cat value), not right"; exit 1; }
"""


LIMITED = """
echo start >> ~/starts
if [ -z "$SESSION" ]; then
  echo first > value
  echo '{"kind": "usage", "usage": {"inputTokens": 7}}'
  until=$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)
  limit='"status": "limited", "reason": "RateLimited", "retryAt": "'$until'"'
  echo '{"outcome": {'"$limit"', "session": "s1"}}'
  exit
fi
echo "$SESSION" >> value
cat ~/starts > starts
echo '{"kind": "usage", "usage": {"inputTokens": 5}}'
echo '{"outcome": {"text": "Done.", "session": "s1"}}'
"""
"""Has to wait for its provider once, in the middle of a conversation."""

MENDED = """
echo "turn $SESSION" >> ~/turns
if [ -z "$SESSION" ]; then echo wrong > value; else echo right > value; fi
cp ~/turns turns
echo '{"kind": "usage", "usage": {"inputTokens": 7}}'
echo '{"outcome": {"text": "Done.", "session": "s1"}}'
"""
"""Is right only once its checks were red."""

CI = FrozenCi(wait=True, fix_attempts=2, pace_seconds=0.2)

ASKED_TWICE = f"""
echo start >> ~/starts
test -n "$SESSION" || {{ {says("Nothing much.")}; exit; }}
echo '{{"kind": "usage", "usage": {{"inputTokens": 5}}}}'
{says(fenced(ANSWER))}
"""
"""Answers in its second turn."""

Story = Literal["loop", "candidates", "limited", "checks", "harvest"]
"""What the runs do."""


@dataclass(frozen=True)
class Stage:
    """Where lives are lived: one courier, its origin and the server of its sandboxes."""

    folder: Path
    sandboxd: Endpoint
    story: Story = "loop"

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def home(self) -> Path:
        return self.folder / self.folder.name


def build(folder: Path, sandboxd: Endpoint, *, story: Story = "loop") -> Stage:
    """Make a fresh origin with a state folder beside it."""
    folder.mkdir(parents=True)
    make_origin(folder, {"value": "none\n", "keep.txt": "keep\n"})
    return Stage(folder, sandboxd, story)


class FactByFact:
    """An observer that kills its own process at the first fact nobody was killed at before."""

    def __init__(self, seen: Path) -> None:
        self._path = seen
        self._seen = set(seen.read_text().splitlines()) if seen.exists() else set()

    def __call__(self, when: Literal["before", "after"], facts: Sequence[Fact]) -> None:
        told = {f"{when} {fact.run} {fact.kind} {fact.name}" for fact in facts}
        if told <= self._seen:
            return
        with self._path.open("a") as file:
            file.writelines(f"{line}\n" for line in sorted(told - self._seen))
        os.kill(os.getpid(), signal.SIGKILL)


async def live(stage: Stage, runs: Sequence[str], executioner: Observer) -> int:
    """Be courier until all runs have ended; the observer may end it earlier."""
    sandboxes = provider(stage.sandboxd)
    opening = scene(
        stage.home, stage.origin, sandboxes, observer=executioner, concurrency=CONCURRENCY
    )
    async with opening as opened:
        for run in runs:
            await opened.submit(_plan(opened, run, stage.story))
        checks = asyncio.create_task(_check(opened, runs)) if stage.story == "checks" else None
        await asyncio.gather(*(opened.engine.wait(run) for run in runs))
        if checks is not None:
            checks.cancel()
            await asyncio.gather(checks, return_exceptions=True)
    return 0


async def _check(opened: Scene, runs: Sequence[str]) -> None:
    """Be continuous integration: whatever is proposed is looked at once."""
    reported = ReportedChecks(opened.world.state, opened.world.clock)
    while True:
        for run in runs:
            if f"courier/{run}" not in opened.branches():
                continue
            head = opened.tip(f"courier/{run}")
            value = git(opened.origin, "show", f"{head}:value")
            status: CheckStatus = "success" if value == "right" else "failure"
            if not (await reported.of(head)).checks:
                log = f"value is {value}"
                await reported.tell(head, Check(name="tests", status=status), log=log)
        await asyncio.sleep(0.05)


def _plan(opened: Scene, run: str, story: Story) -> FrozenPlan:
    if story == "harvest":
        return scan_plan(opened, ASKED_TWICE, run=run, agent="teller")
    if story == "limited":
        return single_plan(opened, LIMITED, run=run, agent="teller", checkpoint_seconds=120)
    if story == "checks":
        talks = single_plan(opened, MENDED, run=run, agent="teller")
        return talks.model_copy(update={"ci": CI})
    if story == "candidates":
        return contest(opened, candidate("one"), candidate("two"), run=run)
    return shell_plan(opened, run=run, design=DESIGN, check=CHECK)


def die(stage: Stage, runs: Sequence[str], *, at: int = 0, after: float | None = None) -> bool:
    """Live once and be killed; return False if everything ended before that."""
    return reap(fork(partial(live, stage, runs, Executioner(at))), kill_after=after)


def last_life(stage: Stage, runs: Sequence[str]) -> None:
    """Let one courier finish everything.

    Raises:
        RuntimeError: If it does not.
    """
    if die(stage, runs, after=LAST_LIFE_SECONDS + 10 * len(runs)):
        raise RuntimeError(f"Something is stuck in {stage.folder}.")


def kill_at_every_fact(stage: Stage) -> int:
    """Kill one run just before and just after every single fact; return how often."""
    kills = 0
    while reap(fork(partial(live, stage, ["fix"], FactByFact(stage.folder / "killed-at")))):
        kills += 1
        if kills > MOST_KILLS:
            raise RuntimeError("The run gets nowhere.")
    return kills


def kill_once_each(
    folder: Path, sandboxd: Endpoint, points: Sequence[int], *, story: Story = "loop"
) -> int:
    """Kill fresh runs at one point each, several at once; return how many were killed."""

    def one(point: int) -> bool:
        stage = build(folder / f"at-{point:03d}", sandboxd, story=story)
        killed = die(stage, ["fix"], at=point)
        last_life(stage, ["fix"])
        return killed

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(one, points))


def kill_at_random(stage: Stage, *, kills: int, seed: int) -> int:
    """Kill courier at random moments and facts while several runs are on their way."""
    dice = random.Random(seed)
    done = lives = 0
    runs = ["fix-0", "fix-1"]
    while done < kills:
        lives += 1
        if lives % LIVES_PER_RUN == 0:
            runs.append(f"fix-{len(runs)}")
        at = dice.randint(1, 40) if dice.random() < 0.4 else 0
        done += die(stage, runs, at=at, after=dice.uniform(0.2, LONGEST_LIFE_SECONDS))
    last_life(stage, runs)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--points", default="", help="facts to kill at, e.g. 1,5,9")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--story", choices=get_args(Story), default="loop")
    parser.add_argument("how", choices=("sequence", "each", "random"))
    asked = parser.parse_args()
    sandboxd = Endpoint(asked.url, asked.key, asked.folder)
    points = [int(point) for point in asked.points.split(",") if point]
    ways: dict[str, Callable[[], int]] = {
        "sequence": lambda: kill_at_every_fact(build(asked.folder, sandboxd, story=asked.story)),
        "each": lambda: kill_once_each(asked.folder, sandboxd, points, story=asked.story),
        "random": lambda: kill_at_random(
            build(asked.folder, sandboxd), kills=asked.kills, seed=asked.seed
        ),
    }
    # Imported once, before the lives are forked off.
    import e2b  # noqa: F401

    sys.stdout.write(json.dumps({"kills": ways[asked.how](), "pid": os.getpid()}) + "\n")


if __name__ == "__main__":
    main()
