"""Delivery: the branch pushed and the pull request found or opened, exactly once."""

from dataclasses import dataclass

from courier.engine.patience import patiently
from courier.engine.seam import Action, Context, Json, RunCancelled, StepIO
from courier.engine.world import World
from courier.errors import Conflict, CourierError, Misconfigured, Unavailable
from courier.ports.forges import Proposed
from courier.runs.events import Refusal, WorkDelivered
from courier.runs.frozen import FrozenPlan
from courier.runs.progress import Deliver
from courier.runs.proposal import body
from courier.runs.run import Run


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the work of one run leaves courier; ``stage`` prefixes its durable steps."""

    world: World
    context: Context
    plan: FrozenPlan
    stage: str

    async def carry_out(self, run: Run, decision: Deliver) -> WorkDelivered:
        """Return what became of the work; a refusal by the remote is a fact, not an exception."""

        async def push(_io: StepIO) -> Json:
            return _told(await self._push(decision))

        async def propose(_io: StepIO) -> Json:
            return _told(await self._propose(run, decision))

        pushed = await self._step("push", push)
        if pushed.refusal is not None or decision.how == "branch":
            return pushed
        try:
            return await self._step("propose", propose)
        except RunCancelled:
            # Too late: there may be a pull request, and whatever there is must be on record.
            return await self._step("propose-on", propose)

    async def _step(self, name: str, action: Action) -> WorkDelivered:
        told = await self.context.step(f"{self.stage}/{name}", action)
        return WorkDelivered.model_validate_json(str(told))

    async def _push(self, decision: Deliver) -> WorkDelivered:
        try:
            await patiently(self.world.clock, lambda: self._try_push(decision.commit))
        except CourierError as error:
            refusal = self._refusal(error, {Conflict: "BranchTaken", Misconfigured: "PushDeclined"})
            return WorkDelivered(at=self.world.clock.now(), commit=decision.commit, refusal=refusal)
        return self._delivered(decision.commit)

    async def _try_push(self, commit: str) -> None:
        repository, branch = self.world.repository, self.plan.git.branch
        try:
            await repository.push(commit, branch=branch, expected=None)
        except Misconfigured:
            await self._check_reach()
            raise

    async def _check_reach(self) -> None:
        """Tell a remote that lets nobody in, which a person may mend, from one that declines."""
        try:
            await self.world.repository.fetch()
        except Misconfigured as shut:
            raise Unavailable(shut.summary, detail=shut.detail) from shut

    async def _propose(self, run: Run, decision: Deliver) -> WorkDelivered:
        proposed, delivered = self._proposed(run, decision), self._delivered(decision.commit)
        try:
            opened = await patiently(self.world.clock, lambda: self.world.forge.propose(proposed))
        except CourierError as error:
            refusal = self._refusal(error, {Misconfigured: "ProposalDeclined"})
            return delivered.model_copy(update={"refusal": refusal})
        return delivered.model_copy(update={"pull_request": opened})

    def _delivered(self, commit: str) -> WorkDelivered:
        now = self.world.clock.now()
        return WorkDelivered(at=now, branch=self.plan.git.branch, commit=commit)

    def _refusal(self, error: CourierError, codes: dict[type[CourierError], str]) -> Refusal:
        kinds = (code for kind, code in codes.items() if isinstance(error, kind))
        code = next(kinds, type(error).__name__)
        return Refusal(code=code, message=self.world.secrets.redact(str(error)))

    def _proposed(self, run: Run, decision: Deliver) -> Proposed:
        plan = self.plan
        return Proposed(
            run=plan.run,
            title=plan.title,
            body=body(plan, run),
            base=plan.git.base_branch,
            branch=plan.git.branch,
            head=decision.commit,
            draft=decision.how == "draft",
            labels=plan.delivery.labels,
            reviewers=plan.delivery.reviewers,
        )


def _told(delivered: WorkDelivered) -> Json:
    return delivered.model_dump_json(by_alias=True)
