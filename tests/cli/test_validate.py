"""`courier validate` as people and programs meet it."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from courier import __version__
from courier.__main__ import state_folder
from courier.cli.prepared import FOLDER, prepared_help
from courier.cli.verdict import Place, Streams, Wish, parse, run
from courier.settings import state_home
from tests.unit.planning.catalogs import document

RUN = document("Run", "a", "workflow: fxi\nprompt: x")
GOOD = {
    "project.yaml": document("Project", "shop"),
    "w.yaml": document("Workflow", "fix", "type: single"),
}
HUMAN = """\
.courier/r.yaml:6:13 error Unknown name [UnknownReference]
  There is no Workflow "fxi". Did you mean "fix"?
  6 |   workflow: fxi
    |             ^
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, GOOD)
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = root / ".courier" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def asked(root: Path, *words: str, **environment: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    place = Place(str(root), {"PATH": "/usr/bin:/bin", **environment}, str(root / "state"))
    return run(words, place, Streams(out, err)), out.getvalue(), err.getvalue()


def test_nothing_wrong(root: Path) -> None:
    assert asked(root) == (0, "2 documents, no problems.\n", "")


def test_a_problem_for_people(root: Path) -> None:
    write(root, {"r.yaml": RUN})
    assert asked(root) == (1, "3 documents valid, 1 problem in 1 file.\n", HUMAN)
    assert asked(root, "--no-cache", str(root / ".courier")) == asked(root)


def test_a_problem_for_programs(root: Path) -> None:
    write(root, {"r.yaml": RUN})
    code, out, err = asked(root, "-o", "json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "formatVersion": 1,
        "valid": False,
        "documents": 3,
        "diagnostics": [
            {
                "severity": "error",
                "code": "UnknownReference",
                "summary": "Unknown name",
                "detail": 'There is no Workflow "fxi". Did you mean "fix"?',
                "file": ".courier/r.yaml",
                "line": 6,
                "column": 13,
            }
        ],
    }


ALL = """\
.courier/r.yaml:6:13 error Unknown name [UnknownReference]
  There is no Workflow "fxi". Did you mean "fix"?
  6 |   workflow: fxi
    |             ^
.courier/r.yaml:7:11 error Wrong type [WrongType]
  `prompt` must be text, found `1`. Put it in quotes.
  7 |   prompt: 1
    |           ^
"""


def test_all_mistakes_of_a_document_in_one_pass(root: Path) -> None:
    write(root, {"r.yaml": RUN.replace("prompt: x", "prompt: 1")})
    assert asked(root) == (1, "2 documents valid, 2 problems in 1 file.\n", ALL)
    told = json.loads(asked(root, "-o", "json")[1])["diagnostics"]
    assert [(each["code"], each["line"], each["column"]) for each in told] == [
        ("UnknownReference", 6, 13),
        ("WrongType", 7, 11),
    ]


def test_colour_only_where_wanted(root: Path) -> None:
    write(root, {"r.yaml": RUN})
    assert "\x1b" not in asked(root)[2]
    coloured = asked(root, "--color=always", NO_COLOR="1")[2]
    assert "\x1b[31merror\x1b[0m" in coloured


def test_text_of_documents_cannot_steer_the_terminal(root: Path) -> None:
    write(root, {"r.yaml": 'kind: "\\e[31mred\\a"\n', "s.yaml": "kind: \x1b[2J\n"})
    code, _, err = asked(root)
    assert code == 1
    assert err.count("error") == 2
    assert not set(err) & set("\x1b\x07")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--bad",), "there is no option --bad."),
        (("-o",), "-o needs a value."),
        (("-o", "xml"), "output is text or json, not 'xml'."),
        (("--color", "red"), "color is auto, always or never, not 'red'."),
        (("a", "b"), "give one PATH."),
    ],
)
def test_misuse(root: Path, words: tuple[str, ...], said: str) -> None:
    code, out, err = asked(root, *words)
    assert (code, out) == (2, "")
    assert err == f"Error: {said} Run `courier validate --help`.\n"


def test_nothing_to_check(tmp_path: Path) -> None:
    code, out, err = asked(tmp_path)
    assert (code, out) == (2, "")
    assert "courier init" in err
    assert asked(tmp_path, "nowhere")[0] == 2


def test_arguments() -> None:
    assert parse(["x", "--output=json", "--no-cache"]) == Wish(
        path="x", output="json", use_cache=False
    )


def test_the_process(root: Path) -> None:
    write(root, {"r.yaml": RUN})
    done = courier("validate", cwd=root)
    assert (done.returncode, done.stderr) == (1, HUMAN)
    again = courier("-C", str(root), "validate", cwd=root.parent)
    assert (again.returncode, again.stdout, again.stderr) == (1, done.stdout, HUMAN)
    assert courier("--version", cwd=root).stdout == f"courier {__version__}\n"


def courier(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "courier", *words], cwd=cwd, text=True, capture_output=True
    )


def test_help_made_ahead_is_current() -> None:
    """Write it anew with ``python -m courier.cli.prepared``."""
    for name, text in prepared_help().items():
        assert (FOLDER / f"{name}.txt").read_text() == text


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/home/ann"},
        {"HOME": "/home/ann", "XDG_STATE_HOME": "/state"},
        {"HOME": "/home/ann", "COURIER_HOME": "/courier"},
        {"HOME": "/home/ann", "COURIER_HOME": "", "XDG_STATE_HOME": ""},
        {},
    ],
)
def test_the_short_way_to_the_state_folder(environment: dict[str, str]) -> None:
    assert state_folder(environment) == str(state_home(environment))
