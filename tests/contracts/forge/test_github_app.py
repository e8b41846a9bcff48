"""A GitHub App: what it proves, the token it gets for one repository, and its renewal."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from courier.errors import Misconfigured, Unavailable
from courier.forges.github import App, Limits, Token, Transport, address_of
from tests.contracts.scratch import make_scratch
from tests.fakes.clock import FakeClock
from tests.fakes.github.hosting import hosting

rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")


def pem_and_check() -> tuple[str, Callable[[str], bool]]:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()

    def is_signed(token: str) -> bool:
        text, _, proof = token.rpartition(".")
        raw = base64.urlsafe_b64decode(proof + "==")
        key.public_key().verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        claims = json.loads(base64.urlsafe_b64decode(text.partition(".")[2] + "=="))
        return bool(claims["iss"] == "123") and claims["exp"] - claims["iat"] <= 600

    return pem, is_signed


async def test_tokens_are_for_one_repository_and_are_renewed_in_time(tmp_path: Path) -> None:
    scratch, clock = make_scratch(tmp_path), FakeClock()
    scratch.commit({"a": "b"})
    scratch.push()
    pem, is_signed = pem_and_check()
    with hosting(tmp_path / "github", scratch.origin) as host:
        host.hub.now = clock.now
        host.hub.app = ("123", is_signed)
        app = App("123", lambda: pem, owner="acme", name="demo", clock=clock)
        transport = Transport(address_of(host.remote), app, Limits(), clock)
        first = await transport.token()
        assert host.hub.tokens[first].repositories == ("demo",)
        assert host.hub.tokens[first].may("contents", "write")
        assert not host.hub.tokens[first].may("administration", "read")
        assert (await transport.mine("GET", "")).value["name"] == "demo"
        assert await transport.token() == first
        await clock.advance(timedelta(minutes=51).total_seconds())
        second = await transport.token()
        assert second != first
        # Taken back before its time: asked for anew, once.
        del host.hub.tokens[second]
        assert (await transport.mine("GET", "")).value["name"] == "demo"
        assert await transport.token() != second
        await transport.close()


async def test_a_key_that_is_none_and_a_token_nobody_knows(tmp_path: Path) -> None:
    scratch, clock = make_scratch(tmp_path), FakeClock()
    scratch.commit({"a": "b"})
    scratch.push()
    with hosting(tmp_path / "github", scratch.origin) as host:
        address = address_of(host.remote)
        app = App("123", lambda: "no key", owner="acme", name="demo", clock=clock)
        transport = Transport(address, app, Limits(), clock)
        with pytest.raises(Misconfigured, match="no RSA key"):
            await transport.token()
        unknown = Transport(address, Token(lambda: "ghp_nobody"), Limits(), clock)
        with pytest.raises(Unavailable, match="does not take the token"):
            await unknown.mine("GET", "")
        await unknown.close()
        await transport.close()
