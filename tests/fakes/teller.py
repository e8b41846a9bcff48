"""An agent that does and says what its commands tell it to: every line is an event as JSON."""

import json
from collections.abc import Sequence
from dataclasses import replace

from courier.agents.shell import ShellDriver
from courier.runs.briefs.brief import Brief, Launch
from courier.runs.transcripts.transcript import AGENT_EVENT, AgentEvent, Outcome, UsageReported
from courier.runs.usage.usage import Usage


class TellerDriver:
    """Runs a brief's commands with bash; they print events, and at last ``{"outcome": {…}}``.

    ``$SESSION`` is the session to continue, if there is one, and ``$COURIER_PROMPT_FILE`` holds
    the prompt. Without an outcome the turn crashed, which may be tried again.
    """

    name = "teller"

    def launch(self, brief: Brief) -> Launch:
        launch = ShellDriver().launch(brief)
        env = {**launch.env, "SESSION": brief.session or ""}
        return replace(launch, env=env, output="stdout")

    def translator(self, brief: Brief) -> "TellerTranslator":
        return TellerTranslator()


class TellerTranslator:
    def __init__(self) -> None:
        self._outcome: Outcome | None = None
        self._usage = Usage()

    def line(self, text: str) -> Sequence[AgentEvent]:
        told = json.loads(text)
        if "outcome" in told:
            plain = {"status": "completed", "reason": "Completed", **told["outcome"]}
            self._outcome = Outcome.model_validate_json(json.dumps(plain))
            return ()
        event = AGENT_EVENT.validate_json(text)
        if isinstance(event, UsageReported):
            self._usage += event.usage
        return (event,)

    @property
    def finished(self) -> bool:
        return self._outcome is not None

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        if exit_code is None and self._outcome is None:
            ended = Outcome(status="failed", reason="Stopped")
        else:
            ended = self._outcome or Outcome(
                status="failed", reason="Crashed", message=stderr, retryable=True
            )
        return ended.model_copy(update={"usage": self._usage, "exit_code": exit_code})
