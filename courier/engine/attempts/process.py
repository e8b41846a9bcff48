"""Agent processes that outlive us: started once, followed by file, ended on disk.

A process is known by its key. All of it lies in one folder of the sandbox's home: ``in/stdin``,
``out``, ``err``, ``pid`` and, once it ended, ``exit``. Nothing depends on a connection.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from courier.engine.attempts import script
from courier.errors import NotFound
from courier.ports.sandboxes import Sandbox
from courier.runs.briefs.brief import Launch

STDERR_BYTES = 8192
"""How much of the end of stderr is reported."""

_NOTHING_THERE = 66


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that is over.

    Attributes:
        exit_code: The command's; 128+n for a signal's death; None if it was stopped by us or
            vanished without a trace, as after the kernel ran out of memory.
        stderr_tail: The end of what it wrote to stderr; empty if that was merged into stdout.
        seconds: How long it ran.
        started_at: When it started, by the sandbox's clock, in whole seconds.
    """

    exit_code: int | None
    stderr_tail: str
    seconds: float
    started_at: datetime


async def start(
    sandbox: Sandbox, launch: Launch, *, key: str, workspace: str, env: Mapping[str, str]
) -> int:
    """Start a process, or find it started: one key is one process, however often this is called.

    Args:
        sandbox: Where.
        launch: What; its files are put in place by whoever really starts it.
        key: Names the process in its sandbox: letters, digits, dot, dash and underscore.
        workspace: The working directory, absolute.
        env: Variables besides the launch's own, secret values included; they reach the process's
            environment and no file or command line.

    Returns:
        The pid to follow: of the supervisor, which ends when the exit code is on disk.

    Raises:
        NotFound: If the working directory does not exist.
        Unavailable: If it cannot be told whether it started; calling again is safe.
    """
    place = _place(sandbox, key)
    # Unique to this call: a second start must not rewrite what the first one's process reads.
    stage = f"{place}/stage-{token_hex(8)}"
    staged = {f"{stage}/{number}": body for number, body in enumerate(launch.files.values())}
    await sandbox.write({f"{stage}/stdin": launch.stdin.encode(), **staged})
    runnable = (n for n, path in enumerate(launch.files) if path in launch.executable)
    fixed = (place, stage, workspace, launch.output, key, script.text("process_supervise"))
    done = await script.run(
        sandbox,
        "process_start",
        *fixed,
        " ".join(map(str, runnable)),
        str(len(staged)),
        *launch.files,
        *launch.argv,
        env={**launch.env, **env},
    )
    if done.exit_code == _NOTHING_THERE:
        raise NotFound("The workspace does not exist in the sandbox.", detail=workspace)
    if done.exit_code != 0:
        raise script.fault("process_start", done)
    return int(done.stdout)


async def follow(
    sandbox: Sandbox, key: str, *, pid: int | None, skip_lines: int
) -> AsyncGenerator[str, None]:
    """Yield the process's output lines after the first ``skip_lines``, to its end."""
    place = _place(sandbox, key)
    writer: int | None = None
    try:
        await sandbox.read(f"{place}/exit")
    except NotFound:
        writer = pid  # only now: the pid of an ended process may be somebody else's
    source = sandbox.follow(f"{place}/out", skip_lines=skip_lines, pid=writer)
    async with aclosing(source) as lines:
        async for line in lines:
            yield line


async def ended(sandbox: Sandbox, key: str) -> Ended | None:
    """Return how the process ended, or None while it runs; the answer never changes again.

    Raises:
        NotFound: If no process was started under that key.
    """
    told = await script.run(sandbox, "process_ended", _place(sandbox, key), str(STDERR_BYTES))
    if told.exit_code == _NOTHING_THERE:
        raise NotFound("No such process was started in the sandbox.", detail=key)
    if told.exit_code != 0:
        raise script.fault("process_ended", told)
    head, _, tail = told.stdout.partition("\n")
    if head == "running":
        return None
    code, centiseconds, started = head.split()
    return Ended(
        exit_code=int(code) if code.isdecimal() else None,
        stderr_tail=tail,
        seconds=int(centiseconds) / 100,
        started_at=datetime.fromtimestamp(int(started), UTC),
    )


async def quiet(sandbox: Sandbox, key: str) -> float:
    """Return for how many seconds, give or take one, the process has written nothing.

    Raises:
        NotFound: If no process was started under that key.
    """
    told = await script.run(sandbox, "process_quiet", _place(sandbox, key))
    if told.exit_code == _NOTHING_THERE:
        raise NotFound("No such process was started in the sandbox.", detail=key)
    if told.exit_code != 0:
        raise script.fault("process_quiet", told)
    return float(told.stdout)


async def stop(sandbox: Sandbox, key: str, *, grace_seconds: float) -> None:
    """Stop the process and what it left behind: TERM, then after the grace KILL.

    Does nothing more if it ended before; never started is fine too.
    """
    tenths = round(grace_seconds * 10)
    done = await script.run(
        sandbox,
        "process_stop",
        _place(sandbox, key),
        key,
        str(tenths),
        timeout_seconds=grace_seconds + 60,
    )
    if done.exit_code != 0:
        raise script.fault("process_stop", done)


def _place(sandbox: Sandbox, key: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", key):
        raise ValueError(f"not a process key: {key!r}")
    return f"{sandbox.home}/.courier/processes/{key}"
