"""What must hold of a journal and its marks after any number of kills."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from courier.engine.journal.schema import FILE_NAME
from tests.engine.journal_flows import PARTS

ENDS = {"work": "completed", "doomed": "cancelled", "parent": "completed", "child": "completed"}
STEPS = {
    "work": ["began", "first", "parts", "nap", "mail", "mail", "never", "failing", "last"],
    "doomed": ["first", "never", "tidy"],
    "parent": ["submit", "word"],
    "child": ["first", "send"],
}


Step = tuple[str, str, int, str | None, str | None]
"""Name, phase, tries, result, error."""


@dataclass(frozen=True, slots=True)
class Mark:
    kind: str
    run: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a journal and its marks say, read when nothing runs any more."""

    runs: Sequence[tuple[int, str, str, str, str | None]]
    steps: dict[str, list[Step]]
    left_over: int
    sound: str
    marks: Sequence[Mark]

    @property
    def problems(self) -> list[str]:
        """Everything that must not be."""
        return [
            *self._lost_or_stuck(),
            *self._wrong_steps(),
            *self._changed_answers(),
            *self._doubled(),
            *self._repeated_parts(),
            *([] if self.sound == "ok" else [f"The file is broken: {self.sound}"]),
            *([f"{self.left_over} signals or notices are left"] if self.left_over else []),
        ]

    def _lost_or_stuck(self) -> Iterator[str]:
        known = {run: phase for _, run, _, phase, _ in self.runs}
        for mark in self.marks:
            if mark.kind == "acknowledged" and mark.run not in known:
                yield f"{mark.run} is lost"
        for _, run, flow, phase, error in self.runs:
            never_began = flow == "doomed" and not self.steps[run]
            if phase != ENDS[flow] and not never_began:
                yield f"{run} is {phase}: {error}"

    def _wrong_steps(self) -> Iterator[str]:
        for _, run, flow, _, _ in self.runs:
            names = [name for name, *_ in self.steps[run]]
            if names != STEPS[flow] and not (flow == "doomed" and self._cut_short(run, names)):
                yield f"{run} has the steps {names}"
            for name, phase, *_ in self.steps[run]:
                if phase == "open":
                    yield f"{run} {name} is open"

    def _cut_short(self, run: str, names: list[str]) -> bool:
        """Whether the cancellation came before the run waited for it."""
        phases = [phase for _, phase, *_ in self.steps[run]]
        return not names or (phases[0] == "cancelled" and names == ["first"])

    def _changed_answers(self) -> Iterator[str]:
        seen: dict[tuple[str, str], set[str]] = defaultdict(set)
        for mark in self.marks:
            if mark.kind == "saw":
                seen[mark.run, mark.name].add(json.dumps(mark.value))
        for (run, name), values in seen.items():
            if len(values) > 1:
                yield f"{run} saw {name} as {values}"
            if name == "mail 2" and values == seen[run, "mail 1"]:
                yield f"{run} got the same letter twice"

    def _doubled(self) -> Iterator[str]:
        did: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for mark in self.marks:
            if mark.kind == "did":
                did[mark.run, mark.name].append(mark.value)
        for (run, name), tokens in did.items():
            (step,) = (step for step in self.steps[run] if step[0] == name)
            if step[1] != "cancelled" and tokens[-1] != _token(step):
                yield f"{run} {name} gave {tokens}, on record is {_token(step)}"
            if len(tokens) > step[2]:
                yield f"{run} {name} was done {len(tokens)} times in {step[2]} tries"

    def _repeated_parts(self) -> Iterator[str]:
        saved: set[tuple[str, str]] = set()
        parts: dict[str, set[str]] = defaultdict(set)
        for mark in self.marks:
            if mark.kind == "part":
                parts[mark.run].add(mark.name)
                if (mark.run, mark.name) in saved:
                    yield f"{mark.run} part {mark.name} was saved and done again"
            if mark.kind == "saved":
                saved.add((mark.run, mark.name))
        yield from (
            f"{run} has the parts {done}" for run, done in parts.items() if len(done) != PARTS
        )


def _token(step: Step) -> Any:
    *_, result, error = step
    return json.loads(error)["attributes"]["detail"] if error else json.loads(result or "null")


def marks_of(folder: Path) -> list[Mark]:
    """Return what flows left behind, in order."""
    lines = (folder / "marks.jsonl").read_text().splitlines()
    return [Mark(*json.loads(line)) for line in lines]


def read_aftermath(folder: Path) -> Aftermath:
    """Read a data folder after its last engine has gone."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        runs = connection.execute("SELECT seq, id, flow, phase, error FROM runs").fetchall()
        steps = {
            run: connection.execute(
                "SELECT name, phase, tries, result, error FROM steps"
                " WHERE run = ? ORDER BY position",
                (seq,),
            ).fetchall()
            for seq, run, *_ in runs
        }
        (left_over,) = connection.execute(
            "SELECT (SELECT count(*) FROM signals) + (SELECT count(*) FROM notices)"
        ).fetchone()
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
    return Aftermath(runs, steps, left_over, sound, marks_of(folder))
