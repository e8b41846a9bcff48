"""The chronicle of one run: its facts while its flow lives, and how they get on record."""

import json
import logging
from datetime import datetime

from courier.engine.attempts.lease import close_sandboxes, labels_of
from courier.engine.patience import patiently
from courier.engine.running.testimony import witness_of
from courier.engine.seam import Action, Context, Json, RunReader, StepIO
from courier.engine.world import World
from courier.errors import CourierError
from courier.ports.state import AppendLine, Change, WriteFile
from courier.runs.records.charges import charges_of
from courier.runs.records.extraction import pending_of, to_file
from courier.runs.records.writeback import record_files
from courier.runs.run.events import RunEvent, RunStarted
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run, fold

log = logging.getLogger(__name__)


class Chronicle:
    """What one flow knows of its run, and says of it.

    Attributes:
        world: Where it runs.
        context: Its durable steps.
        journal: Where these are on record.
        plan: What the run does.
        witness: Who is told how it stands.
    """

    def __init__(
        self, world: World, context: Context, journal: RunReader, *, is_told_again: bool
    ) -> None:
        self.world = world
        self.context = context
        self.journal = journal
        self.plan = FrozenPlan.model_validate_json(json.dumps(context.input))
        self.witness = witness_of(world, self.plan, is_told_again=is_told_again)
        self._carried = self.plan.retry.facts if self.plan.retry else ()
        self._facts: list[RunEvent] = []
        self._asked: dict[str, int] = {}

    @property
    def facts(self) -> tuple[RunEvent, ...]:
        """Return the facts so far."""
        return tuple(self._facts)

    @property
    def run(self) -> Run:
        """Return the run as the facts so far tell it."""
        return fold(self._facts)

    @property
    def has_begun(self) -> bool:
        """Whether the first fact is that the run began; a cancel may have come before."""
        return bool(self._facts) and isinstance(self._facts[0], RunStarted)

    def begin(self, at: datetime) -> None:
        """Note that the run began, with what it carries over from an earlier one."""
        self._facts[:0] = [RunStarted(at=at), *self._carried]

    def add(self, *facts: RunEvent) -> None:
        """Note facts, in the order they happened."""
        self._facts.extend(facts)

    def unique(self, name: str) -> str:
        """Return a name for a durable step; what a cancel interrupted is asked under a new one."""
        count = self._asked[name] = self._asked.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"

    async def now(self, name: str) -> datetime:
        """Return the moment, as a durable step of its own."""
        return await self.context.now(self.unique(name))

    async def publish(self, name: str) -> None:
        """Say on record how far the run is, and what it used; its run does so for a candidate."""
        if self.plan.candidate is not None:
            return
        self.stand()
        await self.context.step(self.unique(name), self.announce)

    def stand(self) -> None:
        """Tell the witness how the run stands."""
        self.witness.stands(self.plan, self.run)

    async def announce(self, _io: StepIO) -> Json:
        """Write the record as it is now."""
        if len(self._facts) == 1 + len(self._carried):
            self.witness.started(self.plan)
        run = self.run
        await self.write(files_of(self.plan, run), f"{run.phase}: {self.plan.run}")
        return None

    async def write(self, changes: list[Change], message: str) -> None:
        """Write to the state branch, however long it cannot be reached."""
        await patiently(self.world.clock, lambda: self.world.state.write(changes, message=message))

    async def if_possible(self, name: str, action: Action) -> Json:
        """Do what must not cost the run its record when it fails."""
        try:
            return await self.context.step(self.unique(name), action)
        except CourierError as error:
            log.warning("run %s, %s: %s", self.plan.run, name, error)
            return None

    async def close_sandboxes(self, _io: StepIO) -> Json:
        """Close every sandbox the run may still have."""
        await close_sandboxes(self.world, labels_of(self.world, self.plan))
        return None


def files_of(plan: FrozenPlan, run: Run) -> list[Change]:
    """Return what the state branch must say of a run."""
    record = [WriteFile(path, content) for path, content in record_files(plan, run).items()]
    used = [AppendLine(one.path, one.to_line(), key=one.key) for one in charges_of(plan, run)]
    return [*record, *used, *_to_be_looked_through(plan, run)]


def _to_be_looked_through(plan: FrozenPlan, run: Run) -> list[Change]:
    pending = pending_of(plan, run)
    return [WriteFile(pending.path, to_file(pending))] if pending is not None else []
