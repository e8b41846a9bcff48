"""What is wrong or odd about a schedule, said where it is written."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from courier.diagnostics import Diagnostic
from courier.planning.documents.references import Pointer
from courier.planning.documents.unused import Locate
from courier.planning.problems import quoted, suggestion, warning
from courier.planning.schedules.cron import BadCron, parse_cron
from courier.planning.schedules.zones import UnknownZone, zone_named, zone_names

SCHEDULED: Final = frozenset({"RecurringTask", "IssueScan"})
"""The kinds that have a schedule."""

_AT: Final = ("spec", "schedule")
_SOONEST: Final = 5

Problem = tuple[Pointer, str, str, str]
"""Where, code, summary, detail."""


def problems_of_schedule(spec: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what keeps a schedule that fits its schema from meaning anything."""
    schedule = spec.get("schedule")
    if not isinstance(schedule, Mapping):
        return
    name = schedule.get("timezone", "UTC")
    try:
        zone_named(name)
    except UnknownZone:
        hint = suggestion(name, zone_names()) or " Write one such as Europe/Berlin, or UTC."
        detail = f"There is no time zone {quoted(name)} in the IANA database.{hint}"
        yield (*_AT, "timezone"), "UnknownTimeZone", "Unknown time zone", detail
    if "cron" not in schedule:
        return
    try:
        cron = parse_cron(schedule["cron"])
    except BadCron as bad:
        yield (*_AT, "cron"), "BadCron", "Cron expression not understood", str(bad)
        return
    if not cron.ever_fits():
        detail = (
            f"No day is ever like {quoted(schedule['cron'])}: look at its day of month, month and "
            "day of week, the last three fields."
        )
        yield (*_AT, "cron"), "NeverHappens", "Schedule that never happens", detail


def closest(value: Mapping[str, Any]) -> int | None:
    """Return the minutes between two times of a valid document's schedule, if they are too few."""
    schedule = value["spec"].get("schedule") if value["kind"] in SCHEDULED else None
    if schedule is None or "cron" not in schedule:
        return None
    cron = parse_cron(schedule["cron"])
    times = [hour * 60 + minute for hour in cron.hours for minute in cron.minutes]
    around = [*times, times[0] + 24 * 60]
    shortest = min(later - earlier for earlier, later in pairwise(around))
    return shortest if shortest < _SOONEST else None


def warnings_of_schedule(value: Mapping[str, Any], locate: Locate) -> Iterator[Diagnostic]:
    """Yield a warning where the schedule of a valid document is likely a slip."""
    minutes = closest(value)
    if minutes is not None:
        detail = (
            f"It happens every {'minute' if minutes == 1 else f'{minutes} minutes'} at its "
            "closest; a run hardly takes less than five. Is that meant?"
        )
        yield warning("VeryOften", "Happens very often", detail, locate((*_AT, "cron")))
