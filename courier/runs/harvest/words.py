"""Agents' words made safe: what a file, a name and a line of Markdown may hold."""

import re
import unicodedata
from collections.abc import Container
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from courier.resources.values import Items
from courier.runs.texts.markdown import line

LONGEST: Final = 20_000
"""Most characters of one text."""

_LONGEST_NAME: Final = 50
_BREAKS: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SMALL: Final = frozenset(
    re.split(" ", "a an and are as at be by for from in is it not of on or that the this to with")
)
_ALIKE: Final = 0.8
"""The share of words two titles must have in common to count as one."""


def clean(text: str) -> str:
    """Return a text without control characters, marks that turn its direction, half characters."""
    plain = _BREAKS.sub("\n", text.encode(errors="replace").decode())
    kept = "".join(sign for sign in plain if sign in "\n\t" or _is_shown(sign))
    return "\n".join(line.rstrip() for line in kept.strip().split("\n"))


def one_line(text: str) -> str:
    """Return a text as one line."""
    return " ".join(clean(text).split())


def _is_shown(sign: str) -> bool:
    # Joiners are part of scripts and of pictures; other format characters only hide things.
    return (
        unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Cn", "Co") or sign in "\u200c\u200d"
    )


def _cleaned(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


def _lined(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


SaidText = Annotated[str, Field(min_length=1, max_length=LONGEST), BeforeValidator(_cleaned)]
"""Prose an agent wrote, made safe."""

SaidLine = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(_lined)]
"""A line an agent wrote, made safe."""

Remark = Annotated[str, Field(max_length=2_000), BeforeValidator(_cleaned)]
"""A short remark, which may be empty."""


def _globs(value: object) -> object:
    if not isinstance(value, list | tuple):
        return value
    told = (one_line(each).lstrip("/") if isinstance(each, str) else each for each in value)
    return tuple(each for each in told if each != "")


SaidGlobs = Annotated[
    Items[Annotated[str, Field(max_length=500)]], Field(max_length=20), BeforeValidator(_globs)
]
"""Globs an agent wrote, made such as documents may have."""


def name_from(title: str, *, taken: Container[str], otherwise: str) -> str:
    """Return a name for what has a title: lower-case letters, digits and dashes.

    Args:
        title: A line of words.
        taken: Names that are not free; a number sets it apart from them.
        otherwise: What it is called where the title has nothing that fits into names.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    stem = "-".join(words)[:_LONGEST_NAME].rstrip("-") or otherwise
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def alike(title: str, other: str) -> bool:
    """Return whether two titles say the same, or nearly."""
    ours, theirs = _words(title), _words(other)
    if not ours or not theirs:
        return title.casefold() == other.casefold()
    return len(ours & theirs) >= _ALIKE * len(ours | theirs)


def _words(title: str) -> frozenset[str]:
    found = frozenset(re.findall(r"\w+", title.casefold()))
    return found - _SMALL or found


def inline(text: str) -> str:
    """Return a text as part of one line of Markdown that shows what it says and does nothing."""
    return re.sub(r"([`*_|\\])", r"\\\1", line(text, most=2_000))
