"""What a turn that broke off with an error comes to."""

from courier.errors import CourierError, SandboxGone, Unavailable
from courier.runs.transcripts.transcript import Outcome


def failure(error: CourierError) -> Outcome:
    """Return the outcome of a turn that broke off with an error."""
    gone = isinstance(error, SandboxGone)
    return Outcome(
        status="failed",
        reason="SandboxLost" if gone else type(error).__name__,
        message=str(error),
        retryable=gone or isinstance(error, Unavailable),
    )
