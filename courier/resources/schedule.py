"""Schedules: when something happens again and again."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Spec
from courier.resources.rules import ExactlyOne, When
from courier.resources.values import WHOLE, Day, lasting, matching

Hour = Annotated[int, Field(ge=0, le=23), WHOLE]
Minute = Annotated[int, Field(ge=0, le=59), WHOLE]
DayOfMonth = Annotated[int, Field(ge=1, le=31), WHOLE]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

_FIELD = r"[0-9A-Za-z*/,#L?-]+"


class Schedule(Spec):
    """When something happens: a frequency with a time of day, or a cron expression."""

    RULES = (
        ExactlyOne(("frequency", "cron")),
        When(
            "cron",
            forbids=("hour", "minute", "weekday", "dayOfMonth"),
            because="A cron expression says hour, minute and day itself.",
        ),
        When(
            "frequency",
            values=("weekly", "biweekly"),
            requires=("weekday",),
            forbids=("dayOfMonth",),
            because="A weekly or biweekly schedule says its weekday, and no dayOfMonth.",
        ),
        When(
            "frequency",
            values=("monthly",),
            requires=("dayOfMonth",),
            forbids=("weekday",),
            because="A monthly schedule says its dayOfMonth, and no weekday.",
        ),
        When(
            "frequency",
            values=("daily", "everyOtherDay"),
            forbids=("weekday", "dayOfMonth"),
            because="A schedule by days has no weekday and no dayOfMonth.",
        ),
        When(
            "frequency",
            values=("everyOtherDay", "biweekly"),
            requires=("startDate",),
            because="A schedule that skips days or weeks says the startDate it counts from.",
        ),
    )

    frequency: Literal["daily", "everyOtherDay", "weekly", "biweekly", "monthly"] | None = None
    """How often."""
    cron: (
        Annotated[
            str,
            matching(
                rf"^{_FIELD}( {_FIELD}){{4}}$",
                expects="a cron expression of five fields, such as 0 2 * * 1-5",
            ),
        ]
        | None
    ) = None
    """A cron expression of five fields: minute, hour, day of month, month, day of week."""
    timezone: Annotated[
        str,
        matching(
            r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$",
            expects="an IANA time zone such as Europe/Berlin",
        ),
    ] = "UTC"
    """The IANA time zone the time of day is in."""
    hour: Hour | None = None
    """The hour, 0 to 23; without it, 0."""
    minute: Minute | None = None
    """The minute, 0 to 59; without it, 0."""
    weekday: Weekday | None = None
    """The day of the week."""
    day_of_month: DayOfMonth | None = None
    """The day of the month; in a shorter month, its last day."""
    start_date: Day | None = None
    """The first day it may happen; every other day and biweekly are counted from it."""
    jitter: Annotated[str, lasting("1s", "1h", example="5m")] | None = None
    """Up to how much later it starts, so that many at one time spread; each task has a share of its
    own that never changes. Without it, nothing is late."""
