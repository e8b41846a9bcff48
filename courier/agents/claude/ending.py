"""How a turn of Claude Code ended: its last result, its last error, its exit code.

A result is judged by ``is_error``, never by its subtype, which says success for failures of
the provider. The model's own words are never searched for errors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from courier.runs.texts.fields import Fields, count, moment, words
from courier.runs.transcripts.processend import ProcessEnd, Program
from courier.runs.transcripts.providerfault import ProviderFault
from courier.runs.transcripts.transcript import Outcome

PROGRAM: Final = Program(
    title="Claude Code",
    name="claude",
    package="@anthropic-ai/claude-code",
    keys="ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN",
    objection="error: unknown option",
)

_BY_ERROR: Final[Mapping[str, str]] = MappingProxyType(
    {
        "billing_error": "NoCredit",
        "rate_limit": "RateLimited",
        "max_output_tokens": "TurnLimit",
        "model_not_found": "UnknownModel",
        "authentication_failed": "BadKey",
        "oauth_org_not_allowed": "BadKey",
        "account_on_hold": "BadKey",
        "verification_required": "BadKey",
        "cloud_credential_error": "BadKey",
        "overloaded": "Overloaded",
    }
)
"""What the CLI's own words for errors mean."""

_BY_STATUS: Final[Mapping[int, str]] = MappingProxyType(
    {401: "BadKey", 402: "NoCredit", 403: "BadKey", 404: "UnknownModel", 429: "RateLimited"}
)

_LIMIT_TEXT: Final = re.compile(
    r"(?:Claude(?: AI)? )?usage limit reached\|(\d{1,12})", re.IGNORECASE
)
"""Older versions end a turn with this text alone, and call it a success."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        result: Its last result line; None if it has none or went on after it.
        error: The CLI's word for the last error it reported.
        resets_at: When the limit that was hit ends.
        process: How the process ended.
    """

    result: Fields | None
    error: str
    resets_at: datetime | None
    process: ProcessEnd


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    process = ending.process
    if ending.result is None:
        return process.unstarted(PROGRAM) or process.crashed()
    if ending.result.get("is_error") is True:
        return _failed_result(ending, ending.result)
    text = words(ending.result, "result")
    limit = _LIMIT_TEXT.fullmatch(text.strip())
    if limit is not None:
        return process.faulty(ProviderFault("RateLimited", moment(int(limit[1]))), text)
    return process.completed(text)


def _failed_result(ending: Ending, result: Fields) -> Outcome:
    process, told = ending.process, _told(result)
    match result.get("subtype"):
        case "error_max_turns":
            return process.failed("TurnLimit", f"{told}.")
        case "error_max_budget_usd":
            return process.failed("BudgetExceeded", f"{told}.")
        case "error_during_execution":
            return _interrupted(process, result, told)
    if result.get("stop_reason") == "refusal":
        return process.failed("Refused", f"The provider refused the request: {told}")
    return process.faulty(_fault(ending, result), told, keys=PROGRAM.keys)


def _interrupted(process: ProcessEnd, result: Fields, told: str) -> Outcome:
    if told.startswith("No conversation found"):
        return process.failed("SessionLost", f"{told}. Start the step in a new session.")
    if words(result, "terminal_reason").startswith("aborted"):
        return process.failed("Stopped", "The agent was interrupted.")
    return process.failed("Crashed", told or "The agent stopped in the middle.", retryable=True)


def _fault(ending: Ending, result: Fields) -> ProviderFault:
    status, error = count(result, "api_error_status"), ending.error
    if words(result, "terminal_reason") == "prompt_too_long":
        return ProviderFault("PromptTooLong")
    reason = _BY_ERROR.get(error) or _BY_STATUS.get(status)
    if reason is not None:
        return ProviderFault(reason, ending.resets_at if reason == "RateLimited" else None)
    if status >= 500:
        return ProviderFault("Overloaded")
    if not status and error in ("", "unknown", "server_error"):
        return ProviderFault("Unreachable")
    return ProviderFault("Crashed")


def _told(result: Fields) -> str:
    errors = result.get("errors")
    texts = errors if isinstance(errors, list) else []
    told = [words({"text": text}, "text") for text in [result.get("result"), *texts]]
    return "; ".join(text for text in told if text).strip().rstrip(".")
