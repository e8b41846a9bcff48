"""A real, small HTTP receiver and mail server on loopback ports, which answer as they are told."""

import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to answer; ``hang`` waits for `Receiver.let_go` before it does."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    drops: bool = False
    hangs: bool = False


class Receiver:
    """Requests so far, and the answers to the next ones; without any, all is well."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answers: list[Answer] = []
        self.address = ""
        self._going = threading.Event()

    def answer(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    def let_go(self) -> None:
        self._going.set()

    def take(self, request: Received) -> Answer:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else Answer()
        if answer.hangs:
            self._going.wait(30)
        return answer


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Take requests until the end."""
    receiver = Receiver()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = receiver.take(Received(self.path, dict(self.headers), body))
            if answer.drops:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        receiver.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.let_go()
            server.shutdown()
            thread.join()


class Postbox:
    """Mails so far, and what the server says to some of its commands."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.commands: list[str] = []
        self.says: dict[str, str] = {}
        self.port = 0


class Line(socketserver.StreamRequestHandler):
    """One connection to a mail server."""

    server: "MailServer"

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            self.server.box.commands.append(line)
            self._answer(word)
            if word == "QUIT":
                return

    def _answer(self, word: str) -> None:
        says = self.server.box.says
        if word == "EHLO":
            told = ["localhost", *self.server.extensions]
            for one in told[:-1]:
                self._say(f"250-{one}")
            self._say(f"250 {told[-1]}")
        elif word == "DATA" and word not in says:
            self._data()
        else:
            usual = {"AUTH": "235 in", "QUIT": "221 bye"}.get(word, "250 ok")
            self._say(says.get(word, usual))

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

    def __init__(self, extensions: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), Line)
        self.box, self.extensions = Postbox(), extensions
        self.box.port = int(self.server_address[1])


@contextmanager
def mail_server(extensions: Sequence[str] = ("AUTH PLAIN",)) -> Iterator[Postbox]:
    """Be a mail server until the end."""
    with MailServer(extensions) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()
