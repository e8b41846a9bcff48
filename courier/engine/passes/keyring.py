"""Runs that wait for a secret, told as soon as courier runs where it has a value."""

from courier.engine.accounts.retelling import Told, retell
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import MissingSecret
from courier.runs.briefs.brief import Brief
from courier.runs.run.candidates import step_of
from courier.runs.run.frozen import FrozenStep
from courier.runs.steps.parking import SIGNAL, lacks_secret


class Keyring:
    """Looks whether what runs wait for is here now."""

    def __init__(self, world: World, engine: RunClient) -> None:
        self._world = world
        self._engine = engine

    async def settle(self, run: str) -> bool:
        """Let a run go on if it waits for secrets that are here; return whether it does."""
        state = await self._engine.status(run)
        if state is None or state.step != SIGNAL or state.cancellation is not None:
            return False
        told = await retell(self._world, self._engine, run)
        if told is None or not self._has(told):
            return False
        await self._engine.send(run, SIGNAL, None)
        return True

    def _has(self, told: Told) -> bool:
        last = told.run.last
        if last is not None and lacks_secret(told.plan, last):
            return self._starts(step_of(told.plan, told.run, last.step))
        # What its agent needed was there; it is what its commits are signed with.
        key = told.plan.git.signing_key
        try:
            self._world.secrets.resolve([key] if key is not None else [])
        except MissingSecret:
            return False
        return True

    def _starts(self, step: FrozenStep) -> bool:
        env = {**self._world.agent_env, **step.env}
        brief = Brief(
            prompt="", workspace="/", scratch="/", run=step.run, env=env, secrets=step.secrets
        )
        try:
            self._world.secrets.resolve(step.secrets)
            self._world.secrets.resolve(self._world.driver(step).launch(brief).secrets)
        except MissingSecret:
            return False
        return True
