"""The machine courier runs on.

For: the real clock, the environment's secrets, and waking up when files change.
Not for: deciding anything.
"""

import asyncio
import json
import re
import shutil
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from pathlib import Path

from courier.errors import MissingSecret

SHORTEST_SECRET = 6
"""Characters below which a value is not searched for: it would occur everywhere."""

GLANCE_SECONDS = 5.0
"""How often whoever watches is woken although nothing was seen to change."""

VERSION_SECONDS = 15.0
"""How long a program may take to say its version."""

MOST_FETCHED = 256
"""How many values that came later are redacted; what is fetched holds for an hour."""

SHORTEST_LINE = 12
"""Characters from which a line of a value of many lines counts as secret by itself."""

SECRET_TOO = frozenset({"COURIER_DATABASE_URL", "GITHUB_APP_PRIVATE_KEY"})
"""Variables that hold a secret though their names do not say so."""

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
        self._known: dict[str, str] = {}
        self._fetched: deque[tuple[str, str]] = deque(maxlen=MOST_FETCHED)
        self._looks: list[tuple[str, str]] = []
        self._learn({name: environment[name] for name in names if environment.get(name)})

    def resolve(self, names: Iterable[str]) -> Mapping[str, str]:
        """Return the value of each name; ``VARIABLE=NAME`` renames, ``?`` makes it optional."""
        asked = {entry.lstrip("?"): entry.startswith("?") for entry in names}
        found, missing, learnt = {}, [], {}
        for entry, optional in asked.items():
            variable, _, secret = entry.rpartition("=")
            value = self._environment.get(secret)
            if value:
                found[variable or secret] = learnt[secret] = value
            elif not optional:
                missing.append(secret)
        self._learn(learnt)
        if missing:
            raise MissingSecret(
                "A secret has no value here.",
                detail=f"Not set in courier's environment: {', '.join(missing)}.",
                next_step="Set it where courier runs; never write its value into `.courier/`.",
            )
        return found

    def conceal(self, name: str, value: str) -> None:
        """Redact a value from now on; the oldest of very many are forgotten."""
        if value and (name, value) not in self._fetched:
            self._fetched.append((name, value))
            self._look_for()

    def redact(self, text: str) -> str:
        """Return the text with every known secret value replaced by ``[secret NAME]``."""
        for look, label in self._looks:
            if look in text:
                text = text.replace(look, label)
        return text

    def _learn(self, values: Mapping[str, str]) -> None:
        if values.items() <= self._known.items():
            return
        self._known |= values
        self._look_for()

    def _look_for(self) -> None:
        looks = {
            look: f"[secret {name}]"
            for name, value in (*self._fetched, *self._known.items())
            for look in _looks_of(value)
        }
        # The longest first: a part of another must not tear it.
        self._looks = sorted(looks.items(), key=lambda pair: -len(pair[0]))


def _looks_of(value: str) -> set[str]:
    """Return what a value looks like in output, which comes in lines, and in quoted text."""
    lines = [line for line in value.splitlines() if len(line) >= SHORTEST_LINE]
    texts = [value, value.strip(), *(lines if len(lines) > 1 else ())]
    looks = {*texts, *(repr(text)[1:-1] for text in texts)}
    for ascii_only in (True, False):
        looks |= {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for text in texts}
    return {look for look in looks if len(look) >= SHORTEST_SECRET}


async def watch(
    paths: Sequence[Path], stop: asyncio.Event, *, below: bool = True
) -> AsyncIterator[None]:
    """Yield whenever something at or below the paths settled after a change, until told to stop.

    Args:
        paths: Files and folders.
        stop: Set to end it.
        below: Whether folders inside those count.

    What changed is not passed on: whoever is woken looks for himself. A path that does not exist
    is not watched. Yields every `GLANCE_SECONDS` besides, since the system may drop a notice.
    """
    present = [path for path in paths if path.exists()]
    if not present:
        await stop.wait()
        return
    stopping = asyncio.ensure_future(stop.wait())
    try:
        async with aclosing(_changes(present, below=below)) as changes:
            while not stop.is_set():
                next_one = asyncio.ensure_future(anext(changes))
                await asyncio.wait({next_one, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not next_one.done():
                    next_one.cancel()
                    await asyncio.gather(next_one, return_exceptions=True)
                    return
                yield
    finally:
        stopping.cancel()


async def _changes(paths: Sequence[Path], *, below: bool) -> AsyncGenerator[None, None]:
    # Only a daemon watches; nobody else should pay for the imports.
    from courier.system.inotify import Unwatchable, Watch

    try:
        watching = Watch(paths, below=below)
    except Unwatchable:
        async for _ in _looked_for(paths, below=below):
            yield
        return
    try:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(GLANCE_SECONDS):
                    await watching.changed()
            yield
    finally:
        watching.close()


async def _looked_for(paths: Sequence[Path], *, below: bool) -> AsyncGenerator[None, None]:
    import watchfiles

    every = int(GLANCE_SECONDS * 1000)
    watching = watchfiles.awatch(
        *paths, recursive=below, step=50, rust_timeout=every, yield_on_timeout=True
    )
    async for _ in watching:
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
    return [name for name in environment if SECRET_NAME.search(name) or name in SECRET_TOO]
