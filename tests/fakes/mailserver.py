"""A real, small mail server on a loopback port: TLS from the start or by STARTTLS, and logins."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from tests.fakes.certificates import Certificate


@dataclass(frozen=True)
class Security:
    """How a server encrypts, and with which certificate."""

    how: Literal["wrapped", "starttls"]
    certificate: Certificate


class Postbox:
    """Mails so far, and what the server says to some of its commands.

    Attributes:
        mails: What was handed in, as bytes.
        commands: Every line of every client, `secret` for what proves who it is.
        encrypted: The commands that came encrypted.
        says: What to answer a command, instead of the usual.
        login: Who may log in, and with what; None for anybody.
    """

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.commands: list[str] = []
        self.encrypted: list[str] = []
        self.says: dict[str, str] = {}
        self.login: tuple[str, str] | None = None
        self.port = 0


class Line(socketserver.StreamRequestHandler):
    """One connection."""

    server: "MailServer"

    def setup(self) -> None:
        if self.server.security is not None and self.server.security.how == "wrapped":
            self.request = self._wrapped(self.request)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            self.server.box.commands.append(line)
            if self._is_encrypted:
                self.server.box.encrypted.append(word)
            self._answer(word, line)
            if word == "QUIT":
                return

    @property
    def _is_encrypted(self) -> bool:
        return isinstance(self.connection, ssl.SSLSocket)

    def _answer(self, word: str, line: str) -> None:
        says = self.server.box.says
        if word in says:
            self._say(says[word])
        elif word == "EHLO":
            told = ["localhost", *self.server.extensions]
            if self.server.security is not None and not self._is_encrypted:
                told.append("STARTTLS")
            for one in told[:-1]:
                self._say(f"250-{one}")
            self._say(f"250 {told[-1]}")
        elif word == "STARTTLS":
            self._start_tls()
        elif word == "DATA":
            self._data()
        elif word == "AUTH":
            self._say("235 in" if self._may_enter(line) else "535 5.7.8 who are you")
        else:
            self._say({"QUIT": "221 bye"}.get(word, "250 ok"))

    def _may_enter(self, line: str) -> bool:
        login = self.server.box.login
        if login is None:
            return True
        _, how, given = line.split()
        assert how == "PLAIN"
        return base64.b64decode(given).decode() == "\0".join(("", *login))

    def _start_tls(self) -> None:
        self._say("220 go on")
        self.rfile.close()
        self.connection = self.request = self._wrapped(self.connection)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def _wrapped(self, connection: "ssl.SSLSocket") -> ssl.SSLSocket:
        assert self.server.security is not None
        context = self.server.security.certificate.context
        return context.wrap_socket(connection, server_side=True)

    def _data(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.server.box.mails.append(b"".join(lines))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, extensions: Sequence[str], security: Security | None) -> None:
        super().__init__(("127.0.0.1", 0), Line)
        self.box, self.extensions, self.security = Postbox(), extensions, security
        self.box.port = int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever does not like a certificate hangs up."""


@contextmanager
def mail_server(
    extensions: Sequence[str] = ("AUTH PLAIN",), *, security: Security | None = None
) -> Iterator[Postbox]:
    """Be a mail server until the end."""
    with MailServer(extensions, security) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()
