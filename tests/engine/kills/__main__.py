"""Lives and deaths of courier, by hand or for a test.

``python -m tests.engine.kills FOLDER --url URL --key KEY STORY sequence|each|random`` kills and
prints how often; what must hold afterwards is looked at by whoever asked.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.engine.kills import (
    approvals,
    chains,
    checkpoints,
    learnings,
    merges,
    runs,
    sandboxes,
    scripts,
)
from tests.engine.kills.lives import Story, build, kill_in_turn, kill_once_each
from tests.fakes.embedded import Endpoint

STORIES: dict[str, Story] = {
    **runs.STORIES,
    **approvals.STORIES,
    "chain": chains.live_issues,
    "checkpoints": checkpoints.live,
    "learnings": learnings.live,
    "merge": merges.live,
    "sandbox": sandboxes.live,
    "scripts": scripts.live,
    "sprints": chains.live_sprints,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--points", default="", help="facts to kill at, e.g. 1,5,9")
    parser.add_argument("--every", type=int, default=1, help="every how many facts to kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--served", action="append", default=[], help="what else is where: WHAT=URL"
    )
    parser.add_argument("story", choices=STORIES)
    parser.add_argument("how", choices=("sequence", "each", "random"))
    asked = parser.parse_args()
    sandboxd, story = Endpoint(asked.url, asked.key, asked.folder), STORIES[asked.story]
    served = dict(each.split("=", 1) for each in asked.served)
    points = [int(point) for point in asked.points.split(",") if point]
    ways: dict[str, Callable[[], int]] = {
        "sequence": lambda: kill_in_turn(
            build(asked.folder, sandboxd, served=served), story, every=asked.every
        ),
        "each": lambda: kill_once_each(asked.folder, sandboxd, story, points=points),
        "random": lambda: runs.kill_at_random(
            build(asked.folder, sandboxd), kills=asked.kills, seed=asked.seed
        ),
    }
    # Imported once, before the lives are forked off.
    import e2b  # noqa: F401

    sys.stdout.write(json.dumps({"kills": ways[asked.how](), "pid": os.getpid()}) + "\n")


if __name__ == "__main__":
    main()
