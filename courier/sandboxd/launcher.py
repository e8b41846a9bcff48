"""Starting, finding and stopping the server of a state directory, from any process."""

import contextlib
import fcntl
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from courier.sandboxd.detach import KILLED
from courier.sandboxd.layout import Layout, read_json

ANSWER_SECONDS = 5.0
START_SECONDS = 30.0
STOP_SECONDS = 10.0
LAUNCHES = 3
POLL_SECONDS = 0.01


class CannotStart(Exception):
    """The server did not start; the text is what it said."""


class _Killed(CannotStart):
    """It was killed before it was ready, so that another one may well start."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server answers and the key it wants; both SDK URLs are this one."""

    url: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Status:
    """What a state directory's server is doing; no endpoint means that it does not answer.

    Attributes:
        exposed: What it was told to show in sandboxes when it started.
    """

    pid: int | None
    endpoint: Endpoint | None
    isolation: str
    sandboxes: int
    exposed: tuple[Path, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self.endpoint is not None


def ensure_running(state_dir: Path, *, arguments: Sequence[str] = ()) -> Endpoint:
    """Return the endpoint of the directory's server, starting it detached if none answers.

    Safe to call from many processes at once: one server is started. ``arguments`` are further
    command-line arguments, such as ``("--expose", "/opt/agent")``; they count only if it starts.

    Raises:
        CannotStart: If it does not come up.
    """
    layout = Layout(state_dir.resolve())
    found = status(state_dir).endpoint
    if found is not None:
        return found
    layout.prepare()
    with _launching(layout):
        found = status(state_dir).endpoint
        if found is None:
            _launch_again(layout, arguments)
            found = status(state_dir).endpoint
    if found is None:
        raise CannotStart(f"The sandbox server does not answer; see {layout.log}.")
    return found


def status(state_dir: Path) -> Status:
    """Return what the directory's server is doing."""
    layout = Layout(state_dir.resolve())
    pid = _holder_of_lock(layout)
    said = read_json(layout.discovery)
    if pid is None or said is None:
        return Status(pid, None, "", 0)
    try:
        key = layout.api_key.read_text().strip()
        answer = _ask_status(int(said["port"]), key)
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return Status(pid, None, str(said.get("isolation", "")), 0)
    endpoint = Endpoint(str(said["url"]), key)
    exposed = tuple(Path(str(path)) for path in said.get("exposed", ()))
    return Status(pid, endpoint, str(said["isolation"]), int(answer["sandboxes"]), exposed)


def stop(state_dir: Path, *, kill_sandboxes: bool = False) -> bool:
    """Stop the directory's server and return whether there was one.

    Its sandboxes live on until their timeout and are taken over by the next server, unless they
    are to be killed too.
    """
    layout = Layout(state_dir.resolve())
    found = status(state_dir)
    if kill_sandboxes and found.endpoint is not None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            _kill_sandboxes(found.endpoint)
    if found.pid is None:
        return False
    for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if _holder_of_lock(layout) != found.pid:
                return True
            time.sleep(POLL_SECONDS)
    return True


def _launch_again(layout: Layout, arguments: Sequence[str]) -> None:
    for _ in range(LAUNCHES - 1):
        with contextlib.suppress(_Killed):
            _launch(layout, arguments)
            return
    _launch(layout, arguments)


def _launch(layout: Layout, arguments: Sequence[str]) -> None:
    command = [sys.executable, "-m", "courier.sandboxd", "--state-dir", str(layout.root)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [*command, "--detach", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        said = f"The sandbox server was not ready in {START_SECONDS:.0f} s; see {layout.log}."
        raise CannotStart(said) from slow
    if done.returncode != 0:
        why = _Killed if done.returncode == KILLED else CannotStart
        raise why(done.stderr.strip() or f"exit code {done.returncode}")


@contextlib.contextmanager
def _launching(layout: Layout) -> Iterator[None]:
    fd = os.open(layout.root / "launch.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _holder_of_lock(layout: Layout) -> int | None:
    try:
        fd = os.open(layout.lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(fd, 32).decode(errors="replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(fd)
    return None


def _ask_status(port: int, key: str) -> dict[str, Any]:
    answer = _request(port, "GET", "/status", key)
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise ValueError("not a status")
    return found


def _kill_sandboxes(endpoint: Endpoint) -> None:
    port = int(endpoint.url.rpartition(":")[2])
    while listed := json.loads(_request(port, "GET", "/v2/sandboxes", endpoint.api_key)):
        for sandbox in listed:
            _request(port, "DELETE", f"/sandboxes/{sandbox['sandboxID']}", endpoint.api_key)


def _request(port: int, method: str, path: str, key: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, headers={"X-API-KEY": key})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status >= 400 and answer.status != 404:
        raise http.client.HTTPException(f"{method} {path}: {answer.status}")
    return body
