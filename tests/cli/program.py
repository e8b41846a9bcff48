"""The program as a test calls it: arguments and folder in, exit code and two texts out."""

import io
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from courier.cli.app import main
from tests.contracts.scratch import GIT_ENV, git, put

_MOMENT = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")
_PROMPT = re.compile(r"[\d,]+ characters +[0-9a-f]{12}")


class Said(NamedTuple):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


def courier(*argv: str, cwd: Path, **variables: str) -> Said:
    """Run a command in this process, with a state folder beside the repository."""
    environment = {
        **GIT_ENV,
        "PATH": os.environ["PATH"],
        "HOME": str(cwd.parent / "home"),
        "COURIER_HOME": str(cwd.parent / "state"),
        **variables,
    }
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), _own_logging():
        code = main(argv, environment=environment, cwd=str(cwd))
    return Said(code, out.getvalue(), err.getvalue())


@contextmanager
def _own_logging() -> Iterator[None]:
    """Let a command set up logging as if the process were its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def repository(folder: Path, files: dict[str, str | bytes | None]) -> Path:
    """Return a new working tree with one commit of the files, on main, without an origin."""
    root = folder / "repo"
    root.mkdir(parents=True)
    git("init", "-q", "-b", "main", cwd=root)
    put(root, {"README.md": "A repository.\n", **files})
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "First", cwd=root)
    return root


def neutral(text: str, root: Path) -> str:
    """Return a text without this test's folder, moments, and sizes and digests of prompts."""
    plain = _PROMPT.sub("$PROMPT", text.replace(str(root.parent), "$FOLDER"))
    return _MOMENT.sub("$MOMENT", plain)
