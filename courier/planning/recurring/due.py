"""Which occurrences are due, which of those were missed, and which of these are made up for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from courier.planning.schedules.schedule import Timetable

GRACE: Final = timedelta(minutes=5)
"""An occurrence that is later than this was missed; until then it is on time."""

MOST_MADE_UP: Final = 100
"""So many missed occurrences are made up for at most, and so many wait at most."""

_MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Due:
    """The occurrences between two moments; each list has the first first.

    Attributes:
        on_time: Those that came a moment ago.
        made_up: Missed ones that are made up for.
        dropped: Missed ones that are not, the newest of them where they are very many.
    """

    on_time: tuple[datetime, ...] = ()
    made_up: tuple[datetime, ...] = ()
    dropped: tuple[datetime, ...] = ()


def due(table: Timetable, catch_up: str, *, after: datetime, until: datetime) -> Due:
    """Return what is due later than ``after`` and not later than ``until``.

    Args:
        table: The schedule.
        catch_up: none, latest or all; the latest is none of those missed if one is on time.
        after: Everything up to here is decided.
        until: Now, jitter taken off.
    """
    upcoming = table.next(after)
    if upcoming is None or upcoming > until:
        return Due()
    missed_until = max(after, until - GRACE)
    on_time = tuple(table.occurrences(after=missed_until, until=until))
    latest_wanted = 0 if on_time else 1
    wanted = {"none": 0, "latest": latest_wanted, "all": MOST_MADE_UP}[catch_up]
    missed = tuple(islice(table.latest(after=after, until=missed_until), _MOST_COUNTED))
    return Due(on_time, missed[:wanted][::-1], missed[wanted:][::-1])
