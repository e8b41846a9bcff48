"""Letters of a team: a daemon and two workers on one database, one killed while it sends."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.crew import Crew, Hand, crew
from tests.cli.place import PROJECT, Place, asked
from tests.cli.program import Said
from tests.fakes.postgres import Server
from tests.fakes.receiver import Answer, Receiver, receiving

pytestmark = pytest.mark.slow

SINK = """\
  notifications:
    - {name: board, type: webhook, secretRef: BOARD, events: [runCompleted, runFailed]}
"""


class Team:
    """A crew at a place, and the receiver they tell."""

    def __init__(self, place: Place, hands: Crew, receiver: Receiver) -> None:
        self.place, self.crew, self.receiver = place, hands, receiver

    def until(self, holds: Callable[[], object], *, within: float = 60) -> None:
        end = time.monotonic() + within
        while not holds():
            assert time.monotonic() < end, [hand.log.read_text() for hand in self.crew.hands]
            time.sleep(0.02)

    def courier(self, *argv: str) -> Said:
        said = self.place.courier(*argv, COURIER_DATABASE_URL=self.crew.database.url)
        assert said.code == 0, said.err
        return said

    def letters(self) -> list[str]:
        """Return the state of each letter."""
        found = json.loads(self.courier("notify", "list", "--all", "-o", "json").out)
        return sorted(one["state"] for one in found["letters"])

    def sender(self) -> Hand:
        """Return whose process is connected to the receiver."""
        port = int(self.receiver.address.rpartition(":")[2])
        inodes = {
            parts[9]
            for parts in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
            if parts[2].endswith(f":{port:04X}") and parts[3] == "01"
        }
        for hand in self.crew.hands:
            for link in Path(f"/proc/{hand.process.pid}/fd").glob("*"):
                if link.is_socket() and f"{link.stat().st_ino}" in inodes:
                    return hand
        raise AssertionError("Nobody is sending.")


@pytest.fixture
def team(tmp_path: Path, postgres: Server) -> Iterator[Team]:
    place = Place(tmp_path)
    place.publish({".courier/project.yaml": PROJECT + SINK})
    with receiving() as receiver, crew(tmp_path, place.root, postgres) as hands:
        hands.secrets["BOARD"] = f"{receiver.address}/board"
        for role in ("daemon", "worker", "worker"):
            hands.hire(role)
        yield Team(place, hands, receiver)


def test_letters_outlive_whoever_sends_them_and_come_once(team: Team) -> None:
    team.receiver.answer(Answer(hangs=True))
    team.place.publish({".courier/runs/one.yaml": asked("one")})
    team.until(lambda: team.receiver.requests)
    sender = team.sender()
    sender.kill()
    team.crew.hire(sender.role)
    team.receiver.let_go()
    team.until(lambda: team.letters() == ["sent"])
    team.receiver.answer(Answer(404, body=b"no such board"))
    team.place.publish({".courier/runs/two.yaml": asked("two")})
    team.until(lambda: team.letters() == ["dead", "sent"])
    assert "no such board" in team.courier("notify", "list").out
    assert team.courier("notify", "retry", "--all").out.endswith(".board.1 is queued.\n")
    team.until(lambda: team.letters() == ["sent"] * 2)
    assert team.courier("notify", "retry", "--all").err == "No letter was given up.\n"
    # What was cut off and what was refused came again with the same id: a receiver passes it over.
    assert len({one.headers["Courier-Delivery"] for one in team.receiver.requests}) == 2
    told = Counter(json.loads(one.body)["run"]["name"] for one in team.receiver.requests)
    assert told == {"one": 2, "two": 2}
