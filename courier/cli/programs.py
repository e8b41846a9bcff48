"""What `courier doctor` says of agent programs: which are here, where, and which version."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from courier.cli.finding import Finding

if TYPE_CHECKING:
    from courier.cli.here import Here
    from courier.sandboxd.programs import Program

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "claude": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    "codex": ("OPENAI_API_KEY", "CODEX_API_KEY", "OPENROUTER_API_KEY"),
    "opencode": ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"),
    "pi": ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"),
}
"""Agent to the variables any of which lets it work in a sandbox."""


async def agents(here: "Here") -> list[Finding]:
    """Return one finding for every built-in agent that is a program of its own."""
    from courier.sandboxd.programs import PACKAGES, find_programs

    found = {each.name: each for each in find_programs(here.environment.get("PATH", ""))}
    return list(await asyncio.gather(*(_agent(here, name, found.get(name)) for name in PACKAGES)))


async def _agent(here: "Here", name: str, program: "Program | None") -> Finding:
    from courier.sandboxd.programs import NODE_NEEDED, PACKAGES
    from courier.system import version_of

    title = f"agent {name}"
    if program is None:
        needed = ".".join(map(str, NODE_NEEDED.get(name, ())))
        besides = f", with Node.js {needed} or newer" if needed else ""
        install = f"`npm install -g {PACKAGES[name]}`{besides}"
        advice = f"To use it: {install}, or a Template with it among its `agents`."
        return Finding(title, "note", "It is not on PATH.", advice)
    if lacking := await _lacking(here, program):
        return Finding(title, "note", lacking, "Put a newer `node` first on PATH.")
    said = await version_of(program.file, here.environment) or "it does not say its version"
    if _unseen(here, program):
        advice = "Run `courier sandboxd stop`; it starts again when needed, and its runs go on."
        told = f"{said} at {program.file}, unknown to the sandbox server that runs."
        return Finding(title, "note", told, advice)
    told = f"{said} at {program.file}" + (f", run by {program.node}" if program.node else "")
    if not any(here.environment.get(key) for key in KEYS[name]):
        advice = f"Set one of {', '.join(KEYS[name])} where courier runs."
        return Finding(title, "note", f"{told}, without a key.", advice)
    return Finding(title, "ok", told)


def _unseen(here: "Here", program: "Program") -> bool:
    """Return whether the sandbox server began before the program was where it is."""
    from courier.sandboxd.launcher import status
    from courier.wiring import server_folder

    if here.settings.sandboxes != "embedded":
        return False
    found = status(server_folder(here.settings))
    return found.running and not set(program.exposed) <= set(found.exposed)


async def _lacking(here: "Here", program: "Program") -> str | None:
    """Return what is wrong with the Node.js that the program needs; None if nothing is."""
    from courier.sandboxd.programs import NODE_NEEDED

    needed = NODE_NEEDED.get(program.name)
    if needed is None:
        return None
    oldest = ".".join(map(str, needed))
    if program.node is None:
        return f"{program.file} needs Node.js {oldest} or newer, and there is none."
    said = await _node_version(program.node, here)
    if said is not None and said >= needed:
        return None
    there = ".".join(map(str, said)) if said else "unknown"
    return f"{program.file} needs Node.js {oldest} or newer; {program.node} is {there}."


async def _node_version(node: Path, here: "Here") -> tuple[int, ...] | None:
    from courier.system import version_of

    said = await version_of(node, here.environment)
    parts = (said or "").removeprefix("v").split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else None
