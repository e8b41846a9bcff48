"""Going on in the background, with the foreground waiting until the server is ready."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

KILLED = 75
"""The exit code of the foreground where the background ended without a word: try again."""

Ready = Callable[[str], None]


def detach(log: Path) -> Ready:
    """Fork into the background; return what to call once, with nothing or with what went wrong.

    The foreground process exits by itself then: with 0, or with 1 after printing what went wrong;
    with `KILLED` where the other one said nothing at all.
    """
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        if said != "ready":
            sys.stderr.write(f"{said or f'The server ended at once; see {log}.'}\n")
        os._exit({"ready": 0, "": KILLED}.get(said, 1))
    os.close(reading)
    os.setsid()
    os.chdir("/")
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(sink, 1)
    os.dup2(sink, 2)

    def report(problem: str) -> None:
        os.write(writing, (problem or "ready").encode())
        os.close(writing)

    return report
