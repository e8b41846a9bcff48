"""One learning as runs are told it, whichever document or answer it comes from."""

import json
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Final, Literal

from courier.resources.model import Model
from courier.resources.values import StepType

Severity = Literal["critical", "important", "minor"]
Category = Literal["preference", "pattern", "gotcha", "tool", "architecture"]

SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "important", "minor")
"""Every severity, the gravest first."""

_UNTOLD: Final = {"evidence", "path"}


class Evidence(Model):
    """Where a learning comes from."""

    run: str
    commit: str | None = None
    """The work of that run; null where it left none."""


class Lesson(Model):
    """One learning."""

    name: str
    description: str
    trigger: str
    correct_behavior: str
    severity: Severity
    category: Category
    roles: tuple[StepType, ...] = ()
    """The step types that are told; empty for all."""
    scope: tuple[str, ...] = ()
    """Globs of the paths it is about; empty for all."""
    expires: date | None = None
    """The last day it holds, in UTC."""
    project: str | None = None
    """The Project it belongs to; null for all of them."""
    evidence: tuple[Evidence, ...] = ()
    path: str = ""
    """The file of its document; empty where it has none yet."""

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256, in hex, of what it tells; evidence and place have no part in it."""
        told = self.model_dump(mode="json", by_alias=True, exclude=_UNTOLD)
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def rank(self) -> tuple[int, str]:
        """Return what it is sorted by: the gravest first, then by name."""
        return SEVERITIES.index(self.severity), self.name

    def holds(self, today: date) -> bool:
        """Return whether it has not expired."""
        return self.expires is None or today <= self.expires
