"""Measuring programs side by side: interleaved rounds, CPU time of a process and its children."""

import os
import subprocess
import sys
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


def measure(
    cases: Mapping[str, Case], *, rounds: int, cwd: str, env: Mapping[str, str]
) -> dict[str, float]:
    """Return name to the median of CPU seconds; one unmeasured round comes first."""
    found: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, case in cases.items():
            if case.rounds is not None and number > case.rounds:
                continue
            case.before()
            seconds = cpu_seconds(case.words, cwd=cwd, env=env)
            if number or case.rounds is not None:
                found[name].append(seconds)
            sys.stderr.write(f"  {name}: {seconds:.3f}\n")
    return {name: median(seconds) for name, seconds in found.items()}


def cpu_seconds(words: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> float:
    """Run a program; return the CPU seconds it and its children used."""
    process = subprocess.Popen(
        words, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{words[:3]} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def table(title: str, measured: Mapping[str, float], ours: str, goals: Mapping[str, str]) -> str:
    """Return a Markdown table of times and of how each compares to ours."""
    rows = [f"| {title} | CPU ms | ÷ courier | goal |", "|---|---:|---:|---|"]
    for name, seconds in measured.items():
        factor = "" if name == ours else f"{seconds / measured[ours]:.2f}"
        rows.append(f"| {name} | {seconds * 1000:.1f} | {factor} | {goals.get(name, '')} |")
    return "\n".join(rows) + "\n"
