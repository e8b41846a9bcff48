"""What one attempt's agent was asked for besides its work: verdict, choice, answer or score."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from courier.engine.attempts.conversation import Conversation
from courier.engine.attempts.station import Request
from courier.runs.harvest.contracts import gather
from courier.runs.harvest.contracts import repair_prompt as gather_again
from courier.runs.harvest.frozen import Gathered
from courier.runs.replies.choice import Choice, read_choice
from courier.runs.replies.choice import repair_prompt as choose_again
from courier.runs.replies.score import repair_prompt as score_again
from courier.runs.replies.verdict import Verdict, read_verdict
from courier.runs.replies.verdict import repair_prompt as judge_again
from courier.runs.run.rating import Evaluation, evaluate
from courier.runs.transcripts.transcript import Outcome

Reply = TypeVar("Reply", Verdict, Choice, Gathered)


class Replies:
    """Reads last words; what cannot be read is asked for once more in the same conversation.

    Attributes:
        verdict: What a checker decided.
        choice: Which candidate a judge chose.
        answer: What files are to be made of.
        evaluation: What an evaluator scored.
    """

    def __init__(self, talk: Conversation, request: Request) -> None:
        self.verdict: Verdict | None = None
        self.choice: Choice | None = None
        self.answer: Gathered | None = None
        self.evaluation = Evaluation()
        self._talk = talk
        self._plan = request.plan
        self._step = request.start.step
        self._candidates = [one.name for one in request.situation.candidates]

    async def read(self, outcome: Outcome, *, anew: str) -> None:
        """Read what the first turn's last words mean.

        Args:
            outcome: How that turn ended.
            anew: What is asked where its conversation is gone by the time it is asked again.
        """
        step, harvest = self._step, self._plan.harvest
        if step.scores:
            await self._evaluate(outcome)
        elif step.gives_verdict:
            judged = partial(read_verdict, agent=step.agent)
            self.verdict = await self._understood(outcome, judged, judge_again, anew)
        elif step.chooses:
            chosen = partial(read_choice, agent=step.agent, among=self._candidates)
            self.choice = await self._understood(outcome, chosen, choose_again, anew)
        elif step.harvests and harvest is not None:
            gathered, again = partial(gather, harvest=harvest), partial(gather_again, step.harvests)
            self.answer = await self._understood(outcome, gathered, again, anew)

    def forget(self) -> None:
        """Let what was decided not count."""
        self.verdict = self.choice = self.answer = None

    async def _understood(
        self,
        outcome: Outcome,
        read: Callable[[Outcome], Reply | None],
        again: Callable[[str], str],
        anew: str,
    ) -> Reply | None:
        reply = read(outcome)
        if reply is None or reply.readable or outcome.session is None:
            return reply
        prompt = again(reply.feedback)
        return read(await self._talk.go_on(prompt, outcome.session, anew=anew))

    async def _evaluate(self, outcome: Outcome) -> None:
        evaluation = evaluate(self._plan, self._step, outcome)
        if evaluation.why and outcome.status == "completed" and outcome.session is not None:
            outcome = await self._talk.ask(score_again(evaluation.why), outcome.session)
            evaluation = evaluate(self._plan, self._step, outcome)
        self.evaluation = evaluation
        self.verdict = evaluation.verdict
