"""How much of the work one process takes, where others take the rest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """What one process takes.

    Attributes:
        concurrency: How many runs it runs at once; None for any number.
        queues: The projects it serves; None for all.
    """

    concurrency: int | None = None
    queues: tuple[str, ...] | None = None


EVERYTHING = Share(concurrency=10)
"""What a process takes that was not told otherwise: as much as a worker does."""
