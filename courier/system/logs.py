"""The log of a process that serves: one line an event, for people or for programs."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, TextIO

from courier.ports.whereabouts import whereabouts

Form = Literal["text", "json"]
"""How lines are written."""

LEVELS = ("debug", "info", "warning", "error")
"""What may be asked for, the least important first."""

CHATTY = ("httpx", "httpcore", "e2b", "watchfiles", "urllib3", "opentelemetry")
"""Libraries that log every request; told of only by who wants everything."""

_TONES = {"WARNING": "33", "ERROR": "31", "CRITICAL": "31"}

Redact = Callable[[str], str]


def write_logs(
    stream: TextIO, redact: Redact, *, form: Form, level: str, coloured: bool = False
) -> None:
    """Have everything that is logged in this process written to a stream from now on.

    Args:
        stream: Where to; standard error.
        redact: Takes secrets out of a text.
        form: ``text`` is a line for people, tracebacks below it; ``json`` an object on one line.
        level: The least important one of `LEVELS` that is written.
        coloured: Whether text is coloured.
    """
    lines: logging.Formatter = JsonLines(redact) if form == "json" else TextLines(redact, coloured)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(lines)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in CHATTY:
        quiet = logging.DEBUG if level == "debug" else logging.WARNING
        logging.getLogger(chatty).setLevel(max(quiet, logging.getLogger().level))


class JsonLines(logging.Formatter):
    """One JSON object a line: ``ts level logger message``, where it happened, and what was raised.

    Args:
        redact: Takes secrets out of a text.
    """

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one event, without secrets."""
        told: dict[str, str] = {
            "ts": _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **whereabouts(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["errorType"] = record.exc_info[0].__name__
            told["error"] = str(record.exc_info[1])
            told["traceback"] = self.formatException(record.exc_info)
        # Before they are quoted, where a secret looks as it does in its variable.
        return json.dumps({name: self._redact(text) for name, text in told.items()})


class TextLines(logging.Formatter):
    """One line for people: moment, level, where, message.

    Args:
        redact: Takes secrets out of a text.
        coloured: Whether levels are coloured.
    """

    def __init__(self, redact: Redact, coloured: bool) -> None:  # noqa: FBT001 - a private choice
        super().__init__()
        self._redact = redact
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one event, without secrets."""
        tone = _TONES.get(record.levelname, "") if self._coloured else ""
        level = f"{record.levelname:<7}"
        where = whereabouts()
        place = " ".join(where[name] for name in ("run", "attempt") if name in where)
        said = f"[{place}] {record.getMessage()}" if place else record.getMessage()
        if record.exc_info:
            said = f"{said}\n{self.formatException(record.exc_info)}"
        shown = f"\x1b[{tone}m{level}\x1b[0m" if tone else level
        moment = f"{_moment(record):%Y-%m-%d %H:%M:%S}Z"
        return f"{moment} {shown} {record.name}: {self._redact(said)}"


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
