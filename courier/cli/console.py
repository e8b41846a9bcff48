"""Where a command speaks: data on stdout, everything else on stderr, coloured where wanted."""

import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from courier.cli.views.ink import Ink


class Console:
    """The two streams of one command.

    Args:
        environment: Says whether colour is wanted (`NO_COLOR`, `TERM`).

    Attributes:
        voice: What is told messages in place of stderr, where that is for programs.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.choice = "auto"
        self._passing = ""
        self.voice: Callable[[str], None] | None = None
        self.out: TextIO = sys.stdout
        self.err: TextIO = sys.stderr

    def choose(self, colour: str) -> None:
        """Colour always, never, or auto: as the terminal and the environment say."""
        self.choice = colour

    @property
    def ink(self) -> Ink:
        """Return the ink for stdout."""
        return Ink(self._coloured(self.out))

    @property
    def err_ink(self) -> Ink:
        """Return the ink for stderr."""
        return Ink(self._coloured(self.err))

    @property
    def is_terminal(self) -> bool:
        """Return whether stdout is a terminal."""
        return _is_terminal(self.out)

    def passing(self, text: str) -> None:
        """Show a last line that the next one takes the place of; only a terminal gets any."""
        if self.is_terminal and self._environment.get("TERM") != "dumb" and text != self._passing:
            self.out.write(f"\r\x1b[2K{text}")
            self.out.flush()
            self._passing = text

    def show(self, text: str) -> None:
        """Write data to stdout, with one newline at its end."""
        self.passing("")
        _write(self.out, text)

    def tell(self, text: str) -> None:
        """Write a message for the person to stderr, with one newline at its end."""
        self.passing("")
        if self.voice is not None:
            self.voice(text)
        else:
            _write(self.err, text)

    def note(self, text: str) -> None:
        """Tell something that matters and is no error."""
        self.tell(f"{self.err_ink.paint('Note:', 'yellow', 'bold')} {text}")

    def _coloured(self, stream: TextIO) -> bool:
        if self.choice != "auto":
            return self.choice == "always"
        plain = self._environment.get("NO_COLOR") or self._environment.get("TERM") == "dumb"
        return not plain and _is_terminal(stream)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _write(stream: TextIO, text: str) -> None:
    if text:
        stream.write(text if text.endswith("\n") else f"{text}\n")
        stream.flush()
