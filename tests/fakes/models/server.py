"""The HTTP server of scripted models, in a thread of its own on the loopback interface."""

import json
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.fakes.models import chat, messages, responses
from tests.fakes.models.script import Asked, Cut, Fail, Hang, Page, Reply, Script, Turn

_PATH = re.compile(r"/x/(?P<run>[^/]+)/(?P<scenario>[^/]+)(?P<rest>/.*)")


class Wire(Protocol):
    """One provider protocol."""

    PATHS: frozenset[str]

    def read(self, body: Mapping[str, Any]) -> Asked: ...

    def whole(self, turn: Turn, asked: Asked, *, id: str) -> dict[str, Any]: ...

    def stream(self, turn: Turn, asked: Asked, *, id: str) -> Iterator[str]: ...

    def error(self, fail: Fail) -> dict[str, Any]: ...

    def failure(self, fail: Fail, *, id: str) -> Iterator[str]: ...


_WIRES: tuple[Wire, ...] = (messages, responses, chat)


@dataclass(frozen=True, slots=True)
class Logged:
    """One request: where it went, with which headers (lower case), and its body."""

    run: str
    scenario: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class ScriptedModels:
    """A model server that answers by script; a context manager.

    The path chooses: ``/x/<run>/<scenario>/v1/messages``, ``.../v1/responses`` or
    ``.../v1/chat/completions``. A run is a name for the log, a scenario names the script.
    Every request is kept, and written to ``<log>/<run>.jsonl`` where a folder is given.
    """

    def __init__(self, scripts: Mapping[str, Script], *, log: Path | None = None) -> None:
        self._scripts = dict(scripts)
        self._log = log
        self._lock = threading.Lock()
        self._logged: list[Logged] = []
        self._tries: Counter[tuple[str, str, tuple[str, ...], int]] = Counter()
        self._answers = 0
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self.closing = threading.Event()

    def __enter__(self) -> "ScriptedModels":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def base_url(self, run: str, scenario: str) -> str:
        """Return the base URL, without ``/v1``, of one run that follows one script."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/x/{run}/{scenario}"

    def logged(self, run: str) -> list[Logged]:
        """Return the requests of a run so far."""
        with self._lock:
            return [entry for entry in self._logged if entry.run == run]

    def asked(self, run: str) -> list[Asked]:
        """Return what the run's model requests asked so far, side requests left out."""
        read = (wire.read(entry.body) for entry in self.logged(run) if (wire := wire_of(entry)))
        return [asked for asked in read if asked.has_tools]

    def record(self, entry: Logged) -> None:
        """Keep one request."""
        with self._lock:
            self._logged.append(entry)
            if self._log is not None:
                with (self._log / f"{entry.run}.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"path": entry.path, "body": entry.body}) + "\n")

    def reply(self, entry: Logged, asked: Asked) -> tuple[str, Reply]:
        """Return the answer's id and the script's reply to one model request."""
        point = (entry.run, entry.scenario, asked.prompts, asked.turns)
        with self._lock:
            self._answers += 1
            id = f"msg_{self._answers:04}"
            tries = self._tries[point]
            self._tries[point] += 1
        script = self._scripts.get(entry.scenario)
        if script is None:
            return id, Fail(404, "not_found_error", f"no scenario {entry.scenario}")
        return id, script(replace(asked, tries=tries))


def wire_of(entry: Logged) -> Wire | None:
    """Return the protocol of a model request; None for a request of another kind."""
    return next((wire for wire in _WIRES if entry.path in wire.PATHS), None)


def _pieces(texts: Iterable[str], *, size: int) -> Iterator[str]:
    whole = "".join(texts)
    return (whole[at : at + size] for at in range(0, len(whole), size))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, models: ScriptedModels) -> None:
        self.models = models
        super().__init__(("127.0.0.1", 0), _Exchange)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: agents that are stopped cut their connections."""


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; the log is `ScriptedModels.logged`."""

    def do_HEAD(self) -> None:
        self._take()
        self._whole(200, {})

    def do_GET(self) -> None:
        self._take()
        self._whole(404, messages.error(Fail(404, "not_found_error", "no such page")))

    def do_POST(self) -> None:
        entry = self._take()
        if entry is None:
            self._whole(404, messages.error(Fail(404, "not_found_error", "no such path")))
        elif entry.path == messages.COUNT_PATH:
            self._whole(200, {"input_tokens": 1000})
        elif (wire := wire_of(entry)) is not None:
            self._answer(entry, wire)
        else:
            self._whole(404, messages.error(Fail(404, "not_found_error", "no such path")))

    def _take(self) -> Logged | None:
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length) if length else b""
        found = _PATH.fullmatch(urlsplit(self.path).path)
        if found is None:
            return None
        entry = Logged(
            run=found["run"],
            scenario=found["scenario"],
            method=self.command,
            path=found["rest"],
            headers={name.lower(): value for name, value in self.headers.items()},
            body=json.loads(raw) if raw else {},
        )
        self.server.models.record(entry)
        return entry

    def _answer(self, entry: Logged, wire: Wire) -> None:
        asked = wire.read(entry.body)
        id, reply = self.server.models.reply(entry, asked)
        match reply:
            case Turn():
                self._turn(wire, reply, asked, id=id)
            case Cut(turn=turn, after_events=events):
                self._cut(wire, turn, asked, id=id, after=events)
            case Fail(status=200) if not entry.body.get("stream"):
                # What is not streamed is known to have failed before it begins.
                self._whole(429 if "limit" in reply.kind else 500, wire.error(reply))
            case Fail(status=200):
                self._stream(wire.failure(reply, id=id))
            case Fail():
                self._whole(reply.status, wire.error(reply), headers=reply.headers)
            case Page(text=text, content_type=kind):
                self._raw(200, text.encode(), headers={"content-type": kind})
            case Hang(seconds=seconds):
                self.server.models.closing.wait(seconds)
                self._reset()

    def _turn(self, wire: Wire, turn: Turn, asked: Asked, *, id: str) -> None:
        self.server.models.closing.wait(turn.after_seconds)
        if not asked.body.get("stream"):
            return self._whole(200, wire.whole(turn, asked, id=id))
        events = wire.stream(turn, asked, id=id)
        self._stream(_pieces(events, size=turn.pieces_of) if turn.pieces_of else events, end=False)
        self.wfile.flush()
        self.server.models.closing.wait(turn.holds_seconds)
        return self._chunk("")

    def _cut(self, wire: Wire, turn: Turn, asked: Asked, *, id: str, after: int) -> None:
        if asked.body.get("stream"):
            self._stream(islice(wire.stream(turn, asked, id=id), after), end=False)
        self._reset()

    def _stream(self, texts: Iterable[str], *, end: bool = True) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for text in texts:
            self._chunk(text)
        if end:
            self._chunk("")

    def _chunk(self, text: str) -> None:
        raw = text.encode()
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

    def _whole(
        self, status: int, data: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> None:
        told = {"content-type": "application/json", **(headers or {})}
        self._raw(status, json.dumps(data).encode(), headers=told)

    def _raw(self, status: int, raw: bytes, *, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
