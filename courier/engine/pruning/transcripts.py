"""Transcripts and journals of settled runs, when their time is over."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from courier.engine.pruning.leftovers import Leftover, Past
from courier.ports.state import StateBranch

FIELD = "transcripts"


class KeptTranscripts:
    """What months keep of runs on the remote."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state

    async def find(self, past: Past) -> Sequence[Leftover]:
        """Return what may go; months that are too young are not looked at."""
        least = past.keeps.least(FIELD)
        months = [one for one in await self._state.months() if _begin(one) + least <= past.now]
        return [leftover for month in months for leftover in await self._of(month, past)]

    async def remove(self, found: Sequence[Leftover], past: Past) -> None:  # noqa: ARG002 - a sweep
        """Leave those files out of their months' refs."""
        months: dict[str, list[str]] = {}
        for one in found:
            months.setdefault(one.name[:7].replace("/", "-"), []).append(one.name)
        for month, paths in sorted(months.items()):
            await self._state.drop_transcripts(month, paths)

    async def _of(self, month: str, past: Past) -> Sequence[Leftover]:
        kept = await self._state.transcripts(month)
        runs = {run for path in kept if (run := _run(path))}
        over = {run for run, one in past.settled(runs).items() if past.is_over(one, FIELD)}
        return list(_leftovers({path: kept[path] for path in kept if _run(path) in over}))


def _leftovers(paths: dict[str, int]) -> Iterator[Leftover]:
    for path, size in sorted(paths.items()):
        yield Leftover("transcript", _run(path), path, "kept long enough", size)


def _run(path: str) -> str:
    parts = path.split("/")
    return parts[3] if len(parts) == 5 else ""


def _begin(month: str) -> datetime:
    try:
        return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(year=9000, tzinfo=UTC)
