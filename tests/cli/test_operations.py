"""A daemon as an operator sees it: probes, a log for programs, and silence while nothing moves."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.place import SLOW as FAILING
from tests.cli.place import Place, asked
from tests.contracts.scratch import GIT_ENV

pytestmark = pytest.mark.slow


class Operated:
    """A daemon that listens and logs to a file."""

    def __init__(self, place: Place, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.place = place
        self.process = process
        self.log = log

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def until(self, holds: Callable[[], Any], *, within: float = 60) -> Any:
        deadline = time.monotonic() + within
        while not (found := holds()):
            assert time.monotonic() < deadline, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        return found

    @property
    def port(self) -> int:
        def told() -> int | None:
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.log.read_text())
            return int(found[1]) if found else None

        return int(self.until(told))

    def get(self, path: str, *, host: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def settled(self) -> int:
        said = self.place.courier("reconcile", "-o", "json")
        projects = json.loads(said.out)["repositories"][0]["projects"] if said.out else []
        return sum(each["settled"] for each in projects)


@contextmanager
def operated(place: Place, *argv: str, **variables: str) -> Iterator[Operated]:
    environment = {
        **GIT_ENV,
        "PATH": os.environ["PATH"],
        "COURIER_HOME": str(place.folder / "state"),
        "COURIER_ALLOW_PLAIN": "1",
        **variables,
    }
    command = [sys.executable, "-m", "courier", "daemon", "--listen", "127.0.0.1:0", *argv]
    log = place.folder / "daemon.log"
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=place.root, env=environment, stderr=file) as process,
    ):
        try:
            yield Operated(place, process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                process.kill()


def test_probes_and_a_log_with_run_and_attempt_and_without_secrets(place: Place) -> None:
    place.publish({".courier/runs/hello.yaml": asked("hello")})
    secret = str(place.folder)[:60]
    asked_for = {"COURIER_LOG_FORMAT": "json", "PLACE_TOKEN": secret}
    with operated(place, "--log-level", "debug", **asked_for) as daemon:
        daemon.until(lambda: daemon.settled() == 1)
        assert daemon.get("/healthz") == (
            200,
            '{"formatVersion": 1, "status": "ok", "reasons": []}\n',
        )
        assert daemon.get("/readyz")[0] == 200
        assert daemon.get("/readyz", host="evil.example")[0] == 421
        os.kill(_server(place), signal.SIGSTOP)
        try:
            status, body = daemon.get("/readyz")
        finally:
            os.kill(_server(place), signal.SIGCONT)
        assert status == 503
        assert json.loads(body)["reasons"][0]["check"] == "sandboxes"
    inside = [line for line in daemon.lines if line.get("attempt") == "work-1.1"]
    assert {(line["run"], line["step"]) for line in inside} == {("hello", "work")}
    assert any(line["message"] == "started hello " for line in daemon.lines)
    assert all({"ts", "level", "logger", "message"} <= line.keys() for line in daemon.lines)
    assert secret not in daemon.log.read_text()
    assert "[secret PLACE_TOKEN]" in daemon.log.read_text()


def _server(place: Place) -> int:
    told = json.loads((place.folder / "state/sandboxd/server.json").read_text())
    return int(told["pid"])


def test_an_idle_daemon_logs_nothing(place: Place) -> None:
    place.publish({".courier/runs/hello.yaml": asked("hello")})
    with operated(place, "--log-format", "json", "--interval", "5s") as daemon:
        daemon.until(lambda: daemon.settled() == 1)
        before = daemon.lines
        for _ in range(5):
            assert daemon.settled() == 1
        time.sleep(6)
        assert daemon.lines == before


def test_metrics_count_what_really_happened(place: Place) -> None:
    failing = FAILING.replace("name: slow", "name: failing").replace("sleep 30; ", "exit 3; ")
    runs = {f".courier/runs/{name}.yaml": asked(name) for name in ("one", "two")}
    bad = {".courier/failing.yaml": failing, ".courier/runs/bad.yaml": asked("bad", "failing")}
    place.publish({**runs, **bad})
    with operated(place) as daemon:
        daemon.until(lambda: daemon.settled() == 3)
        status, text = daemon.get("/metrics")
    assert status == 200
    counts = samples(text)
    assert counts["courier_runs_started_total", "demo"] == 3
    assert counts["courier_runs_ended_total", "completed", "demo", "Completed"] == 2
    assert counts["courier_runs_ended_total", "failed", "demo", "CommandFailed"] == 1
    assert counts["courier_steps_total", "shell", "completed", "Completed"] == 2
    failed = counts["courier_steps_total", "shell", "failed", "CommandFailed"]
    assert failed >= 1
    assert counts["courier_sandboxes_total", "opened"] == 2 + failed
    assert counts["courier_step_seconds_count", "shell"] == 2 + failed
    assert counts["courier_run_seconds_count", "completed"] == 2
    assert counts["courier_dispatch_seconds_count",] == 3
    place_of = str(place.folder / "origin.git")
    assert counts["courier_reconcile_passes_total", place_of, "whole"] >= 1
    assert counts["courier_runs_in_flight", place_of] == 0
    assert "courier_build_info" in {name for name, *_ in counts}
    assert not [names for names in counts if {"one", "two", "bad"} & set(names)]


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
