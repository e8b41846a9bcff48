"""Names that others make up, few enough to count by."""

MOST = 100
"""How many different ones are told apart."""

OTHER = "other"
"""What the rest are called."""

LONGEST = 80
"""Characters of a name."""


class Bounded:
    """Lets the first names through, and calls all that come later by one."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def known(self, name: str) -> str:
        """Return the name, or `OTHER` for one that came too late."""
        short = name[:LONGEST]
        if short not in self._known and len(self._known) >= MOST:
            return OTHER
        self._known.add(short)
        return short
