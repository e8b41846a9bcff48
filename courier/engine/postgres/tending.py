"""What a worker does all the time: tell that it lives, hear what it missed, look for work."""

import asyncio
import logging
import re
from dataclasses import dataclass
from secrets import SystemRandom, token_hex

from courier.engine.inflight import Cancellation
from courier.engine.journal.schema import from_micros, to_micros
from courier.engine.journal.writer import Transaction
from courier.engine.postgres.claims import DEAD_SECONDS, Claimant, Found, look, release
from courier.engine.postgres.roster import Roster, Surroundings
from courier.engine.postgres.schema import PROTOCOL
from courier.ports.clock import Clock

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
LOOK_SECONDS = 1.0
"""How often a worker looks for work when nobody tells it that there is some."""
_PAUSE_SECONDS = 0.02
_OLD_RECEIPTS = "DELETE FROM receipts WHERE at < clock_timestamp() - interval '1 day'"
_PLAIN = re.compile(r"[^A-Za-z0-9.:_-]")
"""What the server would not keep of a connection's name."""


@dataclass(frozen=True, slots=True)
class Worker:
    """How a process presents itself to the others.

    Attributes:
        host: The name of its machine and process, for people.
        version: Its courier's version, for people.
        capacity: How many runs it runs at once; None for any number.
        queues: The queues it serves; None for all.
        protocol: What frozen plans it can read.
    """

    host: str = "courier"
    version: str = ""
    capacity: int | None = None
    queues: tuple[str, ...] | None = None
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True)
class _Missed:
    """What the database says of this worker's runs, whether it was told or not."""

    known: bool
    cancelled: tuple[tuple[str, Cancellation], ...] = ()
    signals: tuple[tuple[str, str], ...] = ()
    placed: tuple[str, ...] = ()


class Tending:
    """The two loops of one worker: its heartbeat and its claims."""

    def __init__(
        self,
        schema: str,
        around: Surroundings,
        roster: Roster,
        *,
        worker: Worker,
    ) -> None:
        self._schema = schema
        self._clock = around.clock
        self._writer = around.writer
        self._flows = tuple(around.flows)
        self._roster = roster
        self._worker = worker
        self._dice = SystemRandom()
        self._again = asyncio.Event()
        self._miss = asyncio.Event()
        self._reconnected = -float(DEAD_SECONDS)
        self._due: int | None = None
        self.id = ""

    async def register(self) -> None:
        """Become known to the others, under a new name; what an earlier name held is let go."""
        before, self.id = self.id, f"{_PLAIN.sub('-', self._worker.host)[:40]}:{token_hex(6)}"
        self._writer.name = self.id
        worker, name = self._worker, self.id

        def write(transaction: Transaction) -> None:
            if before:
                transaction.execute("DELETE FROM workers WHERE id = ?", (before,))
                release(transaction, before)
            transaction.execute(_OLD_RECEIPTS)
            transaction.execute("SELECT set_config('application_name', ?, FALSE)", (name,))
            transaction.execute(
                "INSERT INTO workers (id, host, version, protocol, capacity) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (name, worker.host, worker.version, worker.protocol, worker.capacity),
            )

        await self._writer.write(write, alone=True)

    async def leave(self) -> None:
        """Let go of everything, so that others go on with it at once."""
        name = self.id

        def write(transaction: Transaction) -> None:
            transaction.execute("DELETE FROM workers WHERE id = ?", (name,))
            transaction.execute("DELETE FROM leases WHERE holder = ?", (name,))
            release(transaction, name)

        await self._writer.write(write, alone=True)

    async def lead(self, name: str) -> bool:
        """Return whether this worker has, or gets, the lead in something."""
        worker = self.id
        return await self._writer.write(lambda tx: _lead(tx, worker, name), alone=True)

    def look_again(self) -> None:
        """Look for work soon: there may be some."""
        self._again.set()

    def catch_up(self) -> None:
        """Look soon what was asked of the runs here."""
        self._miss.set()

    def reconnected(self) -> None:
        """Look what was missed while the database was out of reach."""
        self._reconnected = self._clock.monotonic()
        self._miss.set()
        self._again.set()

    async def beat(self) -> None:
        """Tell that this worker lives, and catch up on what it was not told, until cancelled."""
        while True:
            self._miss.clear()
            try:
                await self._beat_once()
            except Exception:  # the worker's loop: it records and goes on
                log.exception("A heartbeat failed.")
            await _within(self._clock, self._miss, BEAT_SECONDS)

    async def claim(self) -> None:
        """Look for work until cancelled."""
        while True:
            self._again.clear()
            try:
                found = await self._look()
            except Exception:  # as above
                log.exception("A look for work failed.")
                found = Found()
            if found.contended or found.more:
                await self._clock.sleep(_PAUSE_SECONDS * (0.5 + self._dice.random()))
                continue
            await _within(self._clock, self._again, self._pause(found.due))

    async def _look(self) -> Found:
        worker = self.id
        judges = self._clock.monotonic() - self._reconnected >= DEAD_SECONDS
        claimant = Claimant(
            worker,
            self._flows,
            room=None,
            queues=self._worker.queues,
            judges=judges,
            now=to_micros(self._clock.now()),
            protocol=self._worker.protocol,
        )

        def take_up(found: Found) -> None:
            # A worker that was buried meanwhile is somebody else now.
            if worker == self.id:
                self._roster.take_up(found.taken, worker)

        return await self._writer.write(
            lambda tx: look(tx, self._schema, claimant), then=take_up, alone=True
        )

    async def _beat_once(self) -> None:
        name = self.id
        missed = await self._writer.write(lambda tx: _beat(tx, name))
        if not missed.known:
            log.warning("The others gave this worker up for dead; it begins anew.")
            self._roster.oust_all()
            await self.register()
            self._again.set()
            return
        for run_id, cancellation in missed.cancelled:
            self._roster.cancel(run_id, cancellation)
        for run_id, signal in missed.signals:
            self._roster.signal(run_id, signal)
        for run_id in missed.placed:
            self._roster.granted(run_id)

    def _pause(self, due: int | None) -> float:
        if due is None:
            return LOOK_SECONDS
        left = (from_micros(due) - self._clock.now()).total_seconds()
        return min(LOOK_SECONDS, max(0.001, left))


def _beat(write: Transaction, worker: str) -> _Missed:
    changed = write.execute(
        "UPDATE workers SET beat_at = clock_timestamp() WHERE id = ?", (worker,)
    ).rowcount
    if not changed:
        return _Missed(known=False)
    write.execute(
        "UPDATE leases SET until = clock_timestamp() + make_interval(secs => ?) WHERE holder = ?",
        (DEAD_SECONDS, worker),
    )
    owned = write.execute(
        "SELECT id, placed, cancel_by, cancel_reason FROM runs"
        " WHERE owner = ? AND ended_at IS NULL",
        (worker,),
    ).fetchall()
    signals = write.execute(
        "SELECT DISTINCT r.id, s.name FROM signals s JOIN runs r ON r.seq = s.run"
        " WHERE r.owner = ? AND r.ended_at IS NULL",
        (worker,),
    ).fetchall()
    return _Missed(
        known=True,
        cancelled=tuple(
            (run, Cancellation(by, why or "")) for run, _, by, why in owned if by is not None
        ),
        signals=tuple((run, name) for run, name in signals),
        placed=tuple(run for run, placed, _, _ in owned if placed),
    )


def _lead(write: Transaction, worker: str, name: str) -> bool:
    row = write.execute(
        "INSERT INTO leases VALUES (?, ?, clock_timestamp() + make_interval(secs => ?))"
        " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until"
        " WHERE leases.holder = excluded.holder OR leases.until < clock_timestamp()"
        " RETURNING holder",
        (name, worker, DEAD_SECONDS),
    ).fetchone()
    return row is not None


async def _within(clock: Clock, event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most that long."""
    waits = {
        asyncio.ensure_future(event.wait()),
        asyncio.ensure_future(clock.sleep(seconds)),
    }
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
