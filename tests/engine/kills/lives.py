"""Lives and deaths of courier: processes that are forked, and killed with SIGKILL at facts.

The sandbox server and the agents in its sandboxes outlive every death.
"""

import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from courier.engine.journal.writer import Fact, Observer
from tests.engine.journal_child import Executioner, fork, reap
from tests.engine.worlds import make_origin
from tests.fakes.embedded import Endpoint

LAST_LIFE_SECONDS = 240
AT_ONCE = 3
MOST_KILLS = 1200
FILES = {"value": "none\n", "keep.txt": "keep\n"}


@dataclass(frozen=True)
class Stage:
    """Where lives are lived: one courier, its origin and the server of its sandboxes."""

    folder: Path
    sandboxd: Endpoint
    served: Mapping[str, str] = field(default_factory=dict)
    """The addresses of what else outlives every death, by what it is."""

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def home(self) -> Path:
        return self.folder / self.folder.name


Story = Callable[[Stage, Observer], Awaitable[int]]
"""What one life does until everything has ended; the observer may end it earlier."""


def build(folder: Path, sandboxd: Endpoint, *, served: Mapping[str, str] | None = None) -> Stage:
    """Take an origin, or make a fresh one, beside which the state of courier will be."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "origin.git").exists():
        make_origin(folder, FILES)
    return Stage(folder, sandboxd, served or {})


class FactByFact:
    """An observer that kills its own process at the first fact nobody was killed at before.

    Args:
        seen: The file in which the facts are noted that were seen.
        every: Every how many facts it kills; 1 kills at all of them.
    """

    def __init__(self, seen: Path, *, every: int = 1) -> None:
        self._path = seen
        self._every = every
        self._seen = set(seen.read_text().splitlines()) if seen.exists() else set()

    def __call__(self, when: Literal["before", "after"], facts: Sequence[Fact]) -> None:
        told = {f"{when} {fact.run} {fact.kind} {fact.name}" for fact in facts} - self._seen
        if not told:
            return
        with self._path.open("a") as file:
            file.writelines(f"{line}\n" for line in sorted(told))
        before = len(self._seen)
        self._seen |= told
        if len(self._seen) // self._every > before // self._every:
            os.kill(os.getpid(), signal.SIGKILL)


def die(stage: Stage, story: Story, *, at: int = 0, after: float | None = None) -> bool:
    """Live once and be killed; return False if everything ended before that."""
    return reap(fork(partial(story, stage, Executioner(at))), kill_after=after)


def last_life(stage: Stage, story: Story) -> None:
    """Let one courier finish everything.

    Raises:
        RuntimeError: If it does not.
    """
    if die(stage, story, after=LAST_LIFE_SECONDS):
        raise RuntimeError(f"Something is stuck in {stage.folder}.")


def kill_in_turn(stage: Stage, story: Story, *, every: int = 1) -> int:
    """Kill courier just before and just after one fact after the other; return how often.

    Raises:
        RuntimeError: If it never comes to an end.
    """
    kills, seen = 0, stage.folder / "killed-at"
    while reap(fork(partial(story, stage, FactByFact(seen, every=every)))):
        kills += 1
        if kills > MOST_KILLS:
            raise RuntimeError("It gets nowhere.")
    return kills


def kill_once_each(folder: Path, sandboxd: Endpoint, story: Story, *, points: Sequence[int]) -> int:
    """Kill a fresh courier at one point each, several at once; return how many were killed."""

    def one(point: int) -> bool:
        stage = build(folder / f"at-{point:03d}", sandboxd)
        killed = die(stage, story, at=point)
        last_life(stage, story)
        return killed

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(one, points))
