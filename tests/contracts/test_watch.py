"""Being woken when files change: by the system, at once, and by nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from courier.system import watch


class Heard:
    """How often and when somebody was woken."""

    def __init__(self) -> None:
        self.times: list[float] = []

    async def once_more(self, *, within: float = 2.0) -> float:
        """Return the moment of the next wake."""
        known = len(self.times)
        async with asyncio.timeout(within):
            while len(self.times) == known:
                await asyncio.sleep(0.001)
        return self.times[-1]


@asynccontextmanager
async def listening(*paths: Path, below: bool = True) -> AsyncIterator[Heard]:
    heard, stop = Heard(), asyncio.Event()

    async def listen() -> None:
        async for _ in watch(paths, stop, below=below):
            heard.times.append(time.monotonic())

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.05)
    try:
        yield heard
    finally:
        stop.set()
        await asyncio.wait_for(task, 2)


async def test_many_changes_at_once_are_one_wake(tmp_path: Path) -> None:
    (tmp_path / "refs").mkdir()
    async with listening(tmp_path / "refs") as heard:
        for number in range(300):
            (tmp_path / "refs" / f"f{number}").write_text("x")
        await heard.once_more()
        await asyncio.sleep(0.1)
        assert len(heard.times) == 1


async def test_folders_that_come_later_are_watched(tmp_path: Path) -> None:
    async with listening(tmp_path) as heard:
        (tmp_path / "a" / "b").mkdir(parents=True)
        await heard.once_more()
        (tmp_path / "a" / "b" / "c").write_text("x")
        await heard.once_more()
        (tmp_path / "a" / "b" / "c").replace(tmp_path / "a" / "d")
        await heard.once_more()


async def test_a_file_that_is_replaced_again_and_again_stays_watched(tmp_path: Path) -> None:
    file = tmp_path / "packed-refs"
    file.write_text("0")
    async with listening(file) as heard:
        for number in range(3):
            (tmp_path / "new").write_text(str(number))
            (tmp_path / "new").replace(file)
            await heard.once_more()
            await asyncio.sleep(0.05)


async def test_folders_below_do_not_count_where_they_are_not_wanted(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    async with listening(tmp_path, below=False) as heard:
        (tmp_path / "below" / "x").write_text("x")
        await asyncio.sleep(0.15)
        assert not heard.times
        (tmp_path / "x").write_text("x")
        await heard.once_more()


async def test_nothing_to_watch_is_no_reason_to_end(tmp_path: Path) -> None:
    async with listening(tmp_path / "nowhere") as heard:
        await asyncio.sleep(0.05)
        assert not heard.times
