"""Other people's words inside ours: cut to a length, and marked as no instruction."""

import re
from typing import Final

_TERMINAL: Final = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

LONGEST_PIECE: Final = 12_000
"""Most characters of a piece, where its reader sets no other limit."""


def bounded(text: str, limit: int = LONGEST_PIECE, *, whole: str = "on record") -> str:
    """Return the text, or its beginning and end with a note of what is missing between them.

    Args:
        text: The text.
        limit: Most characters of it.
        whole: Where the whole of it is, for the reader.
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    missing = len(text) - 2 * half
    note = f"[… {missing} characters left out; the whole text is {whole} …]"
    return f"{text[:half]}\n{note}\n{text[len(text) - half :]}"


def plain(text: str) -> str:
    """Return what a program wrote without colours and other words to a terminal."""
    return _CONTROL.sub("", _TERMINAL.sub("", text))


def as_data(text: str, *, source: str, iteration: int | None = None) -> str:
    """Return a text as material in a prompt, between marks that it cannot end by itself.

    Args:
        text: The text, already bounded.
        source: Where it comes from.
        iteration: Which time its step was done; None where that says nothing.
    """
    time = "" if iteration is None else f' iteration="{iteration}"'
    safe = text.strip().replace("</data", "<\\/data")
    return f'<data from="{source}"{time}>\n{safe}\n</data>'
