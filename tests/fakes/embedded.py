"""The real embedded server, started for tests in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server answers, and its key."""

    url: str
    api_key: str
    state_dir: Path


@contextmanager
def serving(state_dir: Path, *flags: str) -> Iterator[Endpoint]:
    """Run a server with these flags; everything in it is killed at the end."""
    state_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "courier.sandboxd", "--state-dir", str(state_dir), *flags]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "COURIER_"))}
    with (state_dir / "test.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=inherited)
        try:
            endpoint = _wait(server, state_dir)
            try:
                yield endpoint
            finally:
                _kill_all(endpoint)
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait(server: "subprocess.Popen[bytes]", state_dir: Path) -> Endpoint:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            url = json.loads((state_dir / "server.json").read_text())["url"]
            key = (state_dir / "api-key").read_text().strip()
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return Endpoint(url, key, state_dir)
        except (OSError, KeyError, ValueError):
            time.sleep(0.02)
    raise RuntimeError((state_dir / "test.log").read_text(errors="replace"))


def _kill_all(endpoint: Endpoint) -> None:
    headers = {"X-API-KEY": endpoint.api_key}
    while listed := _call(endpoint, "GET", "/v2/sandboxes?limit=100", headers):
        for sandbox in listed:
            _call(endpoint, "DELETE", f"/sandboxes/{sandbox['sandboxID']}", headers)


def _call(
    endpoint: Endpoint, method: str, path: str, headers: dict[str, str]
) -> list[dict[str, str]]:
    request = urllib.request.Request(endpoint.url + path, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        body = answer.read()
    return list(json.loads(body)) if body else []
