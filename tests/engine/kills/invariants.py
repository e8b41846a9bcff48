"""What must hold after whole runs, however often courier was killed on the way."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import zstandard

from tests.engine.worlds import git

STEPS = [("design", 1), ("check", 1), ("design", 2), ("check", 2)]
STATE = "courier/state"


def problems_of(folder: Path, runs: list[str], *, home: Path | None = None) -> list[str]:
    """Return everything wrong in an origin and a state folder after these runs."""
    origin, home = folder / "origin.git", home or folder / folder.name
    found = [problem for run in runs for problem in _run_problems(origin, run)]
    found += _proposal_problems(origin, runs)
    found += _usage_problems(origin, runs)
    locks = [*(home / "mirror.git").rglob("*.lock"), *origin.rglob("*.lock")]
    found += [f"lock left: {lock}" for lock in locks]
    found += [f"scratch left: {left}" for left in (home / "scratch").iterdir() if left.is_dir()]
    meant = {name for run in runs for name in (f"courier/{run}", f"for-{run}")}
    extra = set(_branches(origin)) - meant - {"main", STATE}
    return found + [f"branch left: {branch}" for branch in sorted(extra)]


def _run_problems(origin: Path, run: str) -> list[str]:
    records = [path for path in _files(origin, "runs") if path.endswith(f"/{run}/run.json")]
    if len(records) != 1:
        return [f"{run}: records {records}"]
    record = json.loads(git(origin, "show", f"{STATE}:{records[0]}"))
    found = _work_problems(origin, run) + _transcript_problems(origin, run, record)
    if (record["phase"], record["reason"]) != ("completed", "Completed"):
        found.append(f"{run}: ended {record['phase']} {record['reason']} {record['message']}")
    for step in record["steps"]:
        if step["attempt"] != 1 or step["outcome"]["reason"] not in ("Completed", "CommandFailed"):
            found.append(f"{run}: {step['folder']} {step['outcome']}")
    if [(step["step"], step["iteration"]) for step in record["steps"]] != STEPS:
        found.append(f"{run}: attempts {[step['folder'] for step in record['steps']]}")
    return found


def _work_problems(origin: Path, run: str) -> list[str]:
    def show(path: str) -> list[str]:
        return git(origin, "show", f"courier/{run}:{path}").split()

    commits = git(origin, "rev-list", "--count", f"main..courier/{run}")
    seen = (show("value"), show("starts"), show("iterations"), commits)
    # An agent that was started twice in its sandbox would have counted to two.
    if seen != (["right"], ["start"], ["1", "2"], "2"):
        return [f"{run}: value, starts, iterations and commits are {seen}"]
    return []


def _transcript_problems(origin: Path, run: str, record: dict[str, object]) -> list[str]:
    blob = record["transcript"]
    if not isinstance(blob, str):
        return [f"{run}: no transcript is kept"]
    told = zstandard.ZstdDecompressor().decompress(_blob(origin, blob), max_output_size=1 << 24)
    events = [json.loads(line) for line in told.splitlines()]
    said = [event["text"] for event in events if event["kind"] == "output"]
    wanted = [
        *(f"design 1 line {line}" for line in (1, 2, 3)),
        *("check 1 started 1", "value is wrong, not right"),
        *(f"design 2 line {line}" for line in (1, 2, 3)),
        "check 2 started 1",
    ]
    return [] if said == wanted else [f"{run}: transcript {said}"]


def _proposal_problems(origin: Path, runs: list[str]) -> list[str]:
    read = (git(origin, "show", f"{STATE}:{path}") for path in _files(origin, "proposals"))
    proposals = [json.loads(text) for text in read]
    of = Counter(proposal["run"] for proposal in proposals)
    found = [f"{run}: {of[run]} pull requests" for run in runs if of[run] != 1]
    wrong = [one["number"] for one in proposals if one["status"] != "created"]
    return found + [f"pull request {number} is not open" for number in wrong]


def _usage_problems(origin: Path, runs: list[str]) -> list[str]:
    lines = [
        json.loads(line)
        for path in _files(origin, "usage")
        for line in git(origin, "show", f"{STATE}:{path}").splitlines()
    ]
    keys = Counter(line["key"] for line in lines)
    found = [f"{key}: charged {times} times" for key, times in keys.items() if times > 1]
    for run in runs:
        own = [line for line in lines if line["run"] == run and line["sort"] == "step"]
        charged = [(line["step"], line.get("iteration", 1)) for line in own]
        if charged != STEPS:
            found.append(f"{run}: charged {charged}")
    return found


def _files(origin: Path, prefix: str) -> list[str]:
    return git(origin, "ls-tree", "-r", "--name-only", STATE, f"{prefix}/").splitlines()


def _branches(origin: Path) -> list[str]:
    return git(origin, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()


def _blob(origin: Path, blob: str) -> bytes:
    done = subprocess.run(
        ["git", "cat-file", "blob", blob], cwd=origin, check=True, capture_output=True
    )
    return done.stdout
