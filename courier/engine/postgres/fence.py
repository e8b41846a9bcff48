"""Ownership: what a worker puts on record of a run counts only while the run is its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from courier.engine.inflight import Cancellation
from courier.engine.journal.places import Claim
from courier.engine.journal.writer import Transaction, Write
from courier.engine.postgres.writer import Writer
from courier.errors import CourierError
from courier.ports.clock import Clock

T = TypeVar("T")
FRESH_SECONDS = 5.0
"""How old an answer may be that says a run is ours; less than others wait before they take it."""


class Ousted(CourierError):
    """Another worker has taken the run over."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """One worker's time with one run; the fence grows with every change of hands."""

    seq: int
    run_id: str
    worker: str
    fence: int

    def check(self, write: Transaction) -> Cancellation | None:
        """Keep the run from changing hands until the commit; return who asked it to stop, if any.

        Raises:
            Ousted: If it has changed hands.
        """
        row = write.execute(
            "SELECT cancel_by, cancel_reason FROM runs"
            " WHERE seq = ? AND owner = ? AND fence = ? FOR UPDATE",
            (self.seq, self.worker, self.fence),
        ).fetchone()
        if row is None:
            raise Ousted(f"Run {self.run_id} is another worker's now.")
        return None if row[0] is None else Cancellation(row[0], row[1] or "")


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a writer tells what the check of its tenure brings to light.

    Attributes:
        lost: Called when the run is another worker's.
        asked: Called when somebody asked it to stop, each time again.
    """

    lost: Callable[[], None]
    asked: Callable[[Cancellation], None]


class FencedWriter:
    """Writes for one run, each in one transaction with the check that the run is still ours."""

    def __init__(self, writer: Writer, tenure: Tenure, told: Told, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._tenure = tenure
        self._told = told

    async def write(self, write: Write[T], *, then: Callable[[T], None] | None = None) -> T:
        """Commit a write and return its answer.

        Raises:
            asyncio.CancelledError: If the run is another worker's; nothing was written.
        """

        def fenced(transaction: Transaction) -> tuple[Cancellation | None, T]:
            return self._tenure.check(transaction), write(transaction)

        def tell(answer: tuple[Cancellation | None, T]) -> None:
            if answer[0] is not None:
                self._told.asked(answer[0])
            if then is not None:
                then(answer[1])

        try:
            _, answer = await self._writer.write(fenced, then=tell)
        except Ousted:
            self._told.lost()
            raise asyncio.CancelledError("The run is another worker's.") from None
        return answer

    async def check(self) -> None:
        """Return if the run is still this worker's.

        Raises:
            asyncio.CancelledError: If it is another's.
        """
        fresh = False
        while not fresh:
            asked = self._clock.monotonic()
            await self.write(lambda _: None)
            # Whoever was frozen between the answer and here has an answer of long ago.
            fresh = self._clock.monotonic() - asked < FRESH_SECONDS

    def put(self, write: Write[None]) -> None:
        """Commit a write after those before it; nobody waits for it."""

        def fenced(transaction: Transaction) -> None:
            self._tenure.check(transaction)
            write(transaction)

        self._writer.ask(fenced).add_done_callback(_look_away)


class Seats:
    """The places of one run, which all workers share in the database."""

    def __init__(self, writer: FencedWriter, tenure: Tenure) -> None:
        self._writer = writer
        self._tenure = tenure
        self.claim: Claim | None = None

    def line_up(self, claim: Claim) -> None:
        """Put the run in line again, after a rest."""
        self.claim = claim
        self._set("in_line = TRUE")

    def take(self, queue: str) -> None:  # noqa: ARG002 - the run has but one queue
        """Take a place whatever the limits say."""
        self._set("placed = TRUE, in_line = FALSE")

    def give_back(self, queue: str) -> None:  # noqa: ARG002 - as above
        """Free the place."""
        self._set("placed = FALSE")

    def granted(self) -> None:
        """Go on with the run: it has got a place."""
        claim, self.claim = self.claim, None
        if claim is not None and not claim.withdrawn:
            claim.grant()

    def _set(self, what: str) -> None:
        seq, run_id = self._tenure.seq, self._tenure.run_id

        def write(transaction: Transaction) -> None:
            transaction.execute(f"UPDATE runs SET {what} WHERE seq = ?", (seq,))  # noqa: S608 - constants
            transaction.note(run_id, "rested")

        self._writer.put(write)


def _look_away(answer: "asyncio.Future[None]") -> None:
    # Whoever is ousted hears of it with the next write that is awaited.
    if not answer.cancelled():
        answer.exception()
