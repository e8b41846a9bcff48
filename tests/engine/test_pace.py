"""Creations per second, shared by all workers of a database."""

import asyncio
import time

import pytest

from courier.engine.postgres import PostgresClient
from courier.engine.postgres.pace import Pace
from courier.engine.postgres.schema import open_session
from courier.system import SystemClock
from tests.fakes.postgres import Server

pytestmark = pytest.mark.slow


async def test_turns_of_many_repositories_keep_their_distance(postgres: Server) -> None:
    clients = []
    for _ in range(3):
        database = postgres.database()
        open_session(database, name="first").close()
        clients.append(PostgresClient(database, clock=SystemClock()))
    moments: list[float] = []

    async def take(client: PostgresClient) -> None:
        pace = Pace(client, SystemClock(), name="sandboxes", rate=20)
        for _ in range(4):
            await pace.turn()
            moments.append(time.monotonic())

    began = time.monotonic()
    await asyncio.gather(*(take(client) for client in clients))
    for client in clients:
        await client.close()
    assert len(moments) == 12
    assert moments[-1] - began >= 11 * 0.05 - 0.02
    assert moments[0] - began < 1
