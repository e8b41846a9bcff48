"""The index as mappings that hold nothing: what planning looks up is read when it is asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from courier.planning.observed.history import Sample
from courier.planning.observed.observed import ObservedRun


class Asked(Protocol):
    """What an index is asked."""

    def one(self, run: str) -> ObservedRun | None:
        """Return one run for planning."""
        ...

    def names(self) -> Sequence[str]:
        """Return every run's name."""
        ...

    def samples(self, workflow: str) -> tuple[Sample, ...]:
        """Return the newest samples of a workflow."""
        ...

    def workflows(self) -> Sequence[str]:
        """Return every workflow that has any."""
        ...


class RunsByName(Mapping[str, ObservedRun]):
    """Every record by name, none of them held."""

    def __init__(self, index: Asked) -> None:
        self._index = index

    def get(self, run: str, default: Any = None) -> Any:
        """Return a record by name; asked for thousands in a pass."""
        found = self._index.one(run)
        return default if found is None else found

    def __getitem__(self, run: str) -> ObservedRun:
        found = self._index.one(run)
        if found is None:
            raise KeyError(run)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._index.names())

    def __len__(self) -> int:
        return len(self._index.names())


class Histories(Mapping[str, tuple[Sample, ...]]):
    """The newest samples of every workflow, none of them held."""

    def __init__(self, index: Asked) -> None:
        self._index = index

    def __getitem__(self, workflow: str) -> tuple[Sample, ...]:
        found = self._index.samples(workflow)
        if not found:
            raise KeyError(workflow)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._index.workflows())

    def __len__(self) -> int:
        return len(self._index.workflows())
