"""courier with Claude Code, as a process of its own that a test may kill at any moment."""

import argparse
import asyncio
from pathlib import Path

from courier.runs.run.frozen import FrozenPlan, FrozenStep
from tests.engine.worlds import Scene, provider, scene, shell_plan
from tests.fakes.embedded import Endpoint

KEY = {"ANTHROPIC_API_KEY": "scripted-key-0123456789"}


def claude_plan(here: Scene, **changes: object) -> FrozenPlan:
    """Return a designer and a checker that are both Claude Code."""
    steps = (
        FrozenStep(name="design", type="designer", agent="claude", timeout_seconds=120),
        FrozenStep(
            name="check", type="checker", agent="claude", timeout_seconds=120, gives_verdict=True
        ),
    )
    task = "Put 42 into answer.txt."
    return shell_plan(here, design="", task=task, steps=steps).model_copy(update=changes)


async def live(folder: Path, sandboxd: Endpoint, base_url: str) -> None:
    """Run the plan to its end, or go on with it."""
    env = {"ANTHROPIC_BASE_URL": base_url}
    async with scene(
        folder / "home",
        folder / "origin.git",
        provider(sandboxd),
        environment=KEY,
        agent_env=env,
    ) as here:
        await here.run(claude_plan(here))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--models", required=True)
    asked = parser.parse_args()
    asyncio.run(live(asked.folder, Endpoint(asked.url, asked.key, asked.folder), asked.models))


if __name__ == "__main__":
    main()
