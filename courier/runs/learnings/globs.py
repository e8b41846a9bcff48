"""Globs against each other: whether two patterns of paths can mean one file."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

_WILD: Final = re.compile(r"[*?]")
_FILE: Final = re.compile(r"[^/]\.[A-Za-z][A-Za-z0-9]{0,9}$")
_ANY: Final = "**"


@lru_cache(maxsize=4096)
def can_meet(one: str, other: str) -> bool:
    """Return whether one file can be meant by both; what names a folder means all that is in it.

    A name with an extension is taken for a file's. What cannot be told for sure is taken for a yes.

    Args:
        one: A path or glob from the repository's root: ``*`` and ``?`` within a folder, ``**``
            across.
        other: Another.
    """
    left, right = _parts(one), _parts(other)
    seen, left_over = {(0, 0)}, [(0, 0)]
    while left_over:
        at = left_over.pop()
        if at == (len(left), len(right)):
            return True
        new = {step for step in _steps(left, right, at) if step not in seen}
        seen |= new
        left_over += new
    return False


def _parts(glob: str) -> tuple[str, ...]:
    named = [part for part in glob.split("/") if part not in ("", ".")]
    below = () if _FILE.search(glob) else (_ANY,)
    return (*(_ANY if _ANY in part else part for part in named), *below)


def _steps(
    left: Sequence[str], right: Sequence[str], at: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Yield how far the two have come once they agreed on one folder more, or on none."""
    i, j = at
    one, other = left[i] if i < len(left) else None, right[j] if j < len(right) else None
    if one == _ANY or (other == _ANY and one is not None):
        yield i + 1, j
    if other == _ANY or (one == _ANY and other is not None):
        yield i, j + 1
    if one is not None and other is not None and _ANY not in (one, other) and _agree(one, other):
        yield i + 1, j + 1


def _agree(one: str, other: str) -> bool:
    """Return whether one name of a file or folder can be meant by both."""
    if not _WILD.search(one):
        return _pattern(other).fullmatch(one) is not None
    if not _WILD.search(other):
        return _pattern(one).fullmatch(other) is not None
    # What stands before the first wildcard of each, and after the last, has to agree.
    starts = [_WILD.split(each)[0] for each in (one, other)]
    ends = [_WILD.split(each)[-1][::-1] for each in (one, other)]
    return all(a.startswith(b) or b.startswith(a) for a, b in (starts, ends))


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    told = (re.escape(text) for text in _WILD.split(name))
    wild = [".*" if found == "*" else "." for found in _WILD.findall(name)]
    return re.compile("".join(a + b for a, b in zip(told, [*wild, ""], strict=True)))
