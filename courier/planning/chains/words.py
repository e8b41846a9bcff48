"""What is told of a chain that does not go on by itself."""

from typing import Final

from courier.planning.chains.chain import Chain
from courier.planning.observed.course import Course, is_down, is_unopened

FAILED: Final = "PartFailed"
"""The reason of a chain with a part that failed or was cancelled."""


def why_stopped(chain: Chain, course: Course) -> str | None:
    """Return why a chain waits for people, and what they can do; None if it does not."""
    part = course.parts[course.current] if course.current is not None else None
    if part is None or not is_down(part):
        return None
    anew = f"`courier resume {chain.ref.kind.lower()}/{chain.ref.name}` begins it anew"
    if part.phase == "completed":
        return (
            f"Pull request #{part.number} of {chain.word} {part.name} was closed and not merged, "
            f"so that nothing is built on it. {anew}; with `--from` a later one is next."
        )
    if is_unopened(part):
        return (
            f"The pull request of its {chain.word} {part.name} could not be opened; `courier "
            f"describe run/{part.run}` says why. It is tried again every few minutes, and the "
            f"chain goes on once it is open. {anew} instead."
        )
    told = f"Its {chain.word} {part.name} {_ended(part.phase)} ({part.reason or part.phase})."
    again = f"`courier retry {part.run}` goes on with its work"
    if chain.source != "sprintChain":
        return f"{told} {again}; {anew}."
    if chain.resume_from is None:
        return f"{told} {again}; {anew}, as does `resumeFrom: {part.name}` in its document."
    return (
        f"{told} `resumeFrom: {chain.resume_from}` was taken at its word already, or stood there "
        f"before this failure; it counts again once it says something else. {again}; {anew}."
    )


def _ended(phase: str) -> str:
    return "failed" if phase == "failed" else "was cancelled"
