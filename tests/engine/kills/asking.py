"""How tests have courier killed, and how they look at what is left."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.engine.worlds import git, provider
from tests.fakes.embedded import Endpoint

ROOT = Path(__file__).parents[3]
STATE = "courier/state"
SEED = int(os.environ.get("RUN_SEED", "1"))


def stride(usual: int) -> int:
    """Return every how many facts to kill; RUN_STRIDE says otherwise, 1 for all of them."""
    return int(os.environ.get("RUN_STRIDE", usual))


def kill(folder: Path, sandboxd: Endpoint, story: str, how: str, *options: str) -> int:
    """Have a story killed in a process of its own; return how often it was."""
    server = ["--url", sandboxd.url, "--key", sandboxd.api_key]
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.kills", str(folder), *server, *options, story, how],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return int(json.loads(done.stdout)["kills"])


def kill_in_turn(
    folder: Path, sandboxd: Endpoint, story: str, *, every: int = 1, **served: str
) -> int:
    """Have one life after the other killed, each at a later fact.

    Keywords tell the addresses of what else outlives every death.
    """
    addresses = [f"--served={what}={url}" for what, url in served.items()]
    return kill(folder, sandboxd, story, "sequence", "--every", str(every), *addresses)


async def left_over(folder: Path, sandboxd: Endpoint) -> int:
    """Return how many sandboxes nobody took down."""
    return len(await provider(sandboxd).find({"courier-home": folder.name}))


async def kill_once_each(
    folder: Path,
    sandboxd: Endpoint,
    story: str,
    *,
    points: Sequence[int],
    problems_of: Callable[[Path], Sequence[object]],
) -> list[Path]:
    """Have a life of its own killed at each point; return the folders, in all of which all is well.

    A point that lies behind the last fact kills nobody, and most do not.
    """
    kills = kill(folder, sandboxd, story, "each", "--points", ",".join(map(str, points)))
    assert kills >= 0.6 * len(points)
    scenes = sorted(folder.iterdir())
    assert {scene.name: found for scene in scenes if (found := problems_of(scene))} == {}
    assert [scene.name for scene in scenes if await left_over(scene, sandboxd)] == []
    return scenes


def points(facts: int, usual: int) -> range:
    """Return the points to kill at among so many facts, by their stride."""
    step = stride(usual)
    return range(1 + SEED % step, facts, step)


def trees(scenes: Sequence[Path], branch: str) -> set[str]:
    """Return the trees that a branch has in those folders."""
    return {git(scene / "origin.git", "rev-parse", f"{branch}^{{tree}}") for scene in scenes}


def files(origin: Path, folder: str = "") -> list[str]:
    """Return the paths on the state branch."""
    within = [f"{folder}/"] if folder else []
    return git(origin, "ls-tree", "-r", "--name-only", STATE, *within).splitlines()


def told(origin: Path, folder: str, end: str) -> list[Any]:
    """Return every JSON value below a folder of the state branch, a line each of ``.jsonl``."""
    texts = [
        git(origin, "show", f"{STATE}:{path}")
        for path in files(origin, folder)
        if path.endswith(end)
    ]
    lines = [line for text in texts for line in (text.splitlines() if end == ".jsonl" else [text])]
    return [json.loads(line) for line in lines]


def record(origin: Path) -> dict[str, Any]:
    """Return the one record there is."""
    (found,) = told(origin, "runs", "/run.json")
    assert isinstance(found, dict)
    return found


def pulls(origin: Path) -> list[tuple[str, str]]:
    """Return run and status of every pull request."""
    return [(one["run"], one["status"]) for one in told(origin, "proposals", ".json")]


def charged_twice(origin: Path) -> list[str]:
    """Return the keys of usage that are there more than once."""
    keys = Counter(line["key"] for line in told(origin, "usage", ".jsonl"))
    return [key for key, times in keys.items() if times != 1]
