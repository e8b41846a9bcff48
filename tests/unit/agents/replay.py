"""Recordings of real agent CLIs, and what a translator makes of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from courier.agents.claude import ClaudeDriver
from courier.agents.codex import CodexDriver
from courier.agents.opencode import OpenCodeDriver
from courier.agents.pi import PiDriver
from courier.ports.agents import AgentDriver, Translator
from courier.runs.briefs.brief import Brief
from courier.runs.transcripts.transcript import AgentEvent, Outcome
from courier.runs.usage.usage import Usage

FOLDER = Path(__file__).parent / "recordings"

DRIVERS: Mapping[str, AgentDriver] = {
    driver.name: driver for driver in (ClaudeDriver(), CodexDriver(), OpenCodeDriver(), PiDriver())
}
"""The drivers that have recordings."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What one process printed, and how it exited."""

    path: Path
    cli: str
    scenario: str
    lines: tuple[str, ...]
    exit_code: int
    stderr: str
    session: str | None
    used: Usage

    @property
    def expected(self) -> Path:
        """The file with the events and the outcome it means."""
        return self.path.with_suffix(".expected.json")

    def translator(self) -> Translator:
        """Return a fresh translator of the turn that was recorded."""
        brief = Brief(prompt="", workspace="/w", scratch="/s", session=self.session, used=self.used)
        return DRIVERS[self.cli].translator(brief)


def recordings(cli: str) -> list[Recording]:
    """Return all recordings of one CLI, by file name."""
    return [_read(path) for path in sorted(FOLDER.glob(f"{cli}-*.jsonl"))]


def recording(cli: str, scenario: str) -> Recording:
    """Return one recording."""
    return next(found for found in recordings(cli) if found.scenario == scenario)


def translate(translator: Translator, lines: Iterable[str]) -> list[AgentEvent]:
    """Return the events of all lines."""
    return [event for line in lines for event in translator.line(line)]


PRICES: Any = {"usage": {"priced_usd", "listed_usd", "unpriced"}}
"""What no driver says: courier adds it."""


def as_json(events: Iterable[AgentEvent], outcome: Outcome) -> str:
    """Return events and outcome as people review them."""
    found = {
        "events": [
            event.model_dump(mode="json", by_alias=True, exclude=PRICES) for event in events
        ],
        "outcome": outcome.model_dump(
            mode="json", by_alias=True, exclude={**PRICES, "model": True}
        ),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> Recording:
    head, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    known = json.loads(head)
    return Recording(
        path=path,
        cli=known["cli"],
        scenario=known["scenario"],
        lines=tuple(lines),
        exit_code=known["exitCode"],
        stderr=known["stderr"],
        session=known.get("session"),
        used=Usage.model_validate_json(json.dumps(known.get("used", {}))),
    )
