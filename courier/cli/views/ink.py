"""Colour, width and safety of text that goes to a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category, combining, east_asian_width

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Ink:
    """Paints text, or leaves it alone where colour is not wanted."""

    colour: bool = False

    def paint(self, text: str, *styles: str) -> str:
        """Return the text in styles of bold, dim, red, green, yellow, cyan."""
        if not self.colour or not text or not styles:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


PLAIN = Ink()
"""No colour at all."""


def safe(text: str) -> str:
    """Return the text with control and direction-changing characters made visible.

    What people or agents wrote must not be able to move the cursor or repaint the screen.
    """
    return "".join(
        letter
        if letter == " " or category(letter) not in ("Cc", "Cf", "Zl", "Zp")
        else _shown(letter)
        for letter in text
    )


def safe_lines(text: str) -> str:
    """Return the text made safe line by line; tabs become spaces."""
    return "\n".join(safe(line) for line in text.expandtabs(4).splitlines())


def width(text: str) -> int:
    """Return how many terminal columns a text without styles takes."""
    return sum(
        0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text
    )


def columns(rows: Sequence[Sequence[str]], *, gap: int = 2) -> list[str]:
    """Return one line a row, cells padded to their column's width, the last one left ragged."""
    if not rows:
        return []
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        (" " * gap)
        .join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True))
        .rstrip()
        for row in rows
    ]


def _shown(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
