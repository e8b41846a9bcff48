"""What one more record costs at 1,000, 10,000 and 100,000 files, against git and GitPython.

CPU time of this process and its children, interleaved in rounds, every way on the same tree:
``python -m tests.bench.state_branch [FILES ...]``; needs the ``bench`` extra.
"""

import asyncio
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from git import Actor, Repo

from courier.ports.state import WriteFile
from courier.storage.credentials import Credentials
from courier.storage.lane import Lane
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.contracts.scratch import GIT_ENV, git

ROUNDS = 5
EACH = 10
RECORD = b'{\n  "status": "completed",\n  "summary": "' + b"words " * 480 + b'"\n}\n'
BRANCH = "courier/state"
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass
class Costs:
    """Seconds per record of one way, one figure per round."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


@dataclass
class Place:
    """One tree, there for every way: a bare remote, a checkout, and courier's mirror."""

    folder: Path
    mirror: Mirror
    state: StateBranch
    repo: Repo
    number: int = 0

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def path(self) -> str:
        """Return where the next record goes: all on one day, as they do."""
        self.number += 1
        return f"runs/2027/01/01/r{self.number:04d}/run.json"

    async def only_commit(self) -> None:
        """Make courier's commit and move a ref to it, in place of the push."""
        lane: Lane = self.state._records
        tip = await lane.tip()
        change = [WriteFile(self.path(), RECORD)]
        lane._tip = await lane._built(tip, [_waiting(change)])
        head = self.folder / "courier" / "mirror.git" / "refs" / "bench"
        head.parent.mkdir(exist_ok=True)
        fresh = head.with_suffix(".new")
        fresh.write_text(f"{lane._tip}\n")
        fresh.replace(head)

    async def commit_and_push(self) -> None:
        await self.state.write([WriteFile(self.path(), RECORD)], message="Record")

    async def git_commit(self) -> None:
        path = self._put()
        for words in (("add", "--", path), ("commit", "-q", "-m", "Record")):
            subprocess.run(["git", *words], cwd=self.checkout, env=GIT_ENV, check=True)

    async def git_commit_and_push(self) -> None:
        await self.git_commit()
        words = ("git", "push", "-q", "origin", "HEAD:refs/heads/by-git")
        subprocess.run(words, cwd=self.checkout, env=GIT_ENV, check=True)

    async def gitpython_commit(self) -> None:
        path = self._put()
        hana = Actor("Hana", "hana@example.org")
        self.repo.index.add([path])
        self.repo.index.commit("Record", author=hana, committer=hana)

    def _put(self) -> str:
        path = self.path()
        target = self.checkout / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(RECORD)
        return path


def _waiting(change: list[WriteFile]):  # type: ignore[no-untyped-def]  # a private value of the lane
    from courier.storage.lane import _Entry

    return _Entry(tuple(change), "Record", asyncio.get_running_loop().create_future())


def main() -> None:
    """Print the figures as a Markdown table."""
    sizes = [int(word) for word in sys.argv[1:]] or [1_000, 10_000, 100_000]
    rows = {size: asyncio.run(measured(size)) for size in sizes}
    ways = list(next(iter(rows.values())))
    print("| files | " + " | ".join(ways) + " |\n| ---: |" + " ---: |" * len(ways))  # noqa: T201
    for size, costs in rows.items():
        cells = [
            f"{median(costs[way].cpu) * 1e3:.1f} ({median(costs[way].wall) * 1e3:.1f})"
            for way in ways
        ]
        print(f"| {size:,} | " + " | ".join(cells) + " |")  # noqa: T201
    for size, costs in rows.items():
        told = [f"{way} {ratio(costs[way], costs[ways[0]]):.0f} x" for way in ways[1:]]
        print(f"- {size:,} files, against the commit alone: {', '.join(told)}")  # noqa: T201


def ratio(other: Costs, own: Costs) -> float:
    """Return the median of the rounds' ratios of CPU time."""
    return median(a / b for a, b in zip(other.cpu, own.cpu, strict=False))


async def measured(size: int) -> dict[str, Costs]:
    """Return what every way costs per record at that many files."""
    with TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        place = await prepare(Path(name), size)
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "commit": place.only_commit,
            "commit + push": place.commit_and_push,
            "git add + commit": place.git_commit,
            "git add + commit + push": place.git_commit_and_push,
            "GitPython index": place.gitpython_commit,
        }
        costs = {way: Costs() for way in ways}
        for round_ in range(ROUNDS + 1):
            for way, act in ways.items():
                if way == "commit + push":
                    await place.state.refresh()
                times = 1 if way == "GitPython index" and size > 50_000 else EACH
                cpu, wall = await cost(place, act, times)
                if round_:
                    costs[way].cpu.append(cpu)
                    costs[way].wall.append(wall)
        await place.state.close()
        await place.mirror.close()
        place.repo.close()
        return costs


async def cost(place: Place, act: Callable[[], Awaitable[None]], times: int) -> tuple[float, float]:
    """Return CPU and wall seconds of one act, from so many in a row."""
    cpu, wall = used(place), perf_counter()
    for _ in range(times):
        await act()
    return (used(place) - cpu) / times, (perf_counter() - wall) / times


def used(place: Place) -> float:
    """Return CPU seconds so far: this process, ended children, and the reader that lives on."""
    ended = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    reader = place.mirror.plumbing.reader._process
    ticks = 0
    if reader is not None:
        words = Path(f"/proc/{reader.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(words[11]) + int(words[12])
    return sum(one.ru_utime + one.ru_stime for one in ended) + ticks * TICK


async def prepare(folder: Path, size: int) -> Place:
    """Return a tree of so many files, 200 a day, everywhere it is needed."""
    origin = folder / "origin.git"
    git("init", "-q", "--bare", str(origin), cwd=folder)
    stream = [f"blob\nmark :1\ndata {len(RECORD)}\n".encode() + RECORD]
    stream.append(
        f"commit refs/heads/{BRANCH}\ncommitter H <h@x> 1767322800 +0000\ndata 1\nx\n".encode()
    )
    for number in range(size):
        day, run = divmod(number // 2, 100)
        year, rest = divmod(day, 336)
        date = f"{2020 + year}/{rest // 28 + 1:02d}/{rest % 28 + 1:02d}"
        leaf = ("run.json", "steps/01-write-1/output.md")[number % 2]
        stream.append(f"M 100644 :1 runs/{date}/r{run:04d}/{leaf}\n".encode())
    git("fast-import", "--quiet", cwd=origin, stdin=b"".join(stream))
    git("clone", "-q", "--branch", BRANCH, f"file://{origin}", str(folder / "checkout"), cwd=folder)
    mirror = Mirror(
        folder / "courier",
        remote=str(origin),
        clock=SystemClock(),
        credentials=Credentials(environment={"PATH": os.environ["PATH"]}),
    )
    await mirror.open()
    state = StateBranch(mirror)
    await state.refresh()
    return Place(folder, mirror, state, Repo(folder / "checkout"))


if __name__ == "__main__":
    assert shutil.which("git")
    main()
