"""How a turn of Claude Code ended: its last result, its last error, its exit code.

A result is judged by ``is_error``, never by its subtype, which says success for failures of
the provider. The model's own words are never searched for errors.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from courier.runs.fields import Fields, count, moment, words
from courier.runs.transcript import Outcome

_KEY_ERRORS = frozenset(
    {
        "authentication_failed",
        "oauth_org_not_allowed",
        "account_on_hold",
        "verification_required",
        "cloud_credential_error",
    }
)

_LIMIT_TEXT = re.compile(r"(?:Claude(?: AI)? )?usage limit reached\|(\d{1,12})", re.IGNORECASE)
"""Older versions end a turn with this text alone, and call it a success."""

_STDERR_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        result: Its last result line; None if it has none or went on after it.
        error: The CLI's word for the last error it reported.
        said: The last text the agent wrote.
        resets_at: When the limit that was hit ends.
        exit_code: The exit code; None if we stopped the process.
        stderr: What it wrote there.
    """

    result: Fields | None
    error: str
    said: str
    resets_at: datetime | None
    exit_code: int | None
    stderr: str


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    if ending.result is None:
        return _without_result(ending)
    if ending.result.get("is_error") is True:
        return _failed_result(ending, ending.result)
    text = words(ending.result, "result")
    limit = _LIMIT_TEXT.fullmatch(text.strip())
    if limit is not None:
        return _limited(ending, text, retry_at=moment(int(limit[1])))
    if not text.strip():
        return _failed(ending, "EmptyResult", "The agent ended without an answer.", retryable=True)
    return Outcome(status="completed", reason="Completed", text=text, exit_code=ending.exit_code)


def _failed_result(ending: Ending, result: Fields) -> Outcome:
    told = _told(result)
    match result.get("subtype"):
        case "error_max_turns":
            return _failed(ending, "TurnLimit", f"{told}.")
        case "error_max_budget_usd":
            return _failed(ending, "BudgetExceeded", f"{told}.")
        case "error_during_execution":
            return _interrupted(ending, result, told)
    if result.get("stop_reason") == "refusal":
        return _failed(ending, "Refused", f"The provider refused the request: {told}")
    return _provider_failure(ending, result, told)


def _interrupted(ending: Ending, result: Fields, told: str) -> Outcome:
    if told.startswith("No conversation found"):
        return _failed(
            ending, "SessionLost", f"{told}. Start the step in a new session.", retryable=False
        )
    if words(result, "terminal_reason").startswith("aborted"):
        return _failed(ending, "Stopped", "The agent was interrupted.")
    return _failed(ending, "Crashed", told or "The agent stopped in the middle.", retryable=True)


def _provider_failure(ending: Ending, result: Fields, told: str) -> Outcome:
    status, error = count(result, "api_error_status"), ending.error
    if error == "billing_error" or status == 402:
        return _failed(ending, "NoCredit", f"{told}. Add credit to the provider's account.")
    if error == "rate_limit" or status == 429:
        return _limited(ending, told, retry_at=ending.resets_at)
    if words(result, "terminal_reason") == "prompt_too_long":
        return _failed(ending, "PromptTooLong", told)
    if error == "model_not_found" or status == 404:
        return _failed(ending, "UnknownModel", told)
    if error in _KEY_ERRORS or status in (401, 403):
        return _failed(
            ending,
            "BadKey",
            f"{told}. Give the sandbox a valid ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN.",
        )
    return _fault(ending, status, told)


def _fault(ending: Ending, status: int, told: str) -> Outcome:
    if ending.error == "overloaded" or status >= 500:
        return _failed(ending, "Overloaded", told, retryable=True)
    if not status and ending.error in ("", "unknown", "server_error"):
        return _failed(ending, "Unreachable", told, retryable=True)
    return _failed(ending, "Crashed", told)


def _without_result(ending: Ending) -> Outcome:
    code, stderr = ending.exit_code, ending.stderr.strip()[-_STDERR_CHARACTERS:]
    if code is None:
        return _failed(ending, "Stopped", "The agent was stopped.")
    if code in (126, 127):
        return _failed(
            ending,
            "ToolMissing",
            "Claude Code is not in the sandbox (no `claude` to run). Use a template that holds "
            f"it, or install @anthropic-ai/claude-code there. {stderr}".rstrip(),
        )
    if stderr.startswith("error: unknown option"):
        return _failed(
            ending, "ToolMissing", f"Claude Code in the sandbox has another version: {stderr}"
        )
    killed = f"was killed by signal {_signal(code)}" if _signal(code) else f"exited with {code}"
    return _failed(
        ending,
        "Crashed",
        f"The agent {killed} before its turn ended. {stderr}".rstrip(),
        retryable=True,
    )


def _signal(code: int) -> int:
    return -code if code < 0 else max(0, code - 128)


def _told(result: Fields) -> str:
    errors = result.get("errors")
    texts = errors if isinstance(errors, list) else []
    told = [words({"text": text}, "text") for text in [result.get("result"), *texts]]
    return "; ".join(text for text in told if text).strip().rstrip(".")


def _limited(ending: Ending, message: str, *, retry_at: datetime | None) -> Outcome:
    return Outcome(
        status="limited",
        reason="RateLimited",
        message=message,
        text=ending.said,
        exit_code=ending.exit_code,
        retryable=True,
        retry_at=retry_at,
    )


def _failed(ending: Ending, reason: str, message: str, *, retryable: bool = False) -> Outcome:
    return Outcome(
        status="failed",
        reason=reason,
        message=message,
        text=ending.said,
        exit_code=ending.exit_code,
        retryable=retryable,
    )
