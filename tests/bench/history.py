"""What a long history costs: the index of records, planning with it, and a clone of it.

``python -m tests.bench.history [RUNS ...]`` for other sizes than 1,000, 10,000 and 100,000; a
million rows are made up besides. CPU time of the process and its git commands; pages by the clock.
"""

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from courier.planning.observed.listed import ListedRun, read_listed
from courier.ports.index import RunQuery
from courier.ports.state import WriteFile
from courier.storage import indexfile
from courier.storage.index import Index
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.bench.past import sample, write_past
from tests.contracts.scratch import GIT_ENV, git

SIZES = (1_000, 10_000, 100_000)
MANY = 1_000_000
ROUNDS = 50
WORDS = 150
"""Words of its own that each run has in its task and in what its agent said: a page."""
COURIER = Path(sys.executable).with_name("courier")
PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  git: {name: courier, email: courier@example.com}
"""


@dataclass(frozen=True)
class Figures:
    """One size; seconds, milliseconds where it says so, bytes.

    Attributes:
        rebuild: CPU and wall-clock seconds to make the index from nothing.
        nothing: CPU ms of a look where nothing moved.
        more: CPU ms to take in one more record.
        page: Wall-clock ms of the first page of 50, and of one in the middle.
        failed: The same of the first page of one phase.
        plan: CPU seconds of `courier plan` with the index there.
        size: Bytes of the index.
        memory: Bytes the process grew by while the index was made and looked into.
    """

    rebuild: tuple[float, float]
    nothing: float
    more: float
    page: tuple[float, float]
    failed: float
    plan: float
    size: int
    memory: int


def main() -> None:
    """Print the figures as Markdown tables."""
    say = print
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    say(
        "| runs on record | index from nothing, s CPU (clock) | nothing moved, ms CPU | one more "
        "record | first page of 50, ms | in the middle | of one phase | `courier plan`, s CPU | "
        "index, MB | memory, MB |"
    )
    say("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    pages = {}
    for size in sizes:
        with TemporaryDirectory(prefix="courier-bench-") as folder:
            one = asyncio.run(figures(Path(folder), size))
        pages[size] = one.page[0]
        say(
            f"| {size:,} | {one.rebuild[0]:.1f} ({one.rebuild[1]:.1f}) | {one.nothing:.2f} | "
            f"{one.more:.1f} | {one.page[0]:.2f} | {one.page[1]:.2f} | {one.failed:.2f} | "
            f"{one.plan:.2f} | {one.size / 1e6:.1f} | {one.memory / 1e6:.0f} |",
            flush=True,
        )
    with TemporaryDirectory(prefix="courier-bench-") as folder:
        first, middle, both = made_up(Path(folder), MANY)
    ratio = first / pages[max(pages)]
    say(
        f"\nOf {MANY:,} rows made up: first page {first:.2f} ms, {ratio:.1f} x that of "
        f"{max(pages):,}; in the middle {middle:.2f} ms; of a phase of a workflow {both:.2f} ms."
    )
    with TemporaryDirectory(prefix="courier-bench-") as folder:
        say(f"A clone of 10,000 runs: {cloned(Path(folder), 10_000) / 10_000:.0f} bytes a run.")


async def figures(folder: Path, count: int) -> Figures:
    """Return the figures of one size."""
    origin = folder / "origin.git"
    git("init", "-q", "--bare", "-b", "main", str(origin), cwd=folder)
    write_past(origin, count)
    clock = SystemClock()
    home = folder / "home"
    mirror = await Mirror(home, remote=str(origin), clock=clock).open()
    state = StateBranch(mirror)
    await state.refresh()
    index = Index(state, home / "index", clock)
    memory, began, used = resident(), time.monotonic(), cpu()
    await index.follow()
    await mirror.plumbing.reader.close()
    rebuild = cpu() - used, time.monotonic() - began
    used = cpu()
    for _ in range(ROUNDS):
        await index.follow()
    nothing = (cpu() - used) / ROUNDS * 1e3
    more = []
    for number in range(5):
        await state.write([another(number)], message="More")
        used = cpu()
        await index.follow()
        more.append((cpu() - used) * 1e3)
    behind = f"run-{count // 2:09d}"
    found = Figures(
        rebuild=rebuild,
        nothing=nothing,
        more=median(more),
        page=(
            paged(index.page, RunQuery(limit=50)),
            paged(index.page, RunQuery(limit=50, after=behind)),
        ),
        failed=paged(index.page, RunQuery(limit=50, phase="failed")),
        plan=0.0,
        size=sum(path.stat().st_size for path in (home / "index").iterdir()),
        memory=resident() - memory,
    )
    index.close()
    await state.close()
    await mirror.close()
    return replace(found, plan=planned(folder, origin))


def planned(folder: Path, origin: Path) -> float:
    """Return the CPU seconds of `courier plan` where a former one has made the index."""
    root = folder / "checkout"
    begun(origin, root)
    environment = {**GIT_ENV, "COURIER_HOME": str(folder / "courier"), "HOME": str(folder)}

    def plan() -> None:
        subprocess.run(
            [str(COURIER), "plan"], cwd=root, env=environment, check=True, capture_output=True
        )

    plan()
    used = cpu()
    plan()
    return cpu() - used


def begun(origin: Path, root: Path) -> None:
    """Make a checkout whose project is pushed."""
    root.mkdir()
    git("init", "-q", "-b", "main", cwd=root)
    git("remote", "add", "origin", str(origin), cwd=root)
    (root / ".courier").mkdir()
    (root / ".courier" / "project.yaml").write_text(PROJECT)
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "First", cwd=root)
    git("push", "-q", "origin", "main", cwd=root)


def another(number: int) -> WriteFile:
    """Return the record of one more run."""
    text = sample()["run.json"].replace("run-000000000", f"more-{number}")
    return WriteFile(f"runs/2026/11/22/more-{number}/run.json", text.encode())


def made_up(folder: Path, count: int) -> tuple[float, float, float]:
    """Return how long pages take in an index of so many rows."""
    link = indexfile.connect(folder / "runs.db")
    link.execute("BEGIN IMMEDIATE")
    indexfile.clear(link)
    some: list[ListedRun] = []
    for one in rows(count):
        some.append(one)
        if len(some) == 5_000:
            indexfile.put(link, some)
            some = []
    indexfile.put(link, some)
    indexfile.arrange(link)
    link.execute("COMMIT")
    link.close()
    state = StateBranch(Mirror(folder, remote=str(folder), clock=SystemClock()))
    index = Index(state, folder, SystemClock())
    (folder / "runs.db").rename(folder / f"runs-{indexfile.VERSION}.db")
    behind = f"run-{count // 2:09d}"
    found = (
        paged(index.page, RunQuery(limit=50)),
        paged(index.page, RunQuery(limit=50, after=behind)),
        paged(index.page, RunQuery(limit=50, phase="failed", workflow="docs")),
    )
    index.close()
    return found


def rows(count: int) -> Iterator[ListedRun]:
    """Yield rows like those of records."""
    place = "runs/2026/11/21/run-000000000/run.json"
    one = read_listed(place, sample()["run.json"].encode())
    for number in range(count):
        name = f"run-{number:09d}"
        phase = "failed" if number % 10 == 3 else "completed"
        workflow = ("fix", "docs", "tests", "upgrade")[number % 4]
        seen = replace(one.observed, run=name, phase=phase, workflow=workflow)
        at = one.started_at - timedelta(minutes=count - number)
        yield replace(one, observed=seen, place=place.replace("run-000000000", name), started_at=at)


def cloned(folder: Path, count: int) -> int:
    """Return the bytes a clone over git's protocol fetches, the transcripts being there too."""
    origin = folder / "origin.git"
    git("init", "-q", "--bare", "-b", "main", str(origin), cwd=folder)
    write_past(origin, count, words=WORDS)
    begun(origin, folder / "checkout")
    git("gc", "-q", cwd=origin)
    git("clone", "-q", "--no-checkout", f"file://{origin}", str(folder / "clone"), cwd=folder)
    packs = (folder / "clone" / ".git" / "objects" / "pack").glob("*.pack")
    return sum(path.stat().st_size for path in packs)


def paged(page: Callable[[RunQuery], object], wanted: RunQuery) -> float:
    """Return the median milliseconds of a page."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        page(wanted)
        took.append((time.perf_counter() - began) * 1e3)
    return median(took)


def cpu() -> float:
    """Return the CPU seconds of this process and its ended children."""
    own, below = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime


def resident() -> int:
    """Return the bytes of memory this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
