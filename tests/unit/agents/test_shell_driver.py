"""The shell agent: a script file, output as events, the exit code as the result."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.agents.shell import ShellDriver
from courier.ports.agents import AgentDriver
from courier.runs.briefs.brief import Brief
from courier.runs.transcripts.transcript import Outcome, OutputWritten

DRIVER: AgentDriver = ShellDriver()


def _brief(commands: str, scratch: str = "/scratch") -> Brief:
    return Brief(
        prompt="Fix it — please",
        workspace="/work",
        scratch=scratch,
        run=commands,
        env={"GREETING": "hi"},
        secrets=("TOKEN",),
    )


def _run(commands: str, folder: Path) -> tuple[list[str], Outcome]:
    brief = _brief(commands, str(folder / "scratch"))
    launch = DRIVER.launch(brief)
    for path, content in launch.files.items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(content)
    ended = subprocess.run(
        launch.argv,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **launch.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    translator = DRIVER.translator(brief)
    events = [event for line in ended.stdout.splitlines() for event in translator.line(line)]
    texts = [event.text for event in events if isinstance(event, OutputWritten)]
    return texts, translator.outcome(ended.returncode, stderr="")


def test_launch_holds_neither_prompt_nor_secret_in_its_arguments() -> None:
    launch = DRIVER.launch(_brief("echo one\r\necho two"))
    assert launch.argv == ("bash", "-eo", "pipefail", "/scratch/commands.sh")
    assert launch.files["/scratch/commands.sh"] == b"echo one\necho two\n"
    assert launch.files["/scratch/prompt.md"].decode() == "Fix it — please"
    assert launch.env == {"GREETING": "hi", "COURIER_PROMPT_FILE": "/scratch/prompt.md"}
    assert launch.secrets == ("TOKEN",)
    assert launch.output == "both"


def test_success(tmp_path: Path) -> None:
    lines, outcome = _run('echo "$GREETING"; cat "$COURIER_PROMPT_FILE"', tmp_path)
    assert lines == ["hi", "Fix it — please"]
    assert (outcome.status, outcome.reason, outcome.exit_code) == ("completed", "Completed", 0)
    assert outcome.text == "hi\nFix it — please"


def test_first_failure_ends_the_script(tmp_path: Path) -> None:
    lines, outcome = _run("echo before\n(exit 3) | cat\necho after", tmp_path)
    assert lines == ["before"]
    assert (outcome.status, outcome.reason) == ("failed", "CommandFailed")
    assert outcome.exit_code == 3
    assert not outcome.retryable


def test_missing_command_says_what_to_do(tmp_path: Path) -> None:
    _, outcome = _run("no-such-command-anywhere", tmp_path)
    assert outcome.reason == "ToolMissing"
    assert "template" in outcome.message


def test_command_that_cannot_be_executed(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("text")
    _, outcome = _run("./plain.txt", tmp_path)
    assert outcome.reason == "ToolMissing"
    assert "chmod" in outcome.message


@pytest.mark.parametrize("exit_code", [-9, 137])
def test_signal_is_named(exit_code: int) -> None:
    outcome = DRIVER.translator(_brief("")).outcome(exit_code, stderr="")
    assert outcome.reason == "CommandFailed"
    assert "signal 9" in outcome.message


def test_stopped_by_us() -> None:
    outcome = DRIVER.translator(_brief("")).outcome(None, stderr="")
    assert (outcome.status, outcome.reason) == ("failed", "Stopped")


@given(
    st.lists(
        st.text(
            alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"),
            max_size=900,
        )
    )
)
def test_text_is_the_end_of_the_output(lines: list[str]) -> None:
    translator = DRIVER.translator(_brief(""))
    for line in lines:
        translator.line(line)
    assert translator.outcome(1, stderr="").text == "\n".join(lines)[-500_000:]


def test_one_huge_line_and_half_characters() -> None:
    translator = DRIVER.translator(_brief(""))
    translator.line("x" * 600_000)
    events = translator.line("bad \udc80")
    assert events == (OutputWritten(text="bad ?"),)
    outcome = translator.outcome(1, stderr="")
    assert len(outcome.text) == 500_000
    assert outcome.text.endswith("\nbad ?")
