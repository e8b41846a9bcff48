"""A command with places to fill in, such as `{model}` or `{promptFile}`; see `PLACES`.

Braces around anything else are left as they are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

PLACES: Final = (
    *("model", "effort", "session", "prompt", "promptFile"),
    *("instructionsFile", "skillsFolder", "commandsFolder"),
)
"""The names of places."""

_PLACE: Final = re.compile("{(" + "|".join(PLACES) + ")}")
_IMAGE: Final = "{image}"
"""The place of a picture: what it stands in is repeated for each."""


def names_in(argv: Sequence[str]) -> frozenset[str]:
    """Return the places a command has."""
    return frozenset(name for argument in argv for name in _PLACE.findall(argument))


def takes_images(argv: Sequence[str]) -> bool:
    """Return whether a command has a place for pictures."""
    return any(_IMAGE in argument for argument in argv)


def filled(
    argv: Sequence[str], values: Mapping[str, str | None], *, images: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the command with its places filled in.

    An argument with a place for an unknown value is left out; if it is that place alone, then
    also an option right before it, as in ``--model {model}``. An argument with a place for a
    picture is repeated for each in the same way, and left out where there is none.
    """
    found: list[str] = []
    for argument in argv:
        option = len(found) > 1 and found[-1].startswith("-")
        unknown = [name for name in _PLACE.findall(argument) if values.get(name) is None]
        if _IMAGE in argument:
            before = [found.pop()] if option and argument == _IMAGE else []
            found += _repeated(argument, before, images)
        elif not unknown:
            found.append(_PLACE.sub(lambda place: values[place[1]] or "", argument))
        elif option and _PLACE.fullmatch(argument):
            found.pop()
    return tuple(found)


def _repeated(argument: str, before: Sequence[str], images: Sequence[str]) -> Iterator[str]:
    for image in images:
        yield from before
        yield argument.replace(_IMAGE, image)
