"""Sandboxes for people, in a whole real world: asked for, talked to, paused, and gone."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from courier.engine.interactive.keeper import FLOW
from courier.engine.seam import Json, RunState
from courier.resources.agent import AgentSpec
from courier.runs.interactive.frozen import WORD, GivenMessage, SandboxPlan, Word, run_of
from courier.runs.run.frozen import FrozenGit, FrozenPlan, FrozenSandbox, FrozenStep
from tests.engine.worlds import Scene

PERSON = "Ada <ada@example.com>"


def sandbox_plan(
    scene: Scene,
    *says: str,
    name: str = "desk",
    agent: str = "shell",
    lives_seconds: int = 600,
    branch: str | None = None,
    described: AgentSpec | None = None,
    **changes: object,
) -> SandboxPlan:
    """Return a sandbox whose first messages are these; shell and teller run them as commands."""
    commands = "" if agent in ("shell", "teller") else None
    step = FrozenStep(name="sandbox", type="custom", agent=agent, run=commands)
    base = branch or "main"
    own = f"courier/{name}"
    return SandboxPlan(
        name=name,
        plan=FrozenPlan(
            run=run_of(name),
            project="demo",
            workflow="",
            workflow_type="single",
            source="sandbox",
            spec_digest="s" * 64,
            catalog_digest="c" * 64,
            observed_commit=scene.base,
            title="Sit at the desk",
            task="",
            steps=(step.model_copy(update={"described": described, **changes}),),
            sandbox=FrozenSandbox(timeout_seconds=lives_seconds, on_timeout="pause"),
            git=FrozenGit(
                base_branch=base,
                base_commit=scene.tip(base),
                branch=base if branch else own,
                author_name="courier",
                author_email="courier@example.com",
            ),
        ),
        onto="main",
        own_branch=own,
        lives_seconds=lives_seconds,
        messages=tuple(
            GivenMessage(id=f"given-{number}", content=content)
            for number, content in enumerate(says, 1)
        ),
    )


@dataclass(frozen=True)
class Guest:
    """One sandbox of a scene, as a person has it."""

    scene: Scene
    plan: SandboxPlan

    @property
    def run(self) -> str:
        return self.plan.plan.run

    async def ask(self) -> None:
        frozen: Json = json.loads(self.plan.model_dump_json(by_alias=True))
        await self.scene.engine.submit(self.run, flow=FLOW, input=frozen, queue="sandboxes")

    async def say(self, content: str, *, id: str) -> None:
        await self.tell(
            Word(do="send", message=GivenMessage(id=id, content=content, by=PERSON), by=PERSON)
        )

    async def tell(self, word: Word) -> None:
        told: Json = json.loads(word.model_dump_json(by_alias=True))
        await self.scene.engine.send(self.run, WORD, told)

    async def kill(self, reason: str = "enough") -> RunState:
        await self.scene.engine.cancel(self.run, by=PERSON, reason=reason)
        return await self.gone()

    async def gone(self, *, within: float = 60.0) -> RunState:
        async with asyncio.timeout(within):
            return await self.scene.engine.wait(self.run)

    async def account(self) -> dict[str, Any]:
        await self.scene.world.state.refresh()
        path = f"sandboxes/{self.plan.name}.json"
        content = (await self.scene.world.state.read([path])).get(path)
        return json.loads(content) if content else {}

    async def until(
        self, holds: Callable[[dict[str, Any]], bool], *, within: float = 30.0
    ) -> dict[str, Any]:
        """Wait until the account on the state branch is so."""
        told: dict[str, Any] = {}
        try:
            async with asyncio.timeout(within):
                while not (told and holds(told)):
                    told = await self.account()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(json.dumps(told, indent=1)) from None
        return told

    async def answers(self, count: int, *, within: float = 30.0) -> list[dict[str, Any]]:
        """Wait until that many messages have been answered; return the answers."""

        def ended(told: dict[str, Any]) -> list[dict[str, Any]]:
            said = [one for one in told["messages"] if one["role"] == "assistant"]
            return [one for one in said if one["status"] != "streaming"]

        return ended(await self.until(lambda told: len(ended(told)) >= count, within=within))

    async def printed(self, text: str) -> None:
        await self.scene.printed(self.run, text)

    async def machines(self) -> list[str]:
        """Return the states of its machines."""
        found = await self.scene.world.sandboxes.find({"courier-run": self.run})
        return [one.state for one in found]

    async def go_on(self) -> None:
        await self.scene.go_on(self.run)


async def sit(scene: Scene, *says: str, **changes: Any) -> Guest:
    """Return a sandbox that was asked for."""
    guest = Guest(scene, sandbox_plan(scene, *says, **changes))
    await guest.ask()
    return guest
