"""Where errors end: exit codes, and what people get to read."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from courier.cli.boundary import guarded
from courier.cli.here import Here
from courier.errors import Conflict, Misused
from tests.cli.program import courier, repository


def ended(error: BaseException | int, folder: Path) -> tuple[int, str]:
    def command() -> object:
        if isinstance(error, int):
            return error
        raise error

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        here = Here(
            {"COURIER_HOME": str(folder / "state"), "MY_TOKEN": "s3cr3t-value"}, str(folder)
        )
        code = guarded(command, here, ["plan", "--token=s3cr3t-value"])
    return code, err.getvalue()


def test_our_errors_say_what_and_what_next(tmp_path: Path) -> None:
    error = Conflict("It moved.", detail="main is\n\x1b[31melsewhere", next_step="Try again.")
    assert ended(error, tmp_path) == (
        1,
        "Error: It moved.\n  main is\n  \\x1b[31melsewhere\nNext: Try again.\n",
    )


def test_misuse_is_two_and_interruption_130(tmp_path: Path) -> None:
    assert ended(Misused("No."), tmp_path)[0] == 2
    assert ended(KeyboardInterrupt(), tmp_path) == (130, "Interrupted.\n")
    assert ended(7, tmp_path) == (7, "")


def test_a_bug_leaves_a_report_without_secrets(tmp_path: Path) -> None:
    code, err = ended(ZeroDivisionError("s3cr3t-value"), tmp_path)
    assert code == 3
    assert err.count("\n") == 1
    [report] = (tmp_path / "state" / "reports").iterdir()
    assert str(report) in err
    text = report.read_text()
    assert "ZeroDivisionError" in text
    assert "s3cr3t-value" not in text + err


def test_a_report_that_cannot_be_written_is_shown(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    code, err = ended(ZeroDivisionError("why"), tmp_path)
    assert code == 3
    assert "Traceback" in err


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    root = repository(tmp_path, {".courier/project.yaml": "apiVersion: courier/v1\n"})
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "COURIER_HOME": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "courier", "schema"],
        cwd=root,
        env=environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("variables", "choice", "coloured"),
    [({}, "always", True), ({"NO_COLOR": "1"}, "always", True), ({}, "auto", False)],
)
def test_colour(tmp_path: Path, variables: dict[str, str], choice: str, coloured: bool) -> None:
    root = repository(tmp_path, {})
    said = courier("describe", "--color", choice, "x", cwd=root, **variables)
    assert ("\x1b[" in said.err) == coloured


def test_nothing_is_a_repository_somewhere_else(tmp_path: Path) -> None:
    said = courier("get", "runs", cwd=tmp_path)
    assert said.code == 1
    assert "git init" in said.err
