"""The machine courier runs on.

For: the real clock, the environment's secrets, and waking up when files change.
Not for: deciding anything.
"""

import asyncio
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from courier.errors import MissingSecret

SHORTEST_SECRET = 6
"""Characters below which a value is not searched for: it would occur everywhere."""

VERSION_SECONDS = 15.0
"""How long a program may take to say its version."""

SECRET_NAME = re.compile(r"(?:_|^)(?:API_?KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)")
"""What the name of a variable that holds a secret looks like."""


class SystemClock:
    """The machine's `courier.ports.clock.Clock`."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait at least that long."""
        if seconds > 0:
            await asyncio.sleep(seconds)


class EnvironmentSecrets:
    """Secrets from an environment; the names are the variables' names.

    Args:
        environment: Variable to value.
        names: The variables to redact wherever they occur, besides those ever resolved.
    """

    def __init__(self, environment: Mapping[str, str], *, names: Iterable[str] = ()) -> None:
        self._environment = environment
        self._known = {name: environment[name] for name in names if environment.get(name)}

    def resolve(self, names: Iterable[str]) -> Mapping[str, str]:
        """Return the value of each name; ``VARIABLE=NAME`` renames, ``?`` makes it optional."""
        asked = {entry.lstrip("?"): entry.startswith("?") for entry in names}
        found, missing = {}, []
        for entry, optional in asked.items():
            variable, _, secret = entry.rpartition("=")
            value = self._environment.get(secret)
            if value:
                found[variable or secret] = value
                self._known[secret] = value
            elif not optional:
                missing.append(secret)
        if missing:
            raise MissingSecret(
                "A secret has no value here.",
                detail=f"Not set in courier's environment: {', '.join(missing)}.",
                next_step="Set it where courier runs; never write its value into `.courier/`.",
            )
        return found

    def redact(self, text: str) -> str:
        """Return the text with every known secret value replaced by ``[secret NAME]``."""
        for name, value in self._known.items():
            if len(value) >= SHORTEST_SECRET:
                text = text.replace(value, f"[secret {name}]")
                text = text.replace(json.dumps(value)[1:-1], f"[secret {name}]")
        return text


async def watch(paths: Sequence[Path], stop: asyncio.Event) -> AsyncIterator[None]:
    """Yield whenever something below the paths settled after a change, until told to stop.

    What changed is not passed on: whoever is woken looks for himself. A path that does not exist
    is not watched.
    """
    present = [path for path in paths if path.exists()]
    if not present:
        await stop.wait()
        return
    # Only a daemon watches; nobody else should pay for the import.
    import watchfiles

    async for _ in watchfiles.awatch(*present, stop_event=stop, step=10, debounce=50):
        yield


def find_program(name: str, environment: Mapping[str, str]) -> Path | None:
    """Return where a program is that this environment would start, or None."""
    found = shutil.which(name, path=environment.get("PATH"))
    return None if found is None else Path(found)


async def version_of(program: Path, environment: Mapping[str, str]) -> str | None:
    """Return the first line a program prints for ``--version``, or None if it does not answer."""
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "--version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environment),
        )
        async with asyncio.timeout(VERSION_SECONDS):
            out, _ = await process.communicate()
    except OSError:
        return None
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    lines = out.decode(errors="replace").splitlines()
    return lines[0].strip() if lines and process.returncode == 0 else None


def secret_names(environment: Mapping[str, str]) -> list[str]:
    """Return the variables whose names say that they hold a secret."""
    return [name for name in environment if SECRET_NAME.search(name)]
