"""E-mail over real TLS: from the start and by STARTTLS, logins, and certificates that are wrong."""

from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Literal

import pytest

from courier.errors import Misconfigured, Unavailable
from courier.notify.mail import MailServer, post
from tests.fakes.certificates import Certificate, certificate
from tests.fakes.letters import letter, sink
from tests.fakes.mailserver import Postbox, Security, mail_server

TO = sink("email", to=["ada@example.com"])
LOGIN = ("ops@example.com", "p@ss:w/rd")
SCHEMES = {"wrapped": "smtps", "starttls": "smtp"}
How = Literal["wrapped", "starttls"]


def server(box: Postbox, how: How) -> MailServer:
    return MailServer.read(
        f"{SCHEMES[how]}://ops%40example.com:p%40ss%3Aw%2Frd@127.0.0.1:{box.port}"
    )


@pytest.fixture(params=["wrapped", "starttls"])
def how(request: pytest.FixtureRequest) -> How:
    found: How = request.param
    return found


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    made = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


async def test_a_mail_goes_encrypted_from_login_to_end(trusted: Certificate, how: How) -> None:
    with mail_server(security=Security(how, trusted)) as box:
        box.login = LOGIN
        await post(letter(TO), server(box, how))
    (mail,) = box.mails
    assert message_from_bytes(mail, policy=default)["Subject"] == "[demo] Run fix-auth failed"
    words = [line.split()[0].upper() for line in box.commands]
    assert {"AUTH", "MAIL", "RCPT", "DATA"} <= set(box.encrypted)
    assert {"AUTH", "MAIL", "RCPT", "DATA"}.isdisjoint(words[: -len(box.encrypted)])


async def test_a_wrong_password_is_told_as_what_it_is(trusted: Certificate, how: How) -> None:
    with mail_server(security=Security(how, trusted)) as box:
        box.login = ("ops@example.com", "another")
        with pytest.raises(Misconfigured) as caught:
            await post(letter(TO), server(box, how))
    assert caught.value.summary == "The mail server refuses the login (SMTP 535)."
    assert "COURIER_SMTP_URL" in caught.value.next_step
    assert LOGIN[1] not in str(caught.value)
    assert box.mails == []


def strange(folder: Path) -> Certificate:
    """Nobody vouches for it."""
    return certificate(folder)


def anothers(folder: Path) -> Certificate:
    return certificate(folder, address="10.1.2.3")


def ended(folder: Path) -> Certificate:
    return certificate(folder, days=-1)


@pytest.mark.parametrize(
    ("made", "is_trusted", "detail"),
    [
        (strange, False, "self-signed certificate"),
        (anothers, True, "IP address mismatch"),
        (ended, True, "certificate has expired"),
    ],
)
async def test_a_wrong_certificate_is_refused_before_anything_is_said(
    how: How,
    made: Callable[[Path], Certificate],
    is_trusted: bool,
    detail: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = made(tmp_path)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(shown.file))
    with mail_server(security=Security(how, shown)) as box:
        box.login = LOGIN
        with pytest.raises(Misconfigured) as caught:
            await post(letter(TO), server(box, how))
    assert caught.value.summary == "The mail server's certificate is not trusted."
    assert detail in caught.value.detail
    assert "SSL_CERT_FILE" in caught.value.next_step
    assert box.mails == []
    assert not any(one.upper().startswith(("AUTH", "MAIL", "RCPT")) for one in box.commands)


async def test_a_server_that_breaks_starttls_off_gets_nothing_in_the_clear(
    trusted: Certificate,
) -> None:
    with mail_server(security=Security("starttls", trusted)) as box:
        box.says["STARTTLS"] = "454 not now"
        with pytest.raises(Unavailable, match="refuses to encrypt"):
            await post(letter(TO), server(box, "starttls"))
    assert not any(one.upper().startswith(("AUTH", "MAIL", "RCPT")) for one in box.commands)


async def test_tls_asked_of_a_port_that_speaks_none() -> None:
    with mail_server() as box, pytest.raises(Unavailable) as caught:
        await post(letter(TO), server(box, "wrapped"))
    assert caught.value.summary == "The mail server does not speak TLS from the start."
    assert "smtp://" in caught.value.next_step


async def test_a_login_where_none_is_offered() -> None:
    with mail_server(()) as box, pytest.raises(Misconfigured, match="cannot do what is needed"):
        await post(letter(TO), server(box, "starttls"))
    assert box.mails == []
