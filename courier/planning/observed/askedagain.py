"""What people asked to be done again."""

from dataclasses import dataclass

from courier.runs.run.frozen import FrozenPlan


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """An ended run that somebody wants done again, and that was not begun yet.

    Attributes:
        name: What the new run is called.
        run: The ended run.
        frozen: What it does; None where it cannot be done, see ``problem``.
        by: Who asked.
        problem: Why it cannot be done; empty where it can.
    """

    name: str
    run: str
    frozen: FrozenPlan | None
    by: str
    problem: str = ""
