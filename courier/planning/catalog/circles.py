"""Chains of names that lead back to where they began."""

from collections.abc import Mapping, Sequence


def circles(needs: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Return the chains of names that lead back to their beginning, each once.

    Of chains that share all but their way through, those that are met first are told.

    Args:
        needs: Name to the names it needs.
    """
    found: list[tuple[str, ...]] = []
    settled: set[str] = set()
    for start in sorted(needs):
        if start not in settled:
            found += _circles_from(start, needs, settled)
    return found


def _circles_from(
    start: str, needs: Mapping[str, Sequence[str]], settled: set[str]
) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    path: dict[str, None] = {}
    left: list[tuple[str, bool]] = [(start, True)]
    while left:
        name, enters = left.pop()
        if not enters:
            path.pop(name)
            settled.add(name)
        elif name in path:
            chain = list(path)
            found.append(tuple(chain[chain.index(name) :]))
        elif name not in settled:
            path[name] = None
            left.append((name, False))
            left += [(each, True) for each in reversed(needs.get(name, ()))]
    return found
