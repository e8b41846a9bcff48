"""Runs a driver's launch as a plain process of this machine, without a sandbox."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from courier.runs.briefs.brief import Launch
from courier.system import EnvironmentSecrets

TOOLS = Path(__file__).parents[3] / ".tools" / "clis" / "node_modules" / ".bin"
"""Where the CLIs of this folder's package.json are installed."""

RIPGREP = TOOLS.parent.joinpath(
    "@openai", "codex-linux-x64", "vendor", "x86_64-unknown-linux-musl", "codex-path"
)
"""Where an `rg` is: without one OpenCode downloads it, or cannot load skills or search."""

ROOMS = Path("/var/tmp")
"""Where agents work: Codex complains on stderr about a home below /tmp."""

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL; some agents ignore the first while a tool runs."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended; its output as lines without newlines."""

    lines: tuple[str, ...]
    stderr: str
    exit_code: int


def furnish(root: Path) -> Path:
    """Return the folder with a workspace under git, a home and a scratch directory in it."""
    for part in ("work", "home", "scratch"):
        (root / part).mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", str(root / "work")], check=True)
    return root


async def run(
    launch: Launch,
    *,
    cwd: Path,
    home: Path,
    secrets: Mapping[str, str],
    until: Callable[[str], bool] | None = None,
) -> Ended:
    """Run it to its end; send it SIGTERM after the first line for which ``until`` holds."""
    for path, content in launch.files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
        Path(path).chmod(0o755 if path in launch.executable else 0o644)
    process = await asyncio.create_subprocess_exec(
        *launch.argv,
        cwd=cwd,
        env={
            "PATH": f"{TOOLS}:{RIPGREP}:{os.environ['PATH']}",
            "HOME": str(home),
            "PWD": str(cwd),
            **launch.env,
            **EnvironmentSecrets(secrets).resolve(launch.secrets),
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT if launch.output == "both" else asyncio.subprocess.PIPE,
        limit=16 * 2**20,
    )
    try:
        lines, stderr = await _talk(process, launch.stdin, until)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(lines, stderr, process.returncode or 0)


async def _talk(
    process: asyncio.subprocess.Process, stdin: str, until: Callable[[str], bool] | None
) -> tuple[tuple[str, ...], str]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(stdin.encode())
    process.stdin.close()
    reader = asyncio.create_task(process.stderr.read() if process.stderr else _nothing())
    lines: list[str] = []
    async for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip("\n")
        lines.append(line)
        if until is not None and until(line):
            process.terminate()
            asyncio.get_running_loop().call_later(GRACE, _kill, process)
            until = None
    stderr = (await reader).decode(errors="replace")
    await process.wait()
    return tuple(lines), stderr


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()


async def _nothing() -> bytes:
    return b""
