"""Delivery: the branch pushed and the pull request found or opened, exactly once."""

from dataclasses import dataclass

from courier.engine.patience import patiently
from courier.engine.seam import Context, Json
from courier.engine.world import World
from courier.errors import Conflict, Misconfigured
from courier.ports.forges import Proposed
from courier.runs.events import Refusal, WorkDelivered
from courier.runs.frozen import FrozenPlan
from courier.runs.progress import Deliver
from courier.runs.proposal import body
from courier.runs.pullrequest import PullRequest
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
        try:
            await self.context.step(f"{self.stage}/push", lambda _io: self._push(decision))
            pull_request = None
            if decision.how != "branch":
                told = await self.context.step(
                    f"{self.stage}/propose", lambda _io: self._propose(run, decision)
                )
                pull_request = PullRequest.model_validate_json(str(told))
        except (Conflict, Misconfigured) as error:
            code = "BranchTaken" if isinstance(error, Conflict) else "PushDeclined"
            return WorkDelivered(
                at=await self.context.now(f"{self.stage}/refused"),
                commit=decision.commit,
                refusal=Refusal(code=code, message=str(error)),
            )
        return WorkDelivered(
            at=await self.context.now(f"{self.stage}/done"),
            branch=self.plan.git.branch,
            commit=decision.commit,
            pull_request=pull_request,
        )

    async def _push(self, decision: Deliver) -> Json:
        repository, branch = self.world.repository, self.plan.git.branch
        await patiently(
            self.world.clock,
            lambda: repository.push(decision.commit, branch=branch, expected=None),
        )
        return None

    async def _propose(self, run: Run, decision: Deliver) -> Json:
        proposed = self._proposed(run, decision)
        opened = await patiently(self.world.clock, lambda: self.world.forge.propose(proposed))
        return opened.model_dump_json(by_alias=True)

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
