"""Carries cells of the matrix out, all in one `courier apply`, and reads what came of each."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.cli.program import courier
from tests.contracts.scratch import GIT_ENV, git, put
from tests.e2e.clis.local import TOOLS
from tests.e2e.columns import COLUMNS, cell_name, documents, script
from tests.e2e.rows import ROWS, SECRETS, Row
from tests.fakes.models import Asked, Logged, Script, ScriptedModels

AT_ONCE = 3
"""Runs in flight at a time: a little more than the processors of a small machine."""

PATIENCE = 900
"""Seconds all cells together may take."""

PROJECT = {
    "apiVersion": "courier/v1",
    "kind": "Project",
    "metadata": {"name": "matrix"},
    "spec": {
        "git": {"name": "courier", "email": "courier@example.com"},
        "instructions": "Keep changes small.",
        "concurrency": {"runs": AT_ONCE, "openPullRequests": 100},
    },
}


@dataclass(frozen=True)
class Cell:
    """What came of one run.

    Attributes:
        name: The run's name.
        row: The agent that did it.
        place: Where it was carried out.
    """

    name: str
    row: Row
    place: "Place"

    @cached_property
    def record(self) -> dict[str, Any]:
        """The committed record."""
        found: dict[str, Any] = json.loads(self.place.at_state(f"/{self.name}/run.json"))
        return found

    @cached_property
    def transcript(self) -> list[dict[str, Any]]:
        """The events on record."""
        said = courier("logs", self.name, "-o", "json", cwd=self.place.root, **self.place.variables)
        assert said.code == 0, said.err
        return [json.loads(line) for line in said.out.splitlines()]

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
        return git("show", f"courier/{self.name}:{path}", cwd=self.place.origin)

    def _is_mine(self, text: str) -> bool:
        return f"Cell {self.name}: " in text


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
        """Make the repository, with the documents on its main branch."""
        git("init", "-q", "--bare", "-b", "main", str(self.origin), cwd=self.folder)
        git("clone", "-q", str(self.origin), str(self.root), cwd=self.folder)
        git("switch", "-q", "-c", "main", cwd=self.root)
        put(self.root, {"README.md": "# Answers\n", **files})
        git("add", "-A", cwd=self.root)
        git("commit", "-q", "-m", "Ask", cwd=self.root)
        git("push", "-q", "-u", "origin", "main", cwd=self.root)

    def apply(self) -> str:
        """Carry everything out in a process of its own; return what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "courier", "apply"],
            cwd=self.root,
            env={**GIT_ENV, "LANG": "C.UTF-8", **self.variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout + done.stderr

    def at_state(self, ending: str) -> str:
        """Return the one file of the state branch whose path ends so."""
        listed = git("ls-tree", "-r", "--name-only", "courier/state", cwd=self.origin)
        (path,) = [path for path in listed.splitlines() if path.endswith(ending)]
        return git("show", f"courier/state:{path}", cwd=self.origin)


def scripts(cells: Sequence[tuple[str, str]]) -> dict[str, Script]:
    """Return the scripted models' one scenario for these cells, each a row and a column."""
    return {
        "matrix": script(
            {
                cell_name(ROWS[row], column): COLUMNS[column].script(ROWS[row])
                for row, column in cells
            }
        )
    }


def files(cells: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the documents of these cells, by path in the repository."""
    found = {"project.yaml": json.dumps(PROJECT)}
    for row, column in cells:
        found |= documents(ROWS[row], column, COLUMNS[column])
    return {f".courier/{path}": text for path, text in found.items()}
