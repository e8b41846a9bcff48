"""Whole commands on whole repositories, against text and JSON that was accepted.

A case is a folder: `command`, what the repository holds (`.courier/`), what lies beside it without
being committed (`edits/`), and what is expected (`stdout`, `stderr`, `code`).
"""

import shlex
from pathlib import Path

import pytest

from tests.cli.program import courier, neutral, repository
from tests.contracts.scratch import put

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/command"))


def files_of(folder: Path, *, below: str = "") -> dict[str, str | bytes | None]:
    return {
        f"{below}{path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    root = repository(tmp_path, files_of(case / ".courier", below=".courier/"))
    put(root, files_of(case / "edits"))
    program, *argv = shlex.split((case / "command").read_text())
    assert program == "courier"
    said = courier(*argv, cwd=root)
    found = {
        "stdout": neutral(said.out, root),
        "stderr": neutral(said.err, root),
        "code": f"{said.code}\n",
    }
    if request.config.getoption("--accept"):
        for name, text in found.items():
            (case / name).write_text(text)
    expected = {name: (case / name).read_text() for name in found}
    assert found == expected
