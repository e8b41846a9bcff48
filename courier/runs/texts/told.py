"""Plain values of a committed record, read without trusting whoever wrote it."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any


def object_of(content: bytes | None) -> Mapping[str, Any] | None:
    """Return the JSON object of a file; None where there is no file, or it holds none."""
    try:
        found = json.loads(content) if content is not None else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def moment_of(value: object) -> datetime | None:
    """Return a time that is written with its zone; None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def cost_of(usage: Mapping[str, Any]) -> Decimal | None:
    """Return the US dollars of what was used, reported and priced; None where neither is known."""
    found = []
    for field in ("costUsd", "pricedUsd"):
        try:
            found += [Decimal(str(usage[field]))] if usage.get(field) is not None else []
        except InvalidOperation:
            continue
    return sum(found, Decimal(0)) if found else None
