"""Exceptions on record: how a failure is stored and raised again by a replay."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from courier.engine.inflight import Failure, Json, StepFailed
from courier.errors import CourierError

_MOMENT = "$moment"


def known(error: BaseException) -> CourierError:
    """Return what a flow gets to see of an exception: a `CourierError`, or `StepFailed`."""
    if isinstance(error, CourierError):
        return error
    failed = StepFailed(type(error).__name__, str(error))
    failed.__cause__ = error
    return failed


def describe(error: BaseException) -> Failure:
    """Return the failure people read."""
    if isinstance(error, StepFailed):
        return Failure(error.type, error.message)
    return Failure(type(error).__name__, str(error))


def to_json(error: BaseException) -> Json:
    """Return what is stored of an exception."""
    failure = describe(error)
    stored: dict[str, Json] = {"type": failure.type, "message": failure.message}
    if isinstance(error, CourierError) and not isinstance(error, StepFailed):
        stored["attributes"] = {name: _plain(value) for name, value in vars(error).items()}
    return stored


def failure_of(stored: Json) -> Failure | None:
    """Return the failure people read, from what is stored; None for nothing stored."""
    if not isinstance(stored, Mapping):
        return None
    return Failure(str(stored["type"]), str(stored["message"]))


def from_json(stored: Json) -> CourierError:
    """Return an exception like the one that was stored.

    A class this courier no longer has comes back as `StepFailed`.
    """
    if not isinstance(stored, Mapping):
        raise TypeError(f"No failure is stored: {stored!r}")
    name, attributes = str(stored["type"]), stored.get("attributes")
    found = _classes().get(name)
    if found is None or not isinstance(attributes, Mapping):
        return StepFailed(name, str(stored["message"]))
    error = found.__new__(found, attributes.get("summary"))
    error.__dict__.update({key: _lively(value) for key, value in attributes.items()})
    return error


def _classes() -> dict[str, type[CourierError]]:
    found: dict[str, type[CourierError]] = {}
    waiting: list[type[CourierError]] = [CourierError]
    while waiting:
        one = waiting.pop()
        found[one.__name__] = one
        waiting.extend(one.__subclasses__())
    return found


def _plain(value: object) -> Json:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    return str(value)


def _lively(value: Json) -> object:
    if isinstance(value, Mapping) and _MOMENT in value:
        return datetime.fromisoformat(str(value[_MOMENT]))
    if isinstance(value, list):
        return tuple(_lively(item) for item in value)
    return value
