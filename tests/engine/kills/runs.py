"""Whole runs of several sorts, as stories of courier's lives."""

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial

from courier.engine.journal.writer import Observer
from courier.forges.local import ReportedChecks
from courier.runs.pullrequests.checks import Check, CheckStatus
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozen import FrozenPlan
from tests.engine.contest import candidate, contest
from tests.engine.harvests import ANSWER, fenced, says, scan_plan
from tests.engine.kills.lives import Stage, Story, die, last_life
from tests.engine.worlds import Scene, by_itself, git, provider, scene, shell_plan, single_plan

LONGEST_LIFE_SECONDS = 1.6
CONCURRENCY = 4
LIVES_PER_RUN = 5

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

Asked = Callable[[Scene, str], FrozenPlan]
"""Returns what a run of that name does."""


def loop(opened: Scene, run: str) -> FrozenPlan:
    return by_itself(opened.origin, shell_plan(opened, run=run, design=DESIGN, check=CHECK))


def _candidates(opened: Scene, run: str) -> FrozenPlan:
    return contest(opened, candidate("one"), candidate("two"), run=run)


def _limited(opened: Scene, run: str) -> FrozenPlan:
    return single_plan(opened, LIMITED, run=run, agent="teller", checkpoint_seconds=120)


def _checks(opened: Scene, run: str) -> FrozenPlan:
    talks = single_plan(opened, MENDED, run=run, agent="teller")
    return talks.model_copy(update={"ci": CI})


def _harvest(opened: Scene, run: str) -> FrozenPlan:
    return scan_plan(opened, ASKED_TWICE, run=run, agent="teller")


async def live_runs(asked: Asked, runs: Sequence[str], stage: Stage, observer: Observer) -> int:
    """Be courier until all runs have ended; the observer may end it earlier."""
    sandboxes = provider(stage.sandboxd)
    opening = scene(stage.home, stage.origin, sandboxes, observer=observer, concurrency=CONCURRENCY)
    async with opening as opened:
        for run in runs:
            await opened.submit(asked(opened, run))
        checks = asyncio.create_task(_check(opened, runs)) if asked is _checks else None
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


def one_run(asked: Asked) -> Story:
    """Return the story of a single run."""
    return partial(live_runs, asked, ["fix"])


STORIES: dict[str, Story] = {
    "loop": one_run(loop),
    "candidates": one_run(_candidates),
    "limited": one_run(_limited),
    "checks": one_run(_checks),
    "harvest": one_run(_harvest),
}


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
        story = partial(live_runs, loop, list(runs))
        done += die(stage, story, at=at, after=dice.uniform(0.2, LONGEST_LIFE_SECONDS))
    last_life(stage, partial(live_runs, loop, runs))
    return done
