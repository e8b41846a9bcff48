"""A worker as an operator sees it: probes and metrics, also while its database is away."""

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

from tests.cli.place import Place, asked
from tests.contracts.scratch import GIT_ENV
from tests.fakes.cable import Cable, cable
from tests.fakes.postgres import Server

pytestmark = pytest.mark.slow


class Watched:
    """A worker that listens."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def until(self, holds: Callable[[], Any], *, within: float = 60) -> Any:
        deadline = time.monotonic() + within
        while not (found := holds()):
            assert time.monotonic() < deadline, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        return found

    def get(self, path: str, *, host: str | None = None) -> tuple[int, str]:
        found = self.until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)/", self.log.read_text()))
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=20)
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def reasons(self) -> list[str]:
        return [one["check"] for one in json.loads(self.get("/readyz")[1])["reasons"]]


@contextmanager
def watched(place: Place, line: Cable) -> Iterator[Watched]:
    environment = {
        **GIT_ENV,
        "PATH": os.environ["PATH"],
        "COURIER_HOME": str(place.folder / "state"),
        "COURIER_ALLOW_PLAIN": "1",
        "COURIER_DATABASE_URL": f"postgresql://courier@127.0.0.1:{line.port}/postgres",
    }
    command = [sys.executable, "-m", "courier", "worker", "--listen", "127.0.0.1:0"]
    log = place.folder / "worker.log"
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=place.root, env=environment, stderr=file) as process,
    ):
        try:
            yield Watched(process, log)
        finally:
            line.mend()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                process.kill()


def test_a_worker_answers_probes_and_counts(place: Place, postgres: Server) -> None:
    place.publish({".courier/runs/hello.yaml": asked("hello")})
    with cable(postgres.port) as line, watched(place, line) as worker:
        worker.until(lambda: worker.get("/readyz")[0] == 200)
        assert worker.get("/healthz") == (
            200,
            '{"formatVersion": 1, "status": "ok", "reasons": []}\n',
        )
        assert worker.get("/readyz", host="evil.example")[0] == 421
        assert worker.get("/webhooks/push")[0] == 404
        said = place.courier("apply", "--no-wait", COURIER_DATABASE_URL=postgres.url)
        assert said.code == 0, said.err
        worker.until(lambda: "courier_runs_ended_total{" in worker.get("/metrics")[1])
        idle = re.compile(r'courier_worker_runs\{repository="[^"]*origin.git"\} 0.0')
        worker.until(lambda: idle.search(worker.get("/metrics")[1]))
        told = worker.get("/metrics")[1]
        assert 'phase="completed",project="demo"' in told
        assert "courier_reconcile_passes_total{" not in told
        # Nobody is told that it is well while the others cannot hear of it.
        line.cut()
        assert worker.reasons() == ["engine"]
        assert worker.get("/healthz")[0] == 200
        line.mend()
        worker.until(lambda: not worker.reasons())
