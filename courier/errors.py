"""The exceptions of courier: promises broken by the world, each with what to do next.

Bad input is never an exception but a `courier.diagnostics.Diagnostic`. One boundary, in the
`cli` room, turns these into exit codes.

    CourierError
    ├── InvalidCatalog      the documents have errors
    ├── Misused             a command was asked for something it cannot do
    ├── NotAllowed          somebody asked for what only others may decide
    ├── NotFound            a named thing does not exist
    ├── StalePlan           a saved plan no longer fits the world
    ├── MissingSecret       a secret's name has no value here
    ├── Misconfigured       the machine, a remote or an account is set up wrongly; retrying is vain
    ├── Conflict            somebody else changed it first; look again
    ├── Refused             the gate refused an agent's commits
    ├── SandboxGone         the sandbox no longer exists
    └── Unavailable         a service did not answer; retrying may help
        └── RateLimited     a service asked us to wait
"""

from collections.abc import Sequence
from datetime import datetime

from courier.diagnostics import Diagnostic


class CourierError(Exception):
    """The root: a summary, a detail, and the next step for the person who reads it."""

    exit_code = 1

    def __init__(self, summary: str, *, detail: str = "", next_step: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.next_step = next_step

    def __str__(self) -> str:
        return " ".join(part for part in (self.summary, self.detail, self.next_step) if part)


class InvalidCatalog(CourierError):
    """The documents have errors; carries all of them.

    Attributes:
        elsewhere: The other repository they are in; empty for the one at hand.
    """

    elsewhere = ""

    def __init__(
        self, diagnostics: Sequence[Diagnostic], *, where: str = ".courier/", elsewhere: str = ""
    ) -> None:
        super().__init__(
            f"{len(diagnostics)} problem(s) in {elsewhere or where}",
            next_step=f"Run `courier validate`{' there' if elsewhere else ''}.",
        )
        self.diagnostics = tuple(diagnostics)
        self.elsewhere = elsewhere


class Misused(CourierError):
    """A command was asked for something it cannot do."""

    exit_code = 2


class NotAllowed(CourierError):
    """Somebody asked for what only others may decide."""


class NotFound(CourierError):
    """A named thing does not exist."""


class StalePlan(CourierError):
    """A saved plan no longer fits the world it was made for."""


class MissingSecret(CourierError):
    """A secret's name has no value in the environment of this process."""


class Misconfigured(CourierError):
    """The machine, a remote or an account is set up in a way that retrying cannot cure."""


class Conflict(CourierError):
    """Somebody else changed it first: read again, then decide again."""


class Refused(CourierError):
    """The gate refused an agent's commits; carries every reason found.

    Attributes:
        code: The first broken rule, a stable PascalCase word, e.g. ``ProtectedPath``.
        needs_approval: Whether a human may overrule it (only protected paths).
    """

    def __init__(
        self, code: str, summary: str, *, detail: str = "", needs_approval: bool = False
    ) -> None:
        super().__init__(summary, detail=detail)
        self.code = code
        self.needs_approval = needs_approval


class SandboxGone(CourierError):
    """The sandbox was killed, timed out or never existed."""


class Unavailable(CourierError):
    """A service did not answer or answered with a passing fault."""


class RateLimited(Unavailable):
    """A service asked us to wait; `retry_at` says until when, where it told us."""

    def __init__(self, summary: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(summary)
        self.retry_at = retry_at
