"""The turns of one attempt: each a durable step, in one conversation with its agent or more."""

from courier.engine.attempts.breakage import failure
from courier.engine.attempts.station import Station
from courier.engine.attempts.turn import Ask
from courier.engine.seam import Context
from courier.errors import CourierError
from courier.runs.run.paused import Paused
from courier.runs.steps.prompts import GO_ON
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.usage import Usage


class Conversation:
    """What one attempt asks its agent, and how each turn ended.

    Args:
        context: Of the run.
        station: Where the agent works.
        name: The attempt's name, before the slash of its steps.

    Attributes:
        turns: How each turn ended, in order.
    """

    def __init__(self, context: Context, station: Station, *, name: str) -> None:
        self.turns: list[Outcome] = []
        self._context = context
        self._station = station
        self._name = name
        self._open: Ask | None = None
        self._paused: Paused | None = None

    @property
    def last(self) -> Outcome | None:
        """Return how the newest turn ended."""
        return self.turns[-1] if self.turns else None

    @property
    def usage(self) -> Usage:
        """Return what all turns used."""
        return sum((turn.usage for turn in self.turns), Usage())

    @property
    def has_begun(self) -> bool:
        """Whether an agent was asked for anything."""
        return bool(self.turns) or self._open is not None

    async def begin(
        self, prompt: str, *, paused: Paused | None = None, say: str = GO_ON
    ) -> Outcome:
        """Return how the first turn ended.

        Args:
            prompt: The whole task.
            paused: What waits to go on with it in the same sandbox; None to begin anew.
            say: What is said to that.
        """
        self._paused = paused
        if paused is None:
            return await self.ask(prompt)
        return await self.go_on(say, paused.session, anew=prompt)

    async def go_on(self, prompt: str, session: str, *, anew: str) -> Outcome:
        """Return how one more turn of a conversation ended.

        Args:
            prompt: What is asked.
            session: The conversation.
            anew: What is asked in its place where the conversation is gone, and with it all that
                was seen.
        """
        outcome = await self.ask(prompt, session)
        return await self.ask(anew) if outcome.reason == "SessionLost" else outcome

    async def ask(self, prompt: str, session: str | None = None) -> Outcome:
        """Return how one turn ended, in a conversation or at the beginning of one."""
        used = self.used(session)
        ask = self._open = Ask(len(self.turns) + 1, prompt, session, used, self.usage)
        try:
            told = await self._context.step(
                f"{self._name}/turn-{ask.number}", lambda io: self._station.work(io, ask)
            )
            outcome = Outcome.model_validate_json(str(told))
        except CourierError as error:
            outcome = failure(error)
        self._open = None
        self.turns.append(outcome)
        return outcome

    async def stop(self) -> None:
        """Stop the agent in the turn that was interrupted, if one was; that turn counts."""
        if (ask := self._open) is not None:
            told = await self._context.step(
                f"{self._name}/stop", lambda io: self._station.stop(io, ask)
            )
            self.turns.append(Outcome.model_validate_json(str(told)))

    def used(self, session: str | None) -> Usage:
        """Return what a conversation used so far, in this attempt and in those it goes on from."""
        held = (turn.usage for turn in self.turns if session and turn.session == session)
        before = self._paused
        known = before.used if before is not None and before.session == session else Usage()
        return sum(held, known)
