"""Simulations through the program: everything real but the agents."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from courier.sandboxd.launcher import stop
from tests.cli.program import Said, courier
from tests.contracts.scratch import git, put

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"


@contextmanager
def repository(folder: Path, example: str) -> Iterator[Path]:
    """Make an example a repository, and stop what was started for it at the end."""
    root = folder / "repo"
    shutil.copytree(EXAMPLES / example, root, ignore=shutil.ignore_patterns("__pycache__"))
    git("init", "-q", "-b", "main", cwd=root)
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "First", cwd=root)
    try:
        yield root
    finally:
        stop(folder / "state" / "sandboxd", kill_sandboxes=True)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Return the quickstart example as a repository."""
    with repository(tmp_path, "quickstart") as found:
        yield found


def simulate(root: Path, text: str | None = None, *more: str) -> Said:
    if text is not None:
        put(root, {"sim.yaml": text})
    file = "scenarios.yaml" if text is None else "sim.yaml"
    return courier("apply", "--simulate", file, *more, cwd=root, COURIER_ALLOW_PLAIN="1")


def test_the_examples_scenarios_come_out_as_expected(root: Path) -> None:
    before = git("for-each-ref", cwd=root), git("status", "--porcelain", cwd=root)
    said = simulate(root)
    assert (said.code, said.err) == (0, ""), said
    assert said.out.count("  as expected") == 2
    assert "✗ check 1      fail" in said.out
    assert "✓ pull request #1" in said.out
    assert (git("for-each-ref", cwd=root), git("status", "--porcelain", cwd=root)) == before


def test_people_are_played_too(tmp_path: Path) -> None:
    with repository(tmp_path, "approvals") as root:
        said = simulate(root)
    assert (said.code, said.out.count("  as expected")) == (0, 3), said
    assert "approved by the simulation" in said.out
    assert "nobody answered in time" in said.out


def test_candidates_are_played_each_with_answers_of_its_own(tmp_path: Path) -> None:
    with repository(tmp_path, "candidates") as root:
        said = simulate(root)
    assert (said.code, said.out.count("  as expected")) == (0, 1), said
    assert "c3/design 1" in said.out
    assert "chooses candidate-2" in said.out


def test_documents_of_every_kind_are_played_to_their_end(tmp_path: Path) -> None:
    with repository(tmp_path, "issues") as root:
        said = simulate(root)
    assert (said.code, said.err) == (0, ""), said
    assert said.out.count("  as expected") == 9


def draft(root: Path, branch: str, text: str) -> None:
    git("switch", "-q", "-c", branch, "main", cwd=root)
    put(root, {"LOANS.md": text})
    git("commit", "-q", "-am", f"Draft {branch}", cwd=root)
    git("switch", "-q", "main", cwd=root)


MERGED = """\
scenario: Both drafts become one
document: merge/both-drafts
answers: {merge: [{text: Both are in., files: {LOANS.md: "fee and reminder"}}]}
expect: {phase: completed, steps: [merge-1, check-1], files: [LOANS.md], pullRequest: created}
---
scenario: Nobody resolves the conflict
document: merge/both-drafts
expect: {phase: failed, reason: NoAnswer, pullRequest: none}
"""


def test_a_conflict_is_resolved_as_the_scenario_says(tmp_path: Path) -> None:
    with repository(tmp_path, "issues") as root:
        draft(root, "draft-fees", "a fee")
        draft(root, "draft-reminders", "a reminder")
        said = simulate(root, MERGED)
        assert (said.code, said.out.count("  as expected")) == (0, 2), said
        git("branch", "-f", "draft-reminders", "main", cwd=root)
        check = "check: grep -q fee LOANS.md && grep -q reminder LOANS.md"
        merge = root / ".courier/merges/drafts.yaml"
        merge.write_text(merge.read_text().replace(check, "check: grep -q fee LOANS.md"))
        joined = "scenario: x\ndocument: merge/both-drafts\nexpect: {steps: [check-1]}\n"
        said = simulate(root, joined)
        assert (said.code, said.out.count("  as expected")) == (0, 1), said


SCENARIO = """\
scenario: One answer
spec: {workflow: fix-with-claude, prompt: Mend it.}
answers:
  design:
    - text: Done.
      files: {"deep/new file.txt": "hello", README.md: null}
      usage: {inputTokens: 7, costUsd: "0.25"}
  check: [{verdict: pass}]
expect: {phase: completed, files: [README.md, other.txt], pullRequest: none, reason: Completed}
"""


def test_what_is_not_as_expected_is_told(root: Path) -> None:
    said = simulate(root, SCENARIO, "-o", "json")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 1
    assert lines[-1]["unmet"] == [
        "files: expected README.md, other.txt, it was README.md, deep/new file.txt",
        "pull request: expected none, it was created",
    ]
    assert "0.25" in said.out


def test_documents_on_disk_count_and_a_run_can_be_named(root: Path) -> None:
    put(
        root,
        {
            ".courier/workflows/fix.yaml": (root / ".courier/workflows/fix-with-claude.yaml")
            .read_text()
            .replace("name: fix-with-claude", "name: fix")
            .replace("maxIterations: 3", "maxIterations: 1")
        },
    )
    answers = "answers: {design: [{text: a, files: {a: b}}], check: [{verdict: fail, feedback: n}]}"
    text = f"scenario: x\nrun: fix-slugify\n{answers}\nexpect: {{steps: [design-1, check-1]}}\n"
    said = simulate(root, text)
    assert said.code == 0, said
    assert "LoopExhausted" in said.out


def test_limits_and_failures_are_played(root: Path) -> None:
    text = """\
scenario: A limit ends, and a crash is tried again
spec: {workflow: fix-with-claude, prompt: Mend it.}
answers:
  design:
    - status: limited
      reason: RateLimited
      then: {status: failed, reason: Overloaded, retryable: true, then: {text: a, files: {a: b}}}
  check: [{verdict: pass}]
expect: {phase: completed, steps: [design-1, design-1, design-1, check-1]}
"""
    said = simulate(root, text)
    assert said.code == 0, said
    forever = text.replace("then: {status: failed", "x: {status: failed")
    assert 'There is no "x"' in simulate(root, forever).err
    limited = "scenario: x\nrun: y\nanswers:\n  a:\n    - {status: limited}\n"
    assert "sim.yaml:5:7 error A limit has to end" in simulate(root, limited).err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scenario: x\n", "sim.yaml:1:1 error What is simulated? [MissingField]"),
        ("", "No scenario in the file"),
        (SCENARIO.replace("verdict", "verdcit"), 'There is no "verdcit". Did you mean "verdict"?'),
        (SCENARIO.replace("  check:", "  chekc:"), 'There is no step "chekc".'),
        (SCENARIO.replace("  design:", "  check:", 1).replace("  check: [", "  x: ["), "no answer"),
        (SCENARIO.replace("fix-with-claude", "nothing"), "nothing"),
        ("scenario: x\nrun: a\ndocument: issue/b\n", "Write one of these: `run`"),
        ("scenario: x\ndocument: weekly\n", "Try `document: issuescan/NAME`."),
        ("scenario: x\ndocument: scen/weekly\n", "There is no such kind."),
        ("scenario: x\ndocument: issuescan/weekly\n", "No document in .courier/ is IssueScan/"),
        ("scenario: x\ndocument: workflow/fix-with-claude\n", "Nothing runs for documents of"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(root: Path, text: str, told: str) -> None:
    said = simulate(root, text)
    assert said.code in (1, 2)
    assert told in said.err, said
    assert said.out.count("as expected") == 0
