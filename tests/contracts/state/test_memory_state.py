"""The remembered state branch tells the same as the one on real git, whatever is written."""

import json
import random

import pytest

from courier.errors import Unavailable
from courier.ports.state import AppendLine, Change, DeleteFile, SwapFile, WriteFile
from courier.ports.state import StateBranch as Port
from courier.storage.state import StateBranch
from tests.fakes.memory import MemoryState

PATHS = ("runs/a/run.json", "runs/b/run.json", "recurring/a.json", "recurring/b.json")


def changes(dice: random.Random) -> list[Change]:
    path, body = dice.choice(PATHS), b"%d\n" % dice.randrange(3)
    key = f"k{dice.randrange(3)}"
    line = json.dumps({"key": key, "at": dice.randrange(9)}).encode()
    others: list[Change] = [
        DeleteFile(dice.choice(PATHS)),
        AppendLine("usage/2026-11.jsonl", line, key),
        SwapFile(dice.choice(PATHS), b"swapped\n", was=dice.choice([None, b"1\n"])),
    ]
    return [WriteFile(path, body), dice.choice(others)]


async def test_it_tells_the_same_as_real_git(state: StateBranch) -> None:
    dice, memory = random.Random(4), MemoryState()
    port: Port = memory
    tips: list[tuple[str | None, str | None]] = [(None, None)]
    for _ in range(6):
        asked = changes(dice)
        for each in (state, port):
            await each.write(asked, message="Change")
            await each.refresh()
        for folder in ("", "runs", "recurring", "usage", "none"):
            assert list(await port.paths(folder)) == list(await state.paths(folder))
        everything = [*PATHS, "usage/2026-11.jsonl", "none"]
        assert await port.read(everything) == await state.read(everything)
        real_since, since = dice.choice(tips)
        if since is not None:
            told = await port.changed("runs", since=since)
            real = await state.changed("runs", since=real_since)
            # What was written and taken back since may be told of or not.
            assert set(real.there) <= set(told.there)
            assert set(real.gone) <= set(told.gone)
        tips.append((await state.tip(), await port.tip()))


async def test_it_can_be_away() -> None:
    memory = MemoryState()
    memory.is_away = True
    for attempt in (memory.refresh(), memory.write([WriteFile("a", b"")], message="")):
        with pytest.raises(Unavailable):
            await attempt
