"""What the provider makes of a service's bad answers."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from courier.errors import CourierError, Misconfigured, NotFound, RateLimited, Unavailable
from courier.ports.sandboxes import SandboxSpec
from courier.sandboxes.e2b import E2BSandboxes
from tests.fakes.clock import FakeClock
from tests.fakes.wire import answering

NO_RETRY = {"Should-Retry": "false", "Content-Type": "application/json"}
JSON = b'{"code": 0, "message": "told so"}'


def at(url: str, *, clock: FakeClock | None = None) -> E2BSandboxes:
    return E2BSandboxes(
        api_key="e2b_" + "0" * 40,
        api_url=url,
        sandbox_url=url,
        clock=clock or FakeClock(),
        environ=os.environ,
    )


async def fault_of(provider: E2BSandboxes) -> CourierError:
    """Return the error of each control call; they must all be of one type."""
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "create": lambda: provider.create(SandboxSpec()),
        "find": lambda: provider.find({"a": "b"}),
        "connect": lambda: provider.connect("abc", timeout_seconds=10),
        "pause": lambda: provider.pause("abc"),
        "kill": lambda: provider.kill("abc"),
    }
    found: dict[str, CourierError] = {}
    for name, call in calls.items():
        with pytest.raises(CourierError) as caught:
            await call()
        found[name] = caught.value
    assert len({type(error) for error in found.values()}) == 1, found
    return found["create"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Misconfigured),
        (401, Misconfigured),
        (403, Misconfigured),
        (429, RateLimited),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
    ],
)
@pytest.mark.parametrize("body", [JSON, b"<html>oops</html>", b""], ids=["json", "html", "empty"])
async def test_statuses_become_ours(status: int, expected: type[CourierError], body: bytes) -> None:
    async with answering(status, body=body, headers=NO_RETRY) as url:
        fault = await fault_of(at(url))
    assert type(fault) is expected
    assert fault.__cause__ is not None


async def test_a_refused_key_says_what_to_do() -> None:
    async with answering(401, body=JSON, headers=NO_RETRY) as url:
        fault = await fault_of(at(url))
    assert "E2B_API_KEY" in fault.next_step


async def test_a_told_delay_becomes_a_moment() -> None:
    clock = FakeClock()
    async with answering(429, body=JSON, headers={**NO_RETRY, "Retry-After": "3600"}) as url:
        fault = await fault_of(at(url, clock=clock))
    assert isinstance(fault, RateLimited)
    assert fault.retry_at == clock.now() + timedelta(hours=1)


async def test_an_untold_delay_stays_unknown() -> None:
    async with answering(429, body=JSON, headers=NO_RETRY) as url:
        fault = await fault_of(at(url))
    assert isinstance(fault, RateLimited)
    assert fault.retry_at is None


@pytest.mark.slow
async def test_a_short_told_delay_is_waited_out_before_giving_up() -> None:
    async with answering(429, body=JSON, headers={"Retry-After": "0"}) as url:
        with pytest.raises(RateLimited):
            await at(url).find({})


async def test_a_template_the_service_does_not_know_is_not_found() -> None:
    async with answering(404, body=JSON, headers=NO_RETRY) as url:
        with pytest.raises(NotFound):
            await at(url).create(SandboxSpec(template="nope"))


@pytest.mark.slow
async def test_nobody_listening_is_unavailable() -> None:
    async with answering(200) as url:
        pass
    with pytest.raises(Unavailable):
        await at(url).find({})


async def test_an_answer_without_sense_is_unavailable() -> None:
    async with answering(200, body=b"<html>", headers=NO_RETRY) as url:
        with pytest.raises(Unavailable):
            await at(url).find({})
