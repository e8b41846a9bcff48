"""What a provider's refusal means, whichever library tells it."""

from datetime import datetime, timedelta

from courier.errors import CourierError, Misconfigured, RateLimited, Unavailable

_KEY, _REQUEST, _LIMIT = (401, 403), (400, 404, 422), 429
_LONGEST = 500


def fault(told: str, *, status: int | None, retry_after: str | None, now: datetime) -> CourierError:
    """Return the error a failed request means.

    Args:
        told: What the library says.
        status: The HTTP status; None if there was no answer.
        retry_after: The header of that name.
        now: The moment the answer came.
    """
    detail = told[:_LONGEST]
    if status == _LIMIT:
        summary = f"The provider asks to wait: {detail}"
        return RateLimited(summary, retry_at=_moment(retry_after, now))
    if status in _KEY:
        return Misconfigured("The provider does not accept the key.", detail=detail)
    if status in _REQUEST:
        return Misconfigured("The provider does not do what was asked.", detail=detail)
    return Unavailable("The provider does not answer.", detail=detail)


def _moment(header: str | None, now: datetime) -> datetime | None:
    try:
        return now + timedelta(seconds=float(header or ""))
    except (ValueError, OverflowError):
        return None
