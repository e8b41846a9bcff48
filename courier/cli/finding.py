"""One thing that `courier doctor` looked at."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "missing"]
"""ok: as it should be; note: works, but look; missing: courier cannot do its work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what it is like, and how to get better."""

    name: str
    level: Level
    detail: str
    advice: str = ""
