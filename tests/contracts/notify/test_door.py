"""What becomes of a letter at a real receiver, whatever it answers."""

from datetime import timedelta

import pytest

from courier.errors import CourierError, Misconfigured, RateLimited, Unavailable
from courier.notify.http import Door, Route, checked
from tests.fakes.clock import FakeClock
from tests.fakes.receiver import Answer, Receiver, receiving

SECRET_PATH = "/services/T000/very-secret"


def door(clock: FakeClock | None = None, route: Route | None = None) -> Door:
    return Door(clock or FakeClock(), route or Route())


async def post(receiver: Receiver, clock: FakeClock | None = None) -> None:
    await door(clock).post(receiver.address + SECRET_PATH, b"{}", {"Content-Type": "x/y"})


async def test_a_receiver_takes_it() -> None:
    with receiving() as receiver:
        await post(receiver)
        (got,) = receiver.requests
    assert (got.path, got.body, got.headers["Content-Type"]) == (SECRET_PATH, b"{}", "x/y")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(500, body=b"oops"), Unavailable),
        (Answer(503), Unavailable),
        (Answer(408), Unavailable),
        (Answer(429), RateLimited),
        (Answer(503, {"Retry-After": "7"}), RateLimited),
        (Answer(drops=True), Unavailable),
        (Answer(400, body=b"no_text"), Misconfigured),
        (Answer(404), Misconfigured),
        (Answer(410), Misconfigured),
    ],
)
async def test_what_a_refusal_means(answer: Answer, error: type[CourierError]) -> None:
    with receiving() as receiver:
        receiver.answer(answer)
        with pytest.raises(error) as caught:
            await post(receiver)
    assert type(caught.value) is error
    assert "very-secret" not in str(caught.value)
    assert receiver.address not in str(caught.value)
    assert answer.body == b"ok" or answer.body.decode() in str(caught.value)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("120", 120), ("Fri, 02 Jan 2026 03:05:00 GMT", 300), ("999999999", 86_400), ("soon", None)],
)
async def test_how_long_a_receiver_asks_to_wait(told: str, seconds: int | None) -> None:
    clock = FakeClock(at="2026-01-02T03:00:00Z")
    with receiving() as receiver:
        receiver.answer(Answer(429, {"Retry-After": told}))
        with pytest.raises(RateLimited) as caught:
            await post(receiver, clock)
    expected = None if seconds is None else clock.now() + timedelta(seconds=seconds)
    assert caught.value.retry_at == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    with receiving() as receiver, receiving() as elsewhere:
        receiver.answer(Answer(status, {"Location": f"{elsewhere.address}/stolen"}))
        with pytest.raises(Misconfigured, match="elsewhere"):
            await post(receiver)
        assert elsewhere.requests == []


async def test_a_receiver_that_is_not_there() -> None:
    with receiving() as receiver:
        address = receiver.address
    with pytest.raises(Unavailable, match="ConnectionRefusedError") as caught:
        await door().post(address + SECRET_PATH, b"", {})
    assert address not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://chat.example.com/x",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/x",
        "ftp://chat.example.com/x",
        "file:///etc/passwd",
        "not an address",
        "https://user:word@chat.example.com/",
        "https://:443",
        "https://[broken",
        "https://chat.example.com/x\nHost: other",
        " https://chat.example.com/",
        "",
    ],
)
async def test_what_is_no_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        await door().post(address, b"", {})
    assert not address.strip() or address.strip() not in str(caught.value)


def test_plain_http_to_others_is_a_choice() -> None:
    assert checked("http://chat.lan/x", allows_plain=True).hostname == "chat.lan"
    assert Route.of({"COURIER_NOTIFY_HTTP": "1"}).allows_plain


@pytest.mark.parametrize(
    ("host", "proxied"),
    [
        ("hooks.slack.com", True),
        ("127.0.0.1", False),
        ("chat.lan", False),
        ("a.corp.example", False),
    ],
)
def test_who_is_reached_through_the_proxy(host: str, *, proxied: bool) -> None:
    environment = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "chat.lan, .corp.example"}
    assert bool(Route.of(environment).proxies(host)) is proxied
