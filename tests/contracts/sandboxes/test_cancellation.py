"""Calls that are cancelled at any moment end as cancelled, never as a fault of the link."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from courier.engine.journal.stopping import break_off
from courier.ports.sandboxes import Sandbox
from tests.contracts.sandboxes.conftest import Opener

MOMENTS = 32
APART_SECONDS = 0.0015


async def command(sandbox: Sandbox) -> None:
    await sandbox.run(["sleep", "60"], timeout_seconds=90)


async def lines(sandbox: Sandbox) -> None:
    async for _ in sandbox.follow("/etc/passwd", skip_lines=0, pid=1):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("work", [command, lines])
async def test_a_call_is_cancelled_whatever_the_sdk_makes_of_it(
    opened: Opener, caplog: pytest.LogCaptureFixture, work: Callable[[Sandbox], Awaitable[None]]
) -> None:
    sandbox = await opened()
    with caplog.at_level(logging.ERROR):
        for moment in range(MOMENTS):
            call = asyncio.ensure_future(work(sandbox))
            await asyncio.sleep(moment * APART_SECONDS)
            # As engines ask: the SDK itself goes on after one request, once in a while.
            break_off(call)
            await asyncio.wait({call}, timeout=30)
            assert call.cancelled(), (moment, call)
    assert caplog.text == "", "nobody is told of what was wanted"
