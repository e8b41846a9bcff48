"""What earlier runs of a workflow took: its newest samples, kept while records are folded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

SAMPLES: Final = 20
"""Most samples kept for one workflow; older ones say little about today's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one completed run took.

    Attributes:
        run: The run's name.
        ended_at: When it ended; newer samples replace older ones.
        seconds: Wall-clock seconds from its start to its end.
        tokens: All tokens sent, received and cached.
        cost_usd: US dollars as agents reported them; None where none did, which is not zero.
    """

    run: str
    ended_at: datetime
    seconds: float
    tokens: int
    cost_usd: Decimal | None = None


History = Mapping[str, tuple[Sample, ...]]
"""Workflow name to its newest samples, newest first."""


def remember(kept: tuple[Sample, ...], sample: Sample) -> tuple[Sample, ...]:
    """Return a workflow's samples with one more; a run's later sample replaces its earlier."""
    others = [earlier for earlier in kept if earlier.run != sample.run]
    if not others or _age(others[0]) < _age(sample):
        return (sample, *others)[:SAMPLES]
    return tuple(sorted((*others, sample), key=_age, reverse=True)[:SAMPLES])


def _age(sample: Sample) -> tuple[datetime, str]:
    return sample.ended_at, sample.run
