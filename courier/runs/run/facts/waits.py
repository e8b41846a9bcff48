"""Facts of waiting: for a provider, for money, for a secret."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from courier.resources.model import Model
from courier.runs.usage.budget import Caps


class RunParked(Model):
    """The run waits for something that is nobody's failure."""

    kind: Literal["runParked"] = "runParked"
    at: datetime
    reason: str
    message: str
    until: datetime | None
    """When it goes on by itself; null for when somebody lets it."""


class BudgetShort(Model):
    """Before an attempt began, the project had nothing left to spend."""

    kind: Literal["budgetShort"] = "budgetShort"
    at: datetime
    reason: str
    message: str
    until: datetime | None = None


class BudgetFreed(Model):
    """A run that waited for a budget goes on: time has passed, or somebody raised it."""

    kind: Literal["budgetFreed"] = "budgetFreed"
    at: datetime
    per_run: Decimal | None = None
    """What the run may cost from now on; null where that did not change."""
    caps: Caps | None = None
    """What its project may spend from now on; null where that is not known."""


class SecretFound(Model):
    """A run that waited for a secret goes on: there is a value now."""

    kind: Literal["secretFound"] = "secretFound"
    at: datetime
