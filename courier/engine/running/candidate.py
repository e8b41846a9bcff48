"""One candidate: a part of a run, done as a run of the engine by itself."""

import json

from courier.engine.running.candidates import tell_run
from courier.engine.running.runner import Runner
from courier.engine.seam import Json, StepIO
from courier.errors import Misused
from courier.runs.run.candidates import candidate_name
from courier.runs.run.events import CandidateEnded, WorkDelivered
from courier.runs.run.run import Run, fold
from courier.runs.steps.ending import Ending
from courier.runs.steps.progress import Deliver, Finish, next_step


class CandidateRunner(Runner):
    """The flow of one candidate: as a run, but what it leaves goes to its run and nowhere else."""

    @property
    def ended(self) -> CandidateEnded:
        """Return what its run is told of it, as far as that is decided."""
        run = fold(self.facts)
        if run.started_at is not None and isinstance(end := next_step(self.plan, run), Finish):
            return self._told(run, end.ending)
        return self._told(run, Ending(run.phase, run.reason, run.message))

    async def _deliver(self, decision: Deliver) -> WorkDelivered:
        at = await self._chronicle.now("delivered")
        return WorkDelivered(at=at, commit=decision.commit)

    async def _settle(self, ending: Ending) -> Json:
        told_by = self._chronicle
        await told_by.if_possible("sandboxes", told_by.close_sandboxes)
        ended = self._told(told_by.run, ending)

        async def tell(_io: StepIO) -> Json:
            if self._runs is None:
                raise Misused("A candidate needs an engine to tell its run of its end.")
            await tell_run(self._runs, ended, run=self._plan.run)
            return None

        await self._context.step(told_by.unique("tell"), tell)
        told: Json = json.loads(ended.model_dump_json(by_alias=True))
        return told

    def _told(self, run: Run, ending: Ending) -> CandidateEnded:
        base = self._plan.git.base_commit
        return CandidateEnded(
            name=candidate_name(self._plan.candidate or 0),
            phase=ending.phase,
            reason=ending.reason,
            message=ending.message,
            commit=run.work if run.work != base else None,
            attempts=run.attempts,
        )
