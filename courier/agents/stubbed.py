"""Agents that say what they are told to say: for simulations, with everything else real."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from shlex import quote

from courier.ports.agents import AgentDriver, Translator
from courier.runs.briefs.brief import Brief, Launch
from courier.runs.transcripts.stubs import Stub, answer
from courier.runs.transcripts.transcript import AgentEvent, Outcome, TextWritten, UsageReported

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class StubbedDriver:
    """Stands in for an agent in the steps that have answers, and lets it work in the others.

    Args:
        driver: The agent it stands in for.
        answers: Step to its answers, one an iteration.
    """

    def __init__(self, driver: AgentDriver, answers: Mapping[str, tuple[Stub, ...]]) -> None:
        self._driver = driver
        self._answers = answers

    @property
    def name(self) -> str:
        """The name of the agent it stands in for."""
        return self._driver.name

    def launch(self, brief: Brief) -> Launch:
        """Return a process that leaves the files and says the words."""
        stub = self._stub(brief)
        if stub is None:
            return self._driver.launch(brief)
        folder = f"{brief.scratch}/stub"
        files, lines = {}, ["set -e"]
        for at, (path, content) in enumerate(stub.files.items()):
            if content is None:
                lines.append(f"rm -rf -- {quote(path)}")
                continue
            files[f"{folder}/{at}"] = content.encode()
            parent = path.rpartition("/")[0] or "."
            lines.append(f"mkdir -p -- {quote(parent)}; cp -- {quote(folder)}/{at} {quote(path)}")
        lines.append(f"cat {quote(folder)}/said")
        files[f"{folder}/said"] = (json.dumps({"text": stub.said}) + "\n").encode()
        return Launch(argv=("sh", "-c", "\n".join(lines)), files=files, env=brief.env)

    def translator(self, brief: Brief) -> Translator:
        """Return a fresh translator for one process started with that brief."""
        stub = self._stub(brief)
        if stub is None:
            return self._driver.translator(brief)
        return StubTranslator(stub, agent=self.name)

    def _stub(self, brief: Brief) -> Stub | None:
        iteration, attempt = (
            int(brief.env.get(name, "1")) for name in ("COURIER_ITERATION", "COURIER_ATTEMPT")
        )
        candidate = brief.env.get("COURIER_CANDIDATE", "").rpartition("-")[2]
        lane = f"c{candidate}/" if candidate else ""
        step = f"{lane}{brief.env.get('COURIER_STEP', '')}"
        return answer(self._answers, step, iteration=iteration, attempt=attempt)


class StubTranslator:
    """Translates the one line a stub prints; the outcome is the stub's."""

    def __init__(self, stub: Stub, *, agent: str) -> None:
        self._stub = stub
        self._agent = agent

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return what was said, and what it is said to have used."""
        told = TextWritten(text=json.loads(text)["text"])
        return (told, UsageReported(usage=self._stub.usage))

    @property
    def finished(self) -> bool:
        """Whether the stub is over, which only its exit tells."""
        return False

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return how the stub wants the turn to end."""
        stub = self._stub
        if exit_code != 0:
            reason = "Stopped" if exit_code is None else "Crashed"
            return Outcome(status="failed", reason=reason, message=stderr, exit_code=exit_code)
        if self._agent == "shell" and stub.verdict == "fail":
            return Outcome(status="failed", reason="CommandFailed", text=stub.feedback, exit_code=1)
        return Outcome(
            status=stub.status,
            reason=stub.reason or ("Completed" if stub.status == "completed" else "Simulated"),
            text=stub.said,
            session="simulated",
            exit_code=0,
            retryable=stub.retryable,
            retry_at=_LONG_AGO if stub.status == "limited" else None,
            usage=stub.usage,
        )
