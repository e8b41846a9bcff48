"""Recordings of real agent CLIs, and what a translator makes of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from courier.ports.agents import Translator
from courier.runs.transcript import AgentEvent, Outcome

FOLDER = Path(__file__).parent / "recordings"


@dataclass(frozen=True, slots=True)
class Recording:
    """What one process printed, and how it exited."""

    path: Path
    scenario: str
    lines: tuple[str, ...]
    exit_code: int
    stderr: str

    @property
    def expected(self) -> Path:
        """The file with the events and the outcome it means."""
        return self.path.with_suffix(".expected.json")

    @property
    def resumed(self) -> bool:
        """Whether it continued a session."""
        return self.scenario in ("resume", "unknown-session")


def recordings(cli: str) -> list[Recording]:
    """Return all recordings of one CLI, by file name."""
    return [_read(path) for path in sorted(FOLDER.glob(f"{cli}-*.jsonl"))]


def recording(cli: str, scenario: str) -> Recording:
    """Return one recording."""
    return next(found for found in recordings(cli) if found.scenario == scenario)


def translate(translator: Translator, lines: Iterable[str]) -> list[AgentEvent]:
    """Return the events of all lines."""
    return [event for line in lines for event in translator.line(line)]


def as_json(events: Iterable[AgentEvent], outcome: Outcome) -> str:
    """Return events and outcome as people review them."""
    found = {
        "events": [event.model_dump(mode="json", by_alias=True) for event in events],
        "outcome": outcome.model_dump(mode="json", by_alias=True),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> Recording:
    head, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    known = json.loads(head)
    return Recording(
        path=path,
        scenario=known["scenario"],
        lines=tuple(lines),
        exit_code=known["exitCode"],
        stderr=known["stderr"],
    )
