"""What kind of failure a model provider's error is, from its HTTP status and its own words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from courier.runs.texts.fields import moment

_STATUS: Final = re.compile(
    r"(?:^|\b(?:status|status code|http|error|code)[\s:=(]*)([45]\d\d)\b", re.IGNORECASE
)
"""An HTTP status in a sentence: at its start, or after a word that announces it."""

_RESET: Final = re.compile(r"\b(?:resets?_?at|reset)\b\D{0,12}(\d{10})\b", re.IGNORECASE)
"""A moment in seconds since 1970 at which a limit ends."""

_WORDS: Final[tuple[tuple[str, str], ...]] = (
    (
        "NoCredit",
        r"insufficient[_ ](?:quota|credits?|balance|funds)|exceeded your current quota"
        r"|credit balance|out of credits|payment required|billing",
    ),
    ("RateLimited", r"rate[_ -]?limit|too many requests|usage[_ ]limit|quota exceeded"),
    (
        "PromptTooLong",
        r"context[_ ](?:length|window)|prompt is too long|input[_ ]too[_ ](?:large|long)"
        r"|input exceeds|too many (?:input )?tokens|ran out of room",
    ),
    (
        "UnknownModel",
        r"model[_ ]?not[_ ]?found|(?:unknown|no such|invalid|unsupported) model"
        r"|model\b.{0,120}?\b(?:not found|does not exist|is not supported|is not available)",
    ),
    (
        "BadKey",
        r"api[_ -]?key|unauthorized|authenticat|permission[_ ](?:error|denied)|forbidden"
        r"|credential|environment variable",
    ),
    ("TurnLimit", r"max_output_tokens"),
    ("Refused", r"content[_ -](?:filter|policy)|refus|usage polic|safety|invalid_prompt"),
    (
        "Overloaded",
        r"overloaded|slow_down|at capacity|high demand|unavailable|internal server error"
        r"|bad gateway|server_error",
    ),
    (
        "Unreachable",
        r"connect|econn|socket|network|time(?:d )?[ -]?out|disconnected|fetch failed|\bdns\b"
        r"|error sending request|terminated|ended (?:without|before)|closed before|reset by peer",
    ),
)
"""Reason to the words that mean it; the first that fits decides."""

_PATTERNS: Final = tuple((reason, re.compile(text, re.IGNORECASE)) for reason, text in _WORDS)

_BY_STATUS: Final[Mapping[int, str]] = MappingProxyType(
    {401: "BadKey", 402: "NoCredit", 403: "BadKey", 404: "UnknownModel", 413: "PromptTooLong"}
)

_PASSING: Final = frozenset({"RateLimited", "Overloaded", "Unreachable"})


@dataclass(frozen=True, slots=True)
class ProviderFault:
    """A provider's failure, read.

    Attributes:
        reason: NoCredit, RateLimited, PromptTooLong, UnknownModel, BadKey, TurnLimit, Refused,
            Overloaded, Unreachable, or Crashed where nothing is known.
        retry_at: When a limit ends, where the words say so.
    """

    reason: str
    retry_at: datetime | None = None

    @property
    def retryable(self) -> bool:
        """Return whether it may pass by itself."""
        return self.reason in _PASSING


def read_fault(told: str, *, status: int = 0) -> ProviderFault:
    """Return what a provider's error means.

    Args:
        told: The error's text as the agent reports it, never what a model said.
        status: The HTTP status; 0 where only the text may hold it.
    """
    status = status or status_in(told)
    reset = _RESET.search(told)
    retry_at = moment(int(reset[1])) if reset else None
    return ProviderFault(_reason(told, status), retry_at)


def status_in(told: str) -> int:
    """Return the HTTP status an error's text tells; 0 if it tells none."""
    found = _STATUS.search(told)
    return int(found[1]) if found else 0


def _reason(told: str, status: int) -> str:
    said = next((reason for reason, pattern in _PATTERNS if pattern.search(told)), "")
    if status == 429:
        return "NoCredit" if said == "NoCredit" else "RateLimited"
    if status >= 500:
        return "Overloaded"
    if status in _BY_STATUS:
        return said if said in ("NoCredit", "UnknownModel", "Refused") else _BY_STATUS[status]
    return said or "Crashed"
