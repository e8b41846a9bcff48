"""Letters by e-mail: the one door to a mail server."""

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from courier.errors import CourierError, Misconfigured, Unavailable
from courier.notify.http import is_loopback
from courier.notify.wording import plain
from courier.runs.notices.notice import Letter

SECRET: Final = "COURIER_SMTP_URL"  # noqa: S105 - a name
"""The secret that says which mail server takes letters, and as whom."""

TIMEOUT_SECONDS: Final = 20.0
_PORTS: Final = {"smtp": 587, "smtps": 465}
_LASTING: Final = 500
_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in.

    Attributes:
        host: Its name.
        port: Its port.
        wrapped: Whether it speaks TLS from the start; else it must offer STARTTLS, unless it is
            this machine.
        user: Who logs in; empty for nobody.
        password: With what.
        sender: Whose letters they are.
    """

    host: str
    port: int
    wrapped: bool
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""

    @classmethod
    def read(cls, url: str) -> "MailServer":
        """Return the server an address names, e.g. ``smtp://user:password@host:587?from=a@b.c``.

        Raises:
            Misconfigured: If it is none; the message does not repeat it.
        """
        try:
            parts: SplitResult = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise Misconfigured(
                f"{SECRET} is no address of a mail server.",
                next_step="It is like smtps://user:password@mail.example.com:465?from=a@b.example.",
            )
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        named = parse_qs(parts.query).get("from", [""])[0]
        if not (f"{user}{password}".isascii() and named.isprintable()):
            raise Misconfigured(
                f"{SECRET} holds signs that no mail server can be told.",
                detail="User and password are ASCII, and a sender is one line.",
            )
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            wrapped=parts.scheme == "smtps",
            user=user,
            password=password,
            sender=named or (user if "@" in user else f"courier@{parts.hostname}"),
        )


async def post(letter: Letter, server: MailServer) -> None:
    """Hand a letter in; returns once the server has taken it for somebody.

    Raises:
        Unavailable: If the server does not answer, or has a passing fault.
        Misconfigured: If it will not take it.
    """
    message = written(letter, server.sender)
    recipients = list(letter.sink.to or ())
    await asyncio.to_thread(_hand_in, message, server, recipients)


def written(letter: Letter, sender: str) -> EmailMessage:
    """Return a letter as an e-mail; every try has the same Message-ID."""
    notice = letter.notice
    message = EmailMessage()
    message["Subject"] = _line(f"[{notice.project or 'courier'}] {notice.headline}")
    message["From"] = sender
    message["To"] = ", ".join(_line(one) for one in letter.sink.to or ())
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = f"<{letter.id}@courier.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message["Courier-Event"] = notice.event
    message.set_content(plain(letter))
    return message


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_SUBJECT]


def _hand_in(message: EmailMessage, server: MailServer, recipients: Sequence[str]) -> None:
    try:
        with _opened(server) as line:
            if server.user:
                line.login(server.user, server.password)
            line.send_message(message, to_addrs=recipients)
    except smtplib.SMTPRecipientsRefused as refused:
        codes = [code for code, _ in refused.recipients.values()]
        raise _refusal("takes it for nobody it is to", max(codes, default=_LASTING)) from refused
    except smtplib.SMTPAuthenticationError as refused:
        told = f"Look at user and password in {SECRET}."
        raise _refusal("refuses the login", refused.smtp_code, told) from refused
    except smtplib.SMTPResponseException as refused:
        raise _refusal("refuses it", refused.smtp_code) from refused
    except smtplib.SMTPNotSupportedError as poor:
        raise Misconfigured("The mail server cannot do what is needed.", detail=str(poor)) from poor
    except ssl.SSLError as broken:
        raise _unencrypted(broken, server) from broken
    except (OSError, smtplib.SMTPException) as away:
        raise Unavailable(f"The mail server cannot be reached ({type(away).__name__}).") from away


def _opened(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.wrapped:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    line = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        line.ehlo()
        if line.has_extn("starttls"):
            _encrypt(line, context)
        elif not is_loopback(server.host):
            raise Misconfigured(
                "The mail server offers no encryption.",
                detail="Nothing is sent to another machine in the clear.",
                next_step=f"Write {SECRET} with smtps://, or let the server offer STARTTLS.",
            )
    except BaseException:
        line.close()
        raise
    return line


def _encrypt(line: smtplib.SMTP, context: ssl.SSLContext) -> None:
    try:
        line.starttls(context=context)
    except smtplib.SMTPResponseException as refused:
        raise _refusal("refuses to encrypt", refused.smtp_code) from refused
    line.ehlo()


def _refusal(what: str, code: int, next_step: str = "") -> CourierError:
    told = f"The mail server {what} (SMTP {code})."
    return (Unavailable if code < _LASTING else Misconfigured)(told, next_step=next_step)


def _unencrypted(broken: ssl.SSLError, server: MailServer) -> CourierError:
    if isinstance(broken, ssl.SSLCertVerificationError):
        return Misconfigured(
            "The mail server's certificate is not trusted.",
            detail=f"It says: {broken.verify_message}.",
            next_step="Name the server as its certificate does; SSL_CERT_FILE names authorities "
            "of your own.",
        )
    return Unavailable(
        "The mail server does not speak TLS from the start."
        if server.wrapped
        else "The mail server breaks encryption off.",
        detail=broken.reason or "",
        next_step=f"In {SECRET}, smtps:// means TLS from the start, smtp:// STARTTLS.",
    )
