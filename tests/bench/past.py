"""A repository with a long past: a state branch of any number of records, made in one go."""

import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from courier.runs.records.writeback import record_files
from courier.runs.run.events import RunEnded, RunEvent, RunStarted
from courier.runs.run.run import fold
from courier.runs.usage.usage import Usage
from tests.contracts.scratch import GIT_ENV
from tests.unit.runs.builders import START, attempted, completed, frozen, passed

PER_DAY = 200
_REF = "refs/heads/courier/state"
_WHO = "committer Hana <hana@example.org> 1767322800 +0000\n"
_NAME = "run-000000000"
_SYLLABLES = [a + b + c for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrst"]
_WORKFLOWS = ("fix", "docs", "tests", "upgrade")


def names(count: int) -> Iterator[str]:
    """Yield the names of the runs, the first first."""
    return (f"run-{number:09d}" for number in range(count))


def sample() -> dict[str, str]:
    """Return what one run leaves on the state branch, by its path in its folder."""
    used = completed("Done.", usage=Usage(input_tokens=1200, output_tokens=34, cost_usd=Decimal(1)))
    facts: list[RunEvent] = [
        RunStarted(at=START),
        attempted(outcome=used, commit="d" * 40),
        attempted("check", outcome=used, verdict=passed()),
        RunEnded(at=START + timedelta(minutes=4), phase="completed", reason="Completed"),
    ]
    files = record_files(frozen(run=_NAME), fold(facts))
    return {path.partition(f"{_NAME}/")[2]: content.decode() for path, content in files.items()}


def write_past(origin: Path, count: int, *, start: int = 0, words: int = 0) -> None:
    """Put the records of so many runs on the state branch of a bare repository, in one commit.

    Args:
        origin: The repository.
        count: How many runs there are then.
        start: How many there are already.
        words: How many words of its own each has, in its task and in its first answer; and then
            commits and digests of its own too. Without, all are much alike, and made sooner.
    """
    importing = subprocess.Popen(
        ["git", "fast-import", "--quiet", "--done"],
        cwd=origin,
        env=GIT_ENV,
        stdin=subprocess.PIPE,
    )
    assert importing.stdin is not None
    importing.stdin.write(f"commit {_REF}\n{_WHO}data 5\nPast\n\n".encode())
    if start:
        importing.stdin.write(f"from {_REF}^0\n".encode())
    parts = _patterns()
    for number, name in list(enumerate(names(count)))[start:]:
        own = _with_words(parts, Random(number), words) if words else parts
        importing.stdin.write(_entry(number, name, own))
    importing.stdin.write(b"done\n")
    importing.stdin.close()
    assert importing.wait() == 0


def _patterns() -> dict[str, str]:
    """Return the files with what differs between runs left open."""
    parts = sample()
    value = json.loads(parts["run.json"])
    value |= {name: f"<{name}>" for name in ("startedAt", "endedAt", "workflow", "title", "phase")}
    return {**parts, "run.json": json.dumps(value, indent=2) + "\n"}


def _with_words(parts: dict[str, str], dice: Random, words: int) -> dict[str, str]:
    """Return the files with text, commits and digests of their own."""
    told, said = (
        " ".join(f"{dice.choice(_SYLLABLES)}{dice.choice(_SYLLABLES)}" for _ in range(words))
        for _ in range(2)
    )
    record = parts["run.json"].replace("Users cannot log in.", told)
    for letter in "bcdes":
        for length in (40, 64):
            record = record.replace(
                f'"{letter * length}"', f'"{dice.randbytes(length // 2).hex()}"'
            )
    first = next(path for path in parts if path.endswith("output.md"))
    return {**parts, "run.json": record, first: said}


def _entry(number: int, name: str, parts: dict[str, str]) -> bytes:
    at = START - timedelta(days=4000) + timedelta(minutes=24 * 60 * number / PER_DAY)
    folder = f"runs/{at:%Y/%m/%d}/{name}"
    told = (
        parts["run.json"]
        .replace(_NAME, name)
        .replace("<startedAt>", at.isoformat())
        .replace("<endedAt>", (at + timedelta(minutes=4)).isoformat())
        .replace("<workflow>", _WORKFLOWS[number % len(_WORKFLOWS)])
        .replace("<title>", f"Mend part {number} of the whole")
        .replace("<phase>", "failed" if number % 10 == 3 else "completed")
    )
    files = {**parts, "run.json": told}
    return b"".join(
        f"M 100644 inline {folder}/{path}\ndata {len(content.encode())}\n{content}\n".encode()
        for path, content in files.items()
    )
