"""A real, small HTTP receiver on a loopback port, which answers as it is told."""

import threading
from collections.abc import Iterator, Mapping
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


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever was killed does not wait for its answer."""


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

    with _Quiet(("127.0.0.1", 0), Taking) as server:
        receiver.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.let_go()
            server.shutdown()
            thread.join()
