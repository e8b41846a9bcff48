"""The report of a bug: what a developer needs to know, without secrets."""

import platform
import traceback
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from courier import __version__
from courier.settings import state_home

if TYPE_CHECKING:
    from courier.cli.here import Here


def write_report(error: Exception, here: "Here", argv: Sequence[str]) -> str:
    """Write the report of an error nobody expected; return the line that tells of it."""
    from courier.system import EnvironmentSecrets, secret_names

    trace = "".join(traceback.format_exception(error))
    text = (
        f"courier {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"at {here.clock.now().isoformat()}\n"
        f"courier {' '.join(argv)}\n\n{trace}"
    )
    names = secret_names(here.environment)
    safe = EnvironmentSecrets(here.environment, names=names).redact(text)
    path = (
        state_home(here.environment) / "reports" / f"{sha256(safe.encode()).hexdigest()[:12]}.txt"
    )
    summary = f"This is a bug in courier: {type(error).__name__}."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(safe, errors="replace")
    except OSError:
        return f"{summary} The report could not be written to {path}:\n{safe}"
    return f"{summary} What happened is written in {path}; please send it with your report."
