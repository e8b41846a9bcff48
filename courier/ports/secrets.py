"""Secrets: names until a process starts."""

from collections.abc import Iterable, Mapping
from typing import Protocol


class Secrets(Protocol):
    """Resolves secret names to values and keeps the values out of everything stored."""

    def resolve(self, names: Iterable[str]) -> Mapping[str, str]:
        """Return the value of each name.

        ``VARIABLE=NAME`` gives the value of NAME under the name VARIABLE. What starts with ``?``
        may be without a value and is then left out.

        Raises:
            MissingSecret: If any name has no value here; names all of them.
        """
        ...

    def conceal(self, name: str, value: str) -> None:
        """Redact a value from now on that was not here at the start, such as a token fetched later.

        Args:
            name: What it is called where it stood. Of the same name the newest few are known.
            value: What nobody may read.
        """
        ...

    def redact(self, text: str) -> str:
        """Return the text with every known secret value replaced by ``[secret NAME]``."""
        ...
