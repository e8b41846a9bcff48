"""A command with places to fill in: `{model}`, `{effort}`, `{session}`, `{prompt}`, `{promptFile}`.

Braces around anything else are left as they are.
"""

import re
from collections.abc import Mapping, Sequence

_PLACE = re.compile(r"\{(model|effort|session|prompt|promptFile)\}")


def names_in(argv: Sequence[str]) -> frozenset[str]:
    """Return the places a command has."""
    return frozenset(name for argument in argv for name in _PLACE.findall(argument))


def filled(argv: Sequence[str], values: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the command with its places filled in.

    An argument with a place for an unknown value is left out; if it is that place alone, then
    also an option right before it, as in ``--model {model}``.
    """
    found: list[str] = []
    for argument in argv:
        unknown = [name for name in _PLACE.findall(argument) if values.get(name) is None]
        if not unknown:
            found.append(_PLACE.sub(lambda place: values[place[1]] or "", argument))
        elif _PLACE.fullmatch(argument) and len(found) > 1 and found[-1].startswith("-"):
            found.pop()
    return tuple(found)
