"""Scripts people wrote: the process of one, what it came to, and what a prompt repeats of it."""

import shlex
from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from courier.resources.model import Model
from courier.runs.briefs.assets import FrozenScript
from courier.runs.briefs.brief import Brief, Launch
from courier.runs.texts.material import as_data, bounded
from courier.runs.transcripts.transcript import AgentEvent, Outcome, OutputWritten

TAIL_CHARACTERS: Final = 2_000
"""How much of the end of a script's output is on record with it."""

CONTEXT_CHARACTERS: Final = 200_000
"""How much a context script may say; what is beyond it is only in the transcript."""

CONTEXT_TOTAL: Final = 48_000
"""Most characters of all context scripts together that a prompt repeats."""

_LAST_LINES: Final = 10
_STRICT_BASH: Final = "bash -eo pipefail"
"""Like steps of the shell: what fails in the middle must not count as passed."""


class ScriptRan(Model):
    """One execution of a script."""

    name: str
    when: str
    exit_code: int | None
    """Null if courier stopped it: its time was up, or the run was cancelled."""
    seconds: float
    failed: bool
    on_failure: str
    """``fail`` or ``warn``."""
    reason: str
    """Completed, CommandFailed, ToolMissing, TimedOut, Stopped."""
    digest: str
    """SHA-256 of its whole output, redacted, in hex."""
    tail: str = ""
    """The end of its output, redacted."""
    output: str = ""
    """What a context script said; empty for others."""

    @property
    def is_fatal(self) -> bool:
        """Return whether its failure fails what it belongs to."""
        return self.failed and self.on_failure == "fail"

    @property
    def summary(self) -> str:
        """Return how it failed, in a sentence."""
        code = self.exit_code
        how = "took too long" if code is None else f"failed with exit code {code}"
        return f'Script "{self.name}" ({self.when}) {how} after {self.seconds:.0f} s.'

    @property
    def message(self) -> str:
        """Return how it failed, with its last lines."""
        lines = "\n".join(self.tail.rstrip().splitlines()[-_LAST_LINES:])
        return f"{self.summary} Its last lines:\n{lines}" if lines else self.summary


class ScriptDriver:
    """Runs one script; made anew for every execution."""

    name = "script"

    def __init__(self, script: FrozenScript) -> None:
        self.script = script
        self.heard = ScriptTranslator()

    def launch(self, brief: Brief) -> Launch:
        """Return the process; a context script's stderr is kept apart from what it says."""
        path, files = self._program(brief)
        return Launch(
            argv=("sh", "-c", f'exec {interpreter(self.script)} "$1"', "courier", path),
            files=files,
            env=brief.env,
            secrets=brief.secrets,
            output="stdout" if self.script.when == "context" else "both",
        )

    def translator(self, brief: Brief) -> "ScriptTranslator":  # noqa: ARG002 - the port's shape
        """Return a fresh translator, which `heard` is from now on."""
        self.heard = ScriptTranslator()
        return self.heard

    def ran(self, outcome: Outcome) -> ScriptRan:
        """Return what an execution came to, from its outcome and what was heard."""
        context, failed = self.script.when == "context", outcome.status != "completed"
        return ScriptRan(
            name=self.script.name,
            when=self.script.when,
            exit_code=outcome.exit_code,
            seconds=outcome.usage.agent_seconds,
            failed=failed,
            on_failure=self.script.on_failure,
            reason=outcome.reason,
            digest=self.heard.digest,
            tail=outcome.text if failed or not context else "",
            output=self.heard.text if context and not failed else "",
        )

    def _program(self, brief: Brief) -> tuple[str, dict[str, bytes]]:
        if self.script.run is None:
            return f"{brief.workspace}/{self.script.file}", {}
        path = f"{brief.scratch}/{self.script.when}-{self.script.name}"
        return path, {path: body(self.script.run)}


class ScriptTranslator:
    """Every line is output; keeps a digest of all, the beginning and the end."""

    def __init__(self) -> None:
        self._sum = sha256()
        self._lines: list[str] = []
        self._room = CONTEXT_CHARACTERS
        self._tail: deque[str] = deque(maxlen=200)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the output so far, in hex."""
        return self._sum.hexdigest()

    @property
    def text(self) -> str:
        """Return the output so far, as much of it as is kept."""
        return "\n".join(self._lines)

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return one line as output; half characters become question marks."""
        text = text.encode(errors="replace").decode()
        self._sum.update(f"{text}\n".encode())
        self._tail.append(text[-TAIL_CHARACTERS:])
        if self._room > 0:
            self._lines.append(text[: self._room])
            self._room -= len(text) + 1
        return (OutputWritten(text=text),)

    @property
    def finished(self) -> bool:
        """Whether the script is over, which only its exit tells."""
        return False

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return the exit code's meaning, with the end of what was said, errors last."""
        tail = "\n".join([*self._tail, *stderr.splitlines()])[-TAIL_CHARACTERS:]
        if exit_code == 0:
            return Outcome(status="completed", reason="Completed", text=tail, exit_code=0)
        reason = "ToolMissing" if exit_code in (126, 127) else "CommandFailed"
        return Outcome(
            status="failed",
            reason="Stopped" if exit_code is None else reason,
            text=tail,
            exit_code=exit_code,
        )


def interpreter(script: FrozenScript) -> str:
    """Return the shell words that read a script."""
    return _STRICT_BASH if script.interpreter.strip() == "bash" else script.interpreter


def body(commands: str) -> bytes:
    """Return commands as the content of a file."""
    text = commands.replace("\r\n", "\n")
    return (text if text.endswith("\n") else f"{text}\n").encode()


def program_of_commands(commands: str) -> bytes:
    """Return an executable that runs shell commands; its arguments are theirs."""
    if commands.startswith("#!"):
        return body(commands)
    return b"#!/usr/bin/env bash\nset -eo pipefail\n" + body(commands)


def program_of_file(script: FrozenScript, path: str) -> bytes:
    """Return an executable that has a script's interpreter read a file."""
    return f'#!/bin/sh\nexec {interpreter(script)} {shlex.quote(path)} "$@"\n'.encode()


def dynamic_context(ran: Iterable[ScriptRan]) -> str:
    """Return what context scripts said, as a prompt repeats it; empty if they said nothing."""
    left, told = CONTEXT_TOTAL, []
    for each in ran:
        text = bounded(each.output.strip(), left) if left > 0 else ""
        if text.strip():
            told.append(as_data(text, source=f"script {each.name}"))
            left -= len(text)
    return "\n\n".join(["# What scripts found out", *told]) if told else ""
