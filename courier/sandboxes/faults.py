"""The SDK's errors as ours.

Classes are matched by name: versions of the SDK differ in which ones they have, and this module
must not pay for importing it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from traceback import walk_tb

from courier.errors import (
    CourierError,
    Misconfigured,
    NotFound,
    RateLimited,
    SandboxGone,
    Unavailable,
)
from courier.ports.sandboxes import Completed

_KEY_HELP = "Set E2B_API_KEY to a valid key, or unset it to use the embedded server."
_LONGEST_DETAIL = 500
_LONGEST_DELAY = 86_400


def retyped(error: Exception, *, now: datetime) -> CourierError | None:
    """Return the error in courier's words, or None if it is not one of the SDK's.

    Args:
        error: What a call of the SDK raised.
        now: The present moment, to turn a told delay into a moment.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if "RateLimitException" in names:
        return _limited(error, now)
    for name, make in _BY_CLASS:
        if name in names:
            return make(_text(error))
    if names & {"SandboxException", "BuildException"} or _is_link_fault(error, names):
        return _by_status(error, now)
    return None


def is_fault(error: Exception) -> bool:
    """Return whether an error is one of the SDK's, or of the link to the service."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & _CLASSES) or _is_link_fault(error, names)


def completed(error: Exception) -> Completed | None:
    """Return the command that ended, if the error is the SDK's way to tell a failing exit code."""
    if type(error).__name__ != "CommandExitException":
        return None
    code, out, err = (getattr(error, name) for name in ("exit_code", "stdout", "stderr"))
    return Completed(int(code), out or "", err or "")


def _is_link_fault(error: Exception, names: set[str]) -> bool:
    # The SDK raises bare `Exception` for a stream that ended early and an empty answer.
    return type(error) is Exception or bool(names & _LINK_FAULTS)


def _by_status(error: Exception, now: datetime) -> CourierError:
    match _status(error):
        case 400 | 403 | 413 | 422:
            return _refused(_text(error))
        case 401:
            return _bad_key(_text(error))
        case 404:
            return _not_found(_text(error))
        case 429:
            return _limited(error, now)
        case _:
            return _unreachable(_text(error))


def _limited(error: Exception, now: datetime) -> CourierError:
    return RateLimited("The sandbox service asks us to wait.", retry_at=_told(error, now))


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status
    told = re.match(r"(\d{3}): ", str(error))
    return int(told[1]) if told else _answer(error)[0]


def _told(error: Exception, now: datetime) -> datetime | None:
    delay = _answer(error)[1].get("retry-after", "")
    if not (delay.isascii() and delay.isdecimal()):
        return None
    return now + timedelta(seconds=min(int(delay), _LONGEST_DELAY))


def _answer(error: Exception) -> tuple[int | None, Mapping[str, str]]:
    # The exception carries neither, but a frame it came through still holds the HTTP answer.
    for frame, _ in walk_tb(error.__traceback__):
        for value in list(frame.f_locals.values()):
            status = getattr(value, "status_code", None)
            headers = getattr(value, "headers", None)
            if isinstance(status, int) and isinstance(headers, Mapping):
                return int(status), headers
    return None, {}


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_LONGEST_DETAIL]


def _bad_key(text: str) -> CourierError:
    return Misconfigured(
        "The sandbox service refused the API key.", detail=text, next_step=_KEY_HELP
    )


def _refused(text: str) -> CourierError:
    return Misconfigured("The sandbox service refused the request.", detail=text)


def _not_found(text: str) -> CourierError:
    return NotFound("The sandbox service does not find it.", detail=text)


def _gone(text: str) -> CourierError:
    return SandboxGone("The sandbox no longer exists.", detail=text)


def _full(text: str) -> CourierError:
    return Unavailable("The sandbox's disk is full.", detail=text)


def _unreachable(text: str) -> CourierError:
    return Unavailable("The sandbox service did not answer as it should.", detail=text)


def _timed_out(text: str) -> CourierError:
    return Unavailable("The sandbox did not answer in time.", detail=text)


_BY_CLASS: tuple[tuple[str, Callable[[str], CourierError]], ...] = (
    ("AuthenticationException", _bad_key),
    ("SandboxNotFoundException", _gone),
    ("NotFoundException", _not_found),
    ("InvalidArgumentException", _refused),
    ("TemplateException", _refused),
    ("NotEnoughSpaceException", _full),
    ("ServiceBusyException", _unreachable),
    ("TimeoutException", _timed_out),
)
_CLASSES = {"SandboxException", "BuildException", *(name for name, _ in _BY_CLASS)}
_LINK_FAULTS = {
    "HTTPError",
    "ConnectError",
    "OSError",
    "ReadError",
    "WriteError",
    "StreamError",
    "JSONDecodeError",
}
