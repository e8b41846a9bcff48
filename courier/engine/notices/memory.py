"""Up to where the state branch was read, in a file."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from courier.resources.model import Model


class Heard(Model):
    """Up to where was read."""

    format_version: Literal[1] = 1
    tip: str
    """The commit; empty where there was no branch."""
    at: datetime


def remember(path: Path, heard: Heard) -> None:
    """Write it down, at no moment half of it."""
    fresh = path.with_suffix(".new")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_text(heard.model_dump_json(by_alias=True) + "\n")
    fresh.replace(path)


def remembered(path: Path) -> Heard | None:
    """Return what was written down; None where nothing was, or nothing that can be read."""
    try:
        return Heard.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
