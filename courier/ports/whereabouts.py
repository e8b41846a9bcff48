"""Where in the work something is told from: which repository, run, step and attempt.

Whoever begins a part of the work says so once; every line of a log that is written by what it calls
carries it, in this task and in those it starts.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_WHERE: ContextVar[Mapping[str, str]] = ContextVar("whereabouts")

NAMES = ("repository", "run", "step", "attempt")
"""What is told, the widest first."""


def whereabouts() -> Mapping[str, str]:
    """Return what is known here of `NAMES`."""
    return _WHERE.get({})


def settle(**places: str) -> None:
    """Be somewhere until the end of this task."""
    _WHERE.set({**whereabouts(), **places})


@contextmanager
def located(**places: str) -> Iterator[None]:
    """Be somewhere for a while."""
    before = _WHERE.set({**whereabouts(), **places})
    try:
        yield
    finally:
        _WHERE.reset(before)
