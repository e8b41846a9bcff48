"""Carries cells of the matrix out together, and reads what came of each.

All runs are done by one `courier apply`; beside it somebody sits down with one live sandbox after
the other.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import zstandard

from tests.contracts.scratch import GIT_ENV, git, put
from tests.e2e.clis.local import TOOLS
from tests.e2e.columns import COLUMNS, cell_name, documents, opening, script
from tests.e2e.follow_up import follow_up
from tests.e2e.follow_up import script as answers
from tests.e2e.rows import ROWS, SECRETS, Row
from tests.fakes.models import Asked, Logged, Script, ScriptedModels

AT_ONCE = 3
"""Runs in flight at a time: a little more than the processors of a small machine."""

PATIENCE = 900
"""Seconds all cells together may take."""

FOLLOW_UP = "follow_up"
"""The one column that is no form of a workflow."""

PROJECT = {
    "apiVersion": "courier/v1",
    "kind": "Project",
    "metadata": {"name": "matrix"},
    "spec": {
        "git": {"name": "courier", "email": "courier@example.com"},
        "instructions": "Keep changes small.",
        "concurrency": {"runs": AT_ONCE, "openPullRequests": 100},
        "quality": {"score": "evaluator", "threshold": 60},
    },
}


@dataclass(frozen=True)
class Cell:
    """What came of one run, or of one live sandbox.

    Attributes:
        name: The run's name, or the sandbox's.
        row: The agent that did it.
        place: Where it was carried out.
    """

    name: str
    row: Row
    place: "Place"

    @cached_property
    def record(self) -> dict[str, Any]:
        """The committed record."""
        endings = (f"/{self.name}/run.json", f"sandboxes/{self.name}.json")
        (found,) = self.place.at_state(*endings)
        return found

    @cached_property
    def proposal(self) -> dict[str, Any]:
        """Its pull request, as the local forge keeps it."""
        number = self.record["pullRequest"]["number"]
        (found,) = self.place.at_state(f"proposals/{number}.json")
        return found

    @cached_property
    def transcript(self) -> list[dict[str, Any]]:
        """The events that are kept on the remote."""
        shown = subprocess.run(
            ["git", "cat-file", "blob", self.record["transcript"]],
            cwd=self.place.origin,
            env=GIT_ENV,
            capture_output=True,
            check=True,
        )
        whole = zstandard.ZstdDecompressor().decompress(shown.stdout, max_output_size=1 << 24)
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def asked(self) -> list[Asked]:
        """What its agents asked the model."""
        return [one for one in self.place.models.asked("matrix") if self._is_mine(str(one.prompts))]

    @property
    def logged(self) -> list[Logged]:
        """The model requests of its agents, as they were sent."""
        return [
            one for one in self.place.models.logged("matrix") if self._is_mine(json.dumps(one.body))
        ]

    def file(self, path: str) -> str:
        """Return a file of the branch it delivered."""
        return git("show", f"{self.record['work']['branch']}:{path}", cwd=self.place.origin)

    def _is_mine(self, text: str) -> bool:
        return opening(self.name) in text


@dataclass(frozen=True)
class Place:
    """A repository with the cells' documents, and courier's own folder beside it."""

    folder: Path
    models: ScriptedModels

    @property
    def root(self) -> Path:
        return self.folder / "clone"

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def variables(self) -> dict[str, str]:
        base = self.models.base_url("matrix", "matrix")
        return {
            "PATH": f"{TOOLS}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "COURIER_HOME": str(self.folder / "state"),
            "ANTHROPIC_BASE_URL": base,
            "OPENAI_BASE_URL": f"{base}/v1",
            "OPENROUTER_BASE_URL": f"{base}/v1",
            **SECRETS,
        }

    def furnish(self, files: Mapping[str, str]) -> None:
        """Make the repository, with the documents on its main branch, and a branch for each Run."""
        git("init", "-q", "--bare", "-b", "main", str(self.origin), cwd=self.folder)
        git("clone", "-q", str(self.origin), str(self.root), cwd=self.folder)
        git("switch", "-q", "-c", "main", cwd=self.root)
        put(self.root, {"README.md": "# Answers\n", **files})
        git("add", "-A", cwd=self.root)
        git("commit", "-q", "-m", "Ask", cwd=self.root)
        runs = [Path(path).stem for path in files if path.startswith(".courier/runs/")]
        bases = [f"main:for-{run}" for run in runs]
        git("push", "-q", "-u", "origin", "main", *bases, cwd=self.root)

    def courier(self, *argv: str) -> str:
        """Run a command in a process of its own; return what it said.

        Raises:
            AssertionError: If it failed.
        """
        done = subprocess.run(
            [sys.executable, "-m", "courier", *argv],
            cwd=self.root,
            env={**GIT_ENV, "LANG": "C.UTF-8", **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def apply(self) -> str:
        """Carry all runs out; return what was said."""
        return self.courier("apply")

    def at_state(self, *endings: str) -> list[dict[str, Any]]:
        """Return the files of the state branch whose paths end so."""
        listed = git("ls-tree", "-r", "--name-only", "courier/state", cwd=self.origin)
        paths = [path for path in listed.splitlines() if path.endswith(endings)]
        shown = (git("show", f"courier/state:{path}", cwd=self.origin) for path in paths)
        return [json.loads(text) for text in shown]


def carry_out(place: Place, cells: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Carry all cells out, each a row and a column; yield what courier said."""
    guests = [row for row, column in cells if column == FOLLOW_UP]
    with ThreadPoolExecutor(1) as person:
        talks = [
            person.submit(follow_up, place.courier, ROWS[row], cell_name(ROWS[row], FOLLOW_UP))
            for row in guests
        ]
        if len(guests) < len(cells):
            yield place.apply()
    yield from (str(fault) for talk in talks if (fault := talk.exception()))


def scripts(cells: Sequence[tuple[str, str]]) -> dict[str, Script]:
    """Return the scripted models' one scenario for these cells, each a row and a column."""
    return {"matrix": script({_named(*cell): _answered(*cell) for cell in cells})}


def files(cells: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the documents of these cells, by path in the repository."""
    found = {"project.yaml": json.dumps(PROJECT)}
    for row, column in cells:
        found |= (
            dict(ROWS[row].documents)
            if column == FOLLOW_UP
            else documents(ROWS[row], column, COLUMNS[column])
        )
    return {f".courier/{path}": text for path, text in found.items()}


def _named(row: str, column: str) -> str:
    return cell_name(ROWS[row], column)


def _answered(row: str, column: str) -> Script:
    if column == FOLLOW_UP:
        return answers(ROWS[row], _named(row, column))
    return COLUMNS[column].script(ROWS[row])
