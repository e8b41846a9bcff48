"""The shell agent: commands people wrote, run by bash; their exit code is the result.

The commands become a script file run as ``bash -eo pipefail FILE``, as continuous integration
does it: the first command that fails ends the script, also inside a pipe, because a check that
fails in the middle must never count as passed. Unset variables stay empty; ``set +e`` at the
top gives plain bash back. The prompt is in the file that ``$COURIER_PROMPT_FILE`` names.
"""

from collections import deque
from collections.abc import Sequence

from courier.runs.briefs.brief import Brief, Launch
from courier.runs.transcripts.transcript import AgentEvent, Outcome, OutputWritten

TAIL_CHARACTERS = 500_000
"""How much of the end of the output an outcome carries; the whole of it is in the transcript."""

PROMPT_FILE = "COURIER_PROMPT_FILE"
"""The variable that names the file with the prompt."""


class ShellDriver:
    """Runs a brief's commands."""

    name = "shell"

    def launch(self, brief: Brief) -> Launch:
        """Return the process: a script file, with the prompt in another file beside it."""
        script = f"{brief.scratch}/commands.sh"
        prompt = f"{brief.scratch}/prompt.md"
        return Launch(
            argv=("bash", "-eo", "pipefail", script),
            files={script: _as_script(brief.run or ""), prompt: brief.prompt.encode()},
            env={**brief.env, PROMPT_FILE: prompt},
            secrets=brief.secrets,
            output="both",
        )

    def translator(self, brief: Brief) -> "ShellTranslator":  # noqa: ARG002 - the port's shape
        """Return a fresh translator."""
        return ShellTranslator()


class ShellTranslator:
    """Every line is output; keeps only the end of it."""

    def __init__(self) -> None:
        self._tail: deque[str] = deque()
        self._kept = 0

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return one line as output; half characters become question marks."""
        text = _clean(text)
        self._tail.append(text)
        self._kept += len(text) + 1
        while self._kept - len(self._tail[0]) - 1 >= TAIL_CHARACTERS:
            self._kept -= len(self._tail.popleft()) + 1
        return (OutputWritten(text=text),)

    @property
    def finished(self) -> bool:
        """Whether commands are over, which only their exit tells."""
        return False

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return the exit code's meaning; ``stderr`` is what was not merged, if anything."""
        text = "\n".join([*self._tail, *_clean(stderr).splitlines()])[-TAIL_CHARACTERS:]
        if exit_code is None:
            return Outcome(
                status="failed", reason="Stopped", message="The commands were stopped.", text=text
            )
        if exit_code == 0:
            return Outcome(status="completed", reason="Completed", text=text, exit_code=0)
        reason, message = _failure(exit_code)
        return Outcome(
            status="failed", reason=reason, message=message, text=text, exit_code=exit_code
        )


def _failure(exit_code: int) -> tuple[str, str]:
    if exit_code == 127:
        return "ToolMissing", (
            "A command was not found (exit code 127). Install it in the sandbox's template, "
            "or correct its name in the step's `run`."
        )
    if exit_code == 126:
        return "ToolMissing", (
            "A command is not executable (exit code 126). Run it through its interpreter, "
            "or `chmod +x` it in the repository."
        )
    if exit_code < 0 or exit_code > 128:
        signal = -exit_code if exit_code < 0 else exit_code - 128
        return "CommandFailed", f"The commands were killed by signal {signal}."
    return "CommandFailed", f"The commands failed with exit code {exit_code}."


def _as_script(commands: str) -> bytes:
    text = commands.replace("\r\n", "\n")
    return (text if text.endswith("\n") else text + "\n").encode()


def _clean(text: str) -> str:
    return text.encode(errors="replace").decode()
