"""Letters by e-mail, at a real mail server that answers as it is told."""

from email import message_from_bytes
from email.policy import default

import pytest

from courier.errors import Misconfigured, Unavailable
from courier.notify.mail import MailServer, post
from tests.fakes.letters import letter, notice, sink
from tests.fakes.mailserver import Postbox, mail_server

TO = sink("email", to=["ada@example.com", "grace@example.com"])


def server(box: Postbox, user: str = "courier%40example.com:pass%3Aword@") -> MailServer:
    return MailServer.read(f"smtp://{user}127.0.0.1:{box.port}")


async def test_a_mail_is_handed_in_once_and_readable() -> None:
    with mail_server() as box:
        await post(letter(TO), server(box))
    (mail,) = box.mails
    message = message_from_bytes(mail, policy=default)
    assert message["Subject"] == "[demo] Run fix-auth failed"
    assert message["From"] == "courier@example.com"
    assert message["To"] == "ada@example.com, grace@example.com"
    assert message["Message-ID"] == f"<{letter(TO).id}@courier.invalid>"
    text = message.get_content()
    assert "Score: 81.5 of 100" in text
    assert "https://forge.example/7" in text
    assert [one for one in box.commands if one.startswith("rcpt")] == [
        "rcpt TO:<ada@example.com>",
        "rcpt TO:<grace@example.com>",
    ]


async def test_no_words_can_add_headers_or_recipients() -> None:
    evil = notice(subject="Run x\r\nBcc: eve@example.com\r\n\r\nHello")
    with mail_server() as box:
        await post(letter(TO, evil), server(box))
    message = message_from_bytes(box.mails[0], policy=default)
    assert message["Bcc"] is None
    assert not [one for one in box.commands if "eve" in one]


@pytest.mark.parametrize(
    ("word", "says", "error"),
    [
        ("AUTH", "535 who are you", Misconfigured),
        ("AUTH", "454 later", Unavailable),
        ("MAIL", "451 later", Unavailable),
        ("RCPT", "550 no such user", Misconfigured),
        ("RCPT", "450 greylisted", Unavailable),
        ("DATA", "554 spam", Misconfigured),
    ],
)
async def test_what_a_refusal_means(
    word: str, says: str, error: type[Misconfigured | Unavailable]
) -> None:
    with mail_server() as box:
        box.says[word] = says
        with pytest.raises(error) as caught:
            await post(letter(TO), server(box))
    assert type(caught.value) is error
    assert "pass:word" not in str(caught.value)
    assert box.mails == []


async def test_a_server_that_is_not_there() -> None:
    with mail_server() as box:
        gone = server(box)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await post(letter(TO), gone)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://mail.example.com",
        "smtp://",
        "smtp://host:port",
        "mail.example.com:25",
        "smtp://us%C3%A9r:pass@mail.example.com",
        "smtp://user:p%C3%A4ss@mail.example.com",
        "smtp://mail.example.com?from=a@b.example%0ABcc:%20c@d.example",
    ],
)
def test_what_is_no_mail_server(url: str) -> None:
    with pytest.raises(Misconfigured, match="COURIER_SMTP_URL"):
        MailServer.read(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://mail.example.com", (465, True, "courier@mail.example.com")),
        ("smtp://mail.example.com", (587, False, "courier@mail.example.com")),
        ("smtp://u:p@mail.example.com:25?from=a@b.example", (25, False, "a@b.example")),
    ],
)
def test_what_an_address_says(url: str, expected: tuple[int, bool, str]) -> None:
    read = MailServer.read(url)
    assert (read.port, read.wrapped, read.sender) == expected
    assert "p@" not in repr(read)
