"""Time zones by their names in the IANA database."""

from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_MACHINES_OWN: Final = ("localtime", "posixrules", "Factory")


class UnknownZone(ValueError):
    """A time zone that is not in the database."""


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone of the IANA database.

    Raises:
        UnknownZone: If there is none of that name.
    """
    if name in _MACHINES_OWN or name.startswith(("posix/", "right/")):
        raise UnknownZone(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as unknown:
        raise UnknownZone(name) from unknown


def zone_names() -> frozenset[str]:
    """Return every zone there is, for advice."""
    return frozenset(available_timezones())
