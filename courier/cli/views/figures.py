"""Durations, ages, tokens and money as people read them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any


def took(seconds: float) -> str:
    """Return a duration: ``4.2s``, ``3m10s``, ``2h05m``, ``4d``."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d"


def age(at: datetime, now: datetime) -> str:
    """Return how long ago a moment was, in one unit: ``12s``, ``5m``, ``3h``, ``9d``."""
    seconds = max(0, int((now - at).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def moment(text: object) -> datetime | None:
    """Return the moment an ISO text tells, or None."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def clock(at: datetime) -> str:
    """Return a moment to the second, in UTC: ``2026-11-21 14:03:05``."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def tokens(usage: Mapping[str, Any]) -> str:
    """Return the tokens of a usage as JSON gives it: ``12,300 in, 450 out``, or ``none``."""
    fresh, out = int(usage.get("inputTokens", 0)), int(usage.get("outputTokens", 0))
    cached = int(usage.get("cacheReadTokens", 0)) + int(usage.get("cacheWriteTokens", 0))
    if not fresh and not out and not cached:
        return "none"
    return f"{fresh + cached:,} in ({cached:,} cached), {out:,} out"


def cost(usage: Mapping[str, Any]) -> str:
    """Return what a usage as JSON gives it costs: ``$0.1234``; ``≥ $0.1234`` if part is unpriced.

    A dash where nothing is known and nothing is missing, ``unknown`` where nothing has a price.
    """
    known = [Decimal(str(usage[each])) for each in ("costUsd", "pricedUsd") if usage.get(each)]
    if not usage.get("unpriced"):
        return money(sum(known) if known else None)
    return f"≥ {money(sum(known))}" if known else "unknown"


def money(usd: object) -> str:
    """Return US dollars: ``$0.1234``; a dash where nobody reported a cost, which is not zero."""
    try:
        return "-" if usd is None else f"${Decimal(str(usd)):.4f}"
    except InvalidOperation:
        return "-"
