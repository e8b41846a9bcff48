"""The writer: groups, failures of one and faults of the file."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from courier.engine.journal.schema import FILE_NAME, Durability, open_writer
from courier.engine.journal.writer import Transaction, Writer
from courier.errors import NotFound


class Groups:
    """Counts commits."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, when: str, facts: object) -> None:
        if when == "after" and isinstance(facts, list):
            self.sizes.append(len(facts))


@pytest.fixture
def groups() -> Groups:
    return Groups()


@pytest.fixture
async def writer(tmp_path: Path, groups: Groups) -> AsyncIterator[Writer]:
    connection = open_writer(tmp_path, durability=Durability.PROCESS)
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT")
    writer = Writer(connection, observer=groups)
    writer.start(print)
    yield writer
    await writer.stop()


def insert(tx: Transaction, number: object) -> object:
    tx.execute("INSERT INTO numbers VALUES (?)", (number,))
    tx.note("run", "sent")
    return number


def numbers(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM numbers")]


async def test_what_many_ask_for_is_committed_in_groups(
    writer: Writer, groups: Groups, tmp_path: Path
) -> None:
    answers = await asyncio.gather(*(writer.write(partial(insert, number=n)) for n in range(500)))
    assert answers == list(range(500))
    assert numbers(tmp_path) == list(range(500))
    assert sum(groups.sizes) == 500
    assert len(groups.sizes) < 250


async def test_a_broken_write_fails_alone(writer: Writer, tmp_path: Path) -> None:
    good_and_bad = [1, 2, 1, "text", 3, object(), 4]
    answers = await asyncio.gather(
        *(writer.write(partial(insert, number=n)) for n in good_and_bad),
        return_exceptions=True,
    )
    assert numbers(tmp_path) == [1, 2, 3, 4]
    assert [type(answer).__name__ for answer in answers] == [
        "int",
        "int",
        "IntegrityError",
        "IntegrityError",
        "int",
        "ProgrammingError",
        "int",
    ]


async def test_a_refusal_is_the_callers_alone(writer: Writer, tmp_path: Path) -> None:
    def refuse(tx: Transaction) -> None:
        raise NotFound("There is no such thing.")

    refused, done = await asyncio.gather(
        writer.write(refuse), writer.write(partial(insert, number=1)), return_exceptions=True
    )
    assert isinstance(refused, NotFound)
    assert done == 1
    assert numbers(tmp_path) == [1]


async def test_everything_waits_while_the_file_cannot_be_written(
    writer: Writer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writes = [asyncio.ensure_future(writer.write(partial(insert, number=n))) for n in (1, 2)]
        done, _ = await asyncio.wait(writes, timeout=0.1)
        assert not done
        other.execute("ROLLBACK")
    assert await asyncio.wait_for(asyncio.gather(*writes), 5) == [1, 2]
    assert numbers(tmp_path) == [1, 2]
    assert "cannot be written" in caplog.text
    assert "can be written again" in caplog.text


async def test_stopping_does_not_wait_for_a_file_that_cannot_be_written(
    writer: Writer, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.ensure_future(writer.write(partial(insert, number=1)))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(writer.stop(), 5)
    with pytest.raises(asyncio.CancelledError):
        await write
    assert numbers(tmp_path) == []


async def test_after_the_stop_nothing_is_written(writer: Writer) -> None:
    await writer.stop()
    with pytest.raises(asyncio.CancelledError):
        await writer.write(partial(insert, number=1))


async def test_an_answer_is_told_even_if_the_caller_has_left(writer: Writer) -> None:
    told: list[object] = []
    caller = asyncio.ensure_future(writer.write(partial(insert, number=7), then=told.append))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait({caller})
    await writer.write(partial(insert, number=8), then=told.append)
    assert told == [7, 8]
