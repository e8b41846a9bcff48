"""Real agent programs in real sandboxes, driven through whole runs from inside a test."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from courier.resources.agent import AgentSpec
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from tests.e2e.clis.local import TOOLS
from tests.e2e.rows import MINE_SPEC, ROWS, Row
from tests.engine.worlds import Scene, by_itself, single_plan
from tests.fakes.embedded import Endpoint, serving

HANG = "TEST_HANGS_AT_ITS_END"
"""A variable that makes every agent program stay after it is done."""

KEYS: Mapping[str, str] = {
    "CLAUDE_CODE_OAUTH_TOKEN": "scripted-oauth-token",
    "OPENAI_API_KEY": "scripted-openai-key",
    "OPENROUTER_API_KEY": "scripted-openrouter-key",
}
"""What courier has; Claude Code tells when a limit ends only to a subscription."""

_WRAPPED = """#!/bin/sh
"{program}" "$@"
code=$?
[ -z "${hang}" ] || exec sleep 300
exit "$code"
"""


def row_param(name: str) -> Any:
    """Return a row as a parameter of an end-to-end test, skipped where its program is missing."""
    there = (TOOLS / ROWS[name].cli).exists()
    missing = pytest.mark.skipif(not there, reason=f"{ROWS[name].cli} is missing: `make tools`")
    return pytest.param(name, marks=[pytest.mark.e2e, pytest.mark.slow, missing])


@contextmanager
def stage(folder: Path) -> Iterator[Endpoint]:
    """Run a sandbox server whose sandboxes see every agent program, wrapped so that it may hang."""
    with serving(folder / "sandboxd", *exposing(folder)) as endpoint:
        yield endpoint


def exposing(folder: Path) -> list[str]:
    """Return a sandbox server's arguments, with wrapped agent programs put into the folder."""
    modules = TOOLS.parent
    programs = {name: TOOLS / name for name in ("claude", "opencode", "pi")}
    programs["codex"] = next(modules.glob("@openai/codex-*/vendor/*/bin/codex"), Path("missing"))
    wrapped = folder / "wrapped"
    wrapped.mkdir()
    shown = [modules, TOOLS / "node"]
    for name, program in programs.items():
        file = wrapped / name
        file.write_text(_WRAPPED.format(program=program, hang=HANG))
        file.chmod(0o755)
        shown.append(file)
    return ["--allow-plain", *(word for path in shown for word in ("--expose", str(path)))]


def agent_plan(here: Scene, row: Row, run: str, base: str, **step: Any) -> FrozenPlan:
    """Return a plan of one step of a row's agent, whose model is at that base URL."""
    urls = {"ANTHROPIC_BASE_URL": base, "OPENAI_BASE_URL": f"{base}/v1"}
    fields: dict[str, Any] = {"type": "custom", "timeout_seconds": 240, "model": row.model, **step}
    if row.documents:
        fields["described"] = AgentSpec.model_validate(_described())
    env = {**urls, "OPENROUTER_BASE_URL": f"{base}/v1", **step.get("env", {})}
    work = FrozenStep(**{**fields, "name": "work", "agent": row.agent, "env": env})
    plan = single_plan(here, "", run=run).model_copy(update={"steps": (work,)})
    return by_itself(here.origin, plan)


def _described() -> dict[str, Any]:
    """Return the described agent with the key that there is."""
    key = "CLAUDE_CODE_OAUTH_TOKEN"
    env = [each for each in MINE_SPEC["env"] if "value" in each]
    return {**MINE_SPEC, "env": [*env, {"name": key, "secretRef": key}]}
