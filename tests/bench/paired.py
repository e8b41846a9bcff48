"""Measuring programs side by side: interleaved rounds, CPU time of a process and its children."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Case(NamedTuple):
    """One program to measure.

    Attributes:
        words: Its command line.
        before: What is done before each round, unmeasured.
        rounds: In how many rounds it takes part; None for all.
    """

    words: Sequence[str]
    before: Callable[[], object] = lambda: None
    rounds: int | None = None


class Used(NamedTuple):
    """What one run of a program took, in seconds."""

    cpu: float
    wall: float


def measure(
    cases: Mapping[str, Case], *, rounds: int, cwd: str, env: Mapping[str, str]
) -> dict[str, float]:
    """Return name to the median of CPU seconds; one unmeasured round comes first."""
    found = measure_rounds(cases, rounds=rounds, cwd=cwd, env=env)
    return {name: median(used.cpu for used in each) for name, each in found.items()}


def measure_rounds(
    cases: Mapping[str, Case], *, rounds: int, cwd: str, env: Mapping[str, str]
) -> dict[str, list[Used]]:
    """Return name to what each round took; one unmeasured round comes first."""
    found: dict[str, list[Used]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, case in cases.items():
            if case.rounds is not None and number > case.rounds:
                continue
            case.before()
            used = run_once(case.words, cwd=cwd, env=env)
            if number or case.rounds is not None:
                found[name].append(used)
            sys.stderr.write(f"  {name}: {used.cpu:.3f} ({used.wall:.3f})\n")
    return found


def times_faster(slow: Sequence[Used], fast: Sequence[Used]) -> Used:
    """Return the median of the ratios of each round."""
    pairs = list(zip(slow, fast, strict=True))
    return Used(median(a.cpu / b.cpu for a, b in pairs), median(a.wall / b.wall for a, b in pairs))


def run_once(words: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> Used:
    """Run a program; return what it and its children took."""
    start = time.perf_counter()
    process = subprocess.Popen(
        words, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{words[:3]} ended with {process.returncode}")
    return Used(used.ru_utime + used.ru_stime, wall)


def table(title: str, measured: Mapping[str, float], ours: str, goals: Mapping[str, str]) -> str:
    """Return a Markdown table of times and of how each compares to ours."""
    rows = [f"| {title} | CPU ms | ÷ courier | goal |", "|---|---:|---:|---|"]
    for name, seconds in measured.items():
        factor = "" if name == ours else f"{seconds / measured[ours]:.2f}"
        rows.append(f"| {name} | {seconds * 1000:.1f} | {factor} | {goals.get(name, '')} |")
    return "\n".join(rows) + "\n"
