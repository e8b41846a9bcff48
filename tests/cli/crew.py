"""Daemons and workers of one repository as people start them, and all that can happen to them."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from courier.sandboxd import launcher
from tests.contracts.scratch import GIT_ENV
from tests.fakes.cable import Cable
from tests.fakes.postgres import Server

Role = Literal["daemon", "worker"]


@dataclass
class Hand:
    """One process at work: on a disk of its own, on a cable of its own to the database."""

    role: Role
    home: Path
    cable: Cable
    process: "subprocess.Popen[bytes]"
    log: Path
    mend_at: float = 0.0
    is_over: bool = False

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.is_over = True
        self.cable.close()

    def dismiss(self) -> int:
        self.cable.mend()
        end = time.monotonic() + 60
        # Before it has said a word it does not listen either.
        while self.log.stat().st_size == 0 and time.monotonic() < end:
            time.sleep(0.1)
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@dataclass
class Crew:
    """Everybody who works on one repository, the database and the server of sandboxes included.

    Attributes:
        secrets: Variables all of them have besides.
    """

    folder: Path
    clone: Path
    database: Server
    secrets: dict[str, str] = field(default_factory=dict)
    hands: list[Hand] = field(default_factory=list)
    happened: "Counter[str]" = field(default_factory=Counter)

    @property
    def sandboxd(self) -> Path:
        return self.folder / "sandboxd"

    def hire(self, role: Role) -> Hand:
        """Start a daemon or a worker on a new disk."""
        home, cable = self.folder / f"{role}-{len(self.hands)}", Cable(self.database.port)
        environment = {
            **GIT_ENV,
            **self.secrets,
            "PATH": os.environ["PATH"],
            "COURIER_HOME": str(home),
            "COURIER_SANDBOXD": str(self.sandboxd),
            "COURIER_ALLOW_PLAIN": "1",
            "COURIER_DATABASE_URL": f"postgresql://courier@127.0.0.1:{cable.port}/postgres",
        }
        command = [sys.executable, "-m", "courier", role]
        told = self.folder / f"{home.name}.log"
        with told.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self.clone, env=environment, stdout=log, stderr=log
            )
        hand = Hand(role, home, cable, process, told)
        self.hands.append(hand)
        return hand

    def alive(self, role: Role) -> list[Hand]:
        return [hand for hand in self.hands if hand.role == role and hand.is_alive]

    def torment(self, dice: random.Random) -> None:
        """Let one bad thing happen, and what people would do about it."""
        happenings: dict[str, tuple[int, Callable[[random.Random], None]]] = {
            "worker killed": (8, lambda _: self._replace("worker", dice)),
            "daemon killed": (2, lambda _: self._replace("daemon", dice)),
            "sandbox server killed": (2, lambda _: self._kill_sandboxd()),
            "database killed": (2, lambda _: self._kill_database(dice)),
            "link cut": (4, self._cut),
        }
        weights = [weight for weight, _ in happenings.values()]
        (name,) = dice.choices(list(happenings), weights)
        happenings[name][1](dice)
        self.happened[name] += 1

    def tend(self) -> None:
        """Mend the cables whose time has come; start again who gave up, as systemd would."""
        for hand in list(self.hands):
            if hand.cable.is_cut and time.monotonic() >= hand.mend_at:
                hand.cable.mend()
            if not hand.is_alive and not hand.is_over:
                hand.is_over = True
                self.happened[f"{hand.role} gave up"] += 1
                self.hire(hand.role)

    def _replace(self, role: Role, dice: random.Random) -> None:
        dice.choice(self.alive(role)).kill()
        self.hire(role)

    def _kill_sandboxd(self) -> None:
        pid = launcher.status(self.sandboxd).pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def _kill_database(self, dice: random.Random) -> None:
        self.database.kill()
        time.sleep(dice.uniform(0, 2))
        self.database.start()

    def _cut(self, dice: random.Random) -> None:
        hand = dice.choice(self.alive("worker"))
        hand.cable.cut()
        hand.mend_at = time.monotonic() + dice.uniform(1, 15)


@contextmanager
def crew(folder: Path, clone: Path, database: Server) -> Iterator[Crew]:
    """Have a crew; whoever is left of it at the end is killed, sandboxes included."""
    made = Crew(folder, clone, database)
    try:
        yield made
    finally:
        for hand in made.hands:
            if hand.is_alive:
                hand.kill()
        launcher.stop(made.sandboxd, kill_sandboxes=True)


def ended(clone: Path) -> "Counter[str]":
    """Return how many runs are on record in which phase."""
    git = ["git", "-C", str(clone)]
    fetch = [*git, "fetch", "-q", "origin", "+courier/state:refs/remotes/origin/courier/state"]
    if subprocess.run(fetch, capture_output=True, check=False).returncode != 0:
        return Counter()
    tree = [*git, "ls-tree", "-r", "refs/remotes/origin/courier/state", "runs/"]
    listed = subprocess.run(tree, capture_output=True, text=True, check=True).stdout.splitlines()
    blobs = [line.split()[2] for line in listed if line.endswith("/run.json")]
    told = subprocess.run(
        [*git, "cat-file", "--batch=%(objectsize)"],
        input="\n".join(blobs).encode(),
        capture_output=True,
        check=True,
    ).stdout
    return Counter(_phases(told))


def _phases(told: bytes) -> Iterator[str]:
    while told:
        size, _, rest = told.partition(b"\n")
        yield str(json.loads(rest[: int(size)])["phase"])
        told = rest[int(size) + 1 :]
