"""Answers on their way to runs: from requests on record and from pull requests people decided."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from courier.engine.accounts.retelling import Told, retell
from courier.engine.pullrequests.pulls import Pulls
from courier.engine.requests.requests import Request, Requests
from courier.engine.running.question import SIGNAL, answer_to
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import NotFound
from courier.planning.catalog.permission import Member, objection, person_of
from courier.runs.run.events import ApprovalAnswered, ApprovalAsked
from courier.runs.steps.approvals import waiting

log = logging.getLogger(__name__)

Teams = Callable[[str], Sequence[Member]]
"""From a project's name to everybody in its Teams."""


@dataclass(frozen=True, slots=True)
class Answerable:
    """A run that waits for a person, and what it asks."""

    told: Told
    asked: ApprovalAsked

    @property
    def by(self) -> tuple[str, ...]:
        """Return the users and roles who may approve."""
        found = self.told.plan.approval(self.asked.approval)
        return found.by if found is not None else ()


class Approver:
    """Sends runs that wait the answers there are; what nobody allowed said does not count.

    Args:
        world: Where answers are.
        engine: Runs the runs, or asks the engine that does.
        requests: What people said by command.
        pulls: What passes see of pull requests; None to ask their forges alone.
    """

    def __init__(
        self, world: World, engine: RunClient, requests: Requests, pulls: Pulls | None = None
    ) -> None:
        self._world = world
        self._pulls = pulls or Pulls(world)
        self._engine = engine
        self._requests = requests
        self._passed_over: set[str] = set()

    async def settle(self, run: str, teams: Teams) -> ApprovalAnswered | None:
        """Send a run the answer to what it asks; None where it asks nothing or none is there."""
        found = await self._waiting(run)
        if found is None:
            return None
        team = teams(found.told.plan.project)
        answer = await self._requested(found, team) or await self._decided(found, team)
        if answer is not None:
            await self._engine.send(run, SIGNAL, answer.model_dump_json(by_alias=True))
        return answer

    async def _waiting(self, run: str) -> Answerable | None:
        state = await self._engine.status(run)
        if state is None or state.step != SIGNAL or state.cancellation is not None:
            return None
        told = await retell(self._world, self._engine, run)
        asked = waiting(told.run) if told is not None else None
        return Answerable(told, asked) if told is not None and asked is not None else None

    async def _requested(
        self, found: Answerable, team: Sequence[Member]
    ) -> ApprovalAnswered | None:
        for request in await self._requests.answers_to(found.told.plan.run):
            if not _is_about(request, found.asked) or not self._may(request, found, team):
                continue
            return answer_to(
                found.asked,
                request.at,
                answer="approved" if request.action == "approve" else "rejected",
                by=f"{request.person} ({request.user})" if request.user else request.person,
                how="command",
                comment=request.reason,
            )
        return None

    def _may(self, request: Request, found: Answerable, team: Sequence[Member]) -> bool:
        why = may_not(request, found.by, team, found.asked.requested_by)
        if why is not None and request.id not in self._passed_over:
            self._passed_over.add(request.id)
            said = "the answer of %s to run %s does not count: %s"
            log.warning(said, request.person, request.run, why)
        return why is None

    async def _decided(self, found: Answerable, team: Sequence[Member]) -> ApprovalAnswered | None:
        opened = found.asked.pull_request
        if opened is None:
            return None
        try:
            pull = await self._pulls.get((opened.forge, opened.number))
        except NotFound:
            return None
        now = self._world.clock.now()
        if pull.status == "closed":
            told = {"by": pull.decided_by, "comment": "The pull request was closed."}
            return answer_to(found.asked, now, answer="rejected", how="pullRequest", **told)
        if pull.status != "merged" or not await self._is_asked(pull.head, found.asked):
            return None
        person = person_of(pull.decided_by, pull.decided_by or "")
        why = objection(person, by=found.by, team=team, requested_by=found.asked.requested_by)
        if why is not None:
            key = f"{found.told.plan.run} #{pull.number}"
            if key not in self._passed_over:
                self._passed_over.add(key)
                log.warning("the merge of pull request %s does not approve: %s", key, why)
            return None
        return answer_to(found.asked, now, answer="approved", how="pullRequest", by=pull.decided_by)

    async def _is_asked(self, head: str, asked: ApprovalAsked) -> bool:
        """Return whether a commit is what was asked about; signing it makes it another one."""
        if head == asked.commit:
            return True
        try:
            return await self._world.repository.tree(head) == asked.tree
        except NotFound:
            return False


def may_not(
    request: Request, by: Sequence[str], team: Sequence[Member], requested_by: str | None
) -> str | None:
    """Return why an answer does not count; None if it does. Who asked for a run may reject it."""
    person = person_of(request.person, request.user)
    own = requested_by if request.action == "approve" else None
    return objection(person, by=by, team=team, requested_by=own)


def _is_about(request: Request, asked: ApprovalAsked) -> bool:
    return (request.approval, request.tree, request.words) == (
        asked.approval,
        asked.tree,
        asked.words,
    )
