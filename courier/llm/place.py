"""Where a provider is asked."""

from dataclasses import dataclass

from courier.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Place:
    """One provider as it is reached from here.

    Attributes:
        key: The value of its key.
        base_url: Its address; None for the one its library knows.
        clock: Tells when an answer came.
    """

    key: str
    base_url: str | None
    clock: Clock
