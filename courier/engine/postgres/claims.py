"""Which worker runs what: claims, takeovers and places, decided by one worker at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from courier.engine.inflight import MOMENTARY, Cancellation
from courier.engine.journal.run import Recorded
from courier.engine.journal.takeup import recall
from courier.engine.journal.writer import Transaction
from courier.engine.postgres.schema import PROTOCOL

DEAD_SECONDS = 10
"""How long a worker may be silent before others take its runs over."""

GONE_SECONDS = 3
"""The same for a worker whose connection the server has seen end."""

MOST_AT_ONCE = 100
RESTING = 20
"""How many runs that wait for a place with other workers may stand before one's own."""
ALL = ""
"""The row of `queues` that stands for all of them together."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """The worker that looks for work.

    Attributes:
        worker: Its id.
        flows: The flows it knows.
        room: How many more runs it may begin; None for as many as its capacity allows.
        queues: The queues it serves; None for all.
        judges: Whether it may declare others dead now.
        now: The moment, in microseconds.
        protocol: What frozen plans it can read.
    """

    worker: str
    flows: tuple[str, ...]
    room: int | None
    queues: tuple[str, ...] | None = None
    judges: bool = True
    now: int = 0
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True)
class Taken:
    """A run that is this worker's now, with all it did before; `input` is JSON text."""

    seq: int
    run_id: str
    flow: str
    queue: str
    priority: int
    fence: int
    placed: bool
    cancellation: Cancellation | None
    input: str
    recorded: Mapping[int, Recorded]


@dataclass(frozen=True, slots=True)
class Found:
    """What one look for work came to.

    Attributes:
        taken: Runs to enter, or to go on with.
        due: When the next run may start that must not yet; microseconds.
        contended: Whether another worker was deciding just then, so that nothing was looked at.
        more: Whether there may be more for this worker, once the others have had their share.
    """

    taken: tuple[Taken, ...] = ()
    due: int | None = None
    contended: bool = False
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Head:
    """A run in line; `owner` is the worker it rests at, if it was begun."""

    seq: int
    run_id: str
    queue: str
    priority: int
    owner: str | None


@dataclass(slots=True)
class _Queue:
    name: str
    concurrency: int | None
    granted: int
    running: int

    @property
    def headroom(self) -> int:
        return MOST_AT_ONCE if self.concurrency is None else self.concurrency - self.running


def look(write: Transaction, schema: str, claimant: Claimant) -> Found:
    """Take over what nobody runs any more, and begin what may begin."""
    # Only tried: a worker that was stopped in here must not stop the others.
    if not write.execute("SELECT pg_try_advisory_xact_lock(hashtext(?), 1)", (schema,)).fetchone()[
        0
    ]:
        return Found(contended=True)
    if claimant.judges:
        _bury(write)
    if not write.execute("SELECT 1 FROM workers WHERE id = ?", (claimant.worker,)).fetchone():
        # The others gave this one up for dead; it hears so with its next heartbeat.
        return Found()
    taken = _orphans(write, claimant)
    taken += _begin(write, claimant)
    (due,) = write.execute(
        "SELECT min(not_before) FROM runs WHERE in_line AND ended_at IS NULL AND not_before > ?",
        (claimant.now,),
    ).fetchone()
    return Found(tuple(taken), due, more=bool(taken))


def release(write: Transaction, worker: str) -> int:
    """Let go of all of a worker's runs, as they are; return how many."""
    rows = write.execute(
        "UPDATE runs SET owner = NULL, fence = fence + 1, in_line = FALSE"
        " WHERE owner = ? AND ended_at IS NULL RETURNING id",
        (worker,),
    ).fetchall()
    for (run_id,) in rows:
        write.note(run_id, "rested")
    return len(rows)


def _bury(write: Transaction) -> None:
    """Release the runs of workers that are silent for too long."""
    # After a restart of the server everybody is silent, and nobody is dead.
    dead = write.execute(
        "DELETE FROM workers WHERE id IN (SELECT id FROM workers w WHERE"
        " pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => ?) AND ("
        " beat_at < clock_timestamp() - make_interval(secs => ?)"
        " OR (beat_at < clock_timestamp() - make_interval(secs => ?) AND NOT EXISTS"
        "  (SELECT FROM pg_stat_activity a WHERE a.application_name = w.id)))"
        " FOR UPDATE SKIP LOCKED) RETURNING id",
        (DEAD_SECONDS, DEAD_SECONDS, GONE_SECONDS),
    ).fetchall()
    for (worker,) in dead:
        release(write, worker)


def _orphans(write: Transaction, claimant: Claimant) -> list[Taken]:
    """Take this worker's share of what was begun and has nobody."""
    rows = write.execute(
        "SELECT seq, (SELECT count(*) FROM workers) FROM runs"
        " WHERE owner IS NULL AND ended_at IS NULL AND phase <> 'queued'"
        " AND flow = ANY(?) AND needs <= ? AND (?::text[] IS NULL OR queue = ANY(?))"
        " ORDER BY placed DESC, seq FOR UPDATE OF runs SKIP LOCKED",
        (list(claimant.flows), claimant.protocol, *_named(claimant)),
    ).fetchall()
    if not rows:
        return []
    share = min(MOST_AT_ONCE, -(-len(rows) // max(1, int(rows[0][1]))))
    return [_take(write, claimant, int(row[0]), placed=None) for row in rows[:share]]


def _begin(write: Transaction, claimant: Claimant) -> list[Taken]:
    queues, left = _queues(write)
    capacity = _capacity(write, claimant)
    room = max(0, capacity[claimant.worker])
    least = None if room else MOMENTARY
    lines = {
        name: _heads(write, claimant, name, (min(queue.headroom, left, room + RESTING), least))
        for name, queue in queues.items()
    }
    # The others are as free to take some: who is first does not get all.
    share = max(1, -(-sum(map(len, lines.values())) // max(1, len(capacity))))
    taken: list[Taken] = []
    while left > 0 and len(taken) < share and (head := _next(queues, lines)) is not None:
        lines[head.queue].pop(0)
        worker = _place(head, claimant.worker, capacity)
        if worker is None:
            continue
        queue = queues[head.queue]
        queue.running += 1
        left -= 1
        queue.granted = 1 + max(each.granted for each in queues.values())
        write.execute("UPDATE queues SET granted = ? WHERE name = ?", (queue.granted, queue.name))
        if head.owner == worker:
            _grant(write, head)
        else:
            taken.append(_take(write, claimant, head.seq, placed=True))
    return taken


def _queues(write: Transaction) -> tuple[dict[str, _Queue], int]:
    """Return the queues, and how many more runs all of them together may run."""
    rows = write.execute(
        "SELECT name, concurrency, granted, (SELECT count(*) FROM runs r"
        " WHERE r.placed AND r.ended_at IS NULL AND r.queue = q.name) FROM queues q"
    ).fetchall()
    found = {name: _Queue(name, concurrency, granted, n) for name, concurrency, granted, n in rows}
    every = found.pop(ALL, None)
    if every is None or every.concurrency is None:
        return found, MOST_AT_ONCE
    return found, every.concurrency - sum(queue.running for queue in found.values())


def _capacity(write: Transaction, claimant: Claimant) -> Counter[str]:
    """Return how many more runs each worker may run."""
    rows = write.execute(
        "SELECT id, capacity, (SELECT count(*) FROM runs r"
        " WHERE r.placed AND r.ended_at IS NULL AND r.owner = w.id AND r.priority > ?)"
        " FROM workers w",
        (MOMENTARY,),
    ).fetchall()
    found = Counter(
        {
            worker: MOST_AT_ONCE if capacity is None else capacity - running
            for worker, capacity, running in rows
        }
    )
    if claimant.room is not None:
        found[claimant.worker] = min(found[claimant.worker], claimant.room)
    return found


def _heads(
    write: Transaction, claimant: Claimant, queue: str, wanted: tuple[int, int | None]
) -> list[_Head]:
    """Return who stands first: how many at most, and how urgent at least."""
    most, least = min(wanted[0], MOST_AT_ONCE), wanted[1]
    if most <= 0 or (claimant.queues is not None and queue not in claimant.queues):
        return []
    rows = write.execute(
        "SELECT seq, id, queue, priority, owner FROM runs WHERE in_line AND ended_at IS NULL"
        " AND queue = ? AND flow = ANY(?) AND needs <= ?"
        " AND (not_before IS NULL OR not_before <= ?) AND priority <= coalesce(?::int, priority)"
        " ORDER BY priority, seq LIMIT ? FOR UPDATE SKIP LOCKED",
        (queue, list(claimant.flows), claimant.protocol, claimant.now, least, most),
    ).fetchall()
    return [_Head(*row) for row in rows]


def _next(queues: Mapping[str, _Queue], lines: Mapping[str, list[_Head]]) -> _Head | None:
    """Return who is next: the most urgent; of those, of the queue that runs least, in turn."""
    heads = [line[0] for name, line in lines.items() if line and queues[name].headroom > 0]

    def order(head: _Head) -> tuple[int, int, int, int]:
        queue = queues[head.queue]
        return head.priority, queue.running, queue.granted, head.seq

    return min(heads, key=order, default=None)


def _place(head: _Head, me: str, capacity: "Counter[str]") -> str | None:
    """Return the worker that gets the run: where it rests, if there is room, or this one."""
    if head.priority <= MOMENTARY:
        return head.owner or me
    for worker in (head.owner, me):
        if worker is not None and capacity[worker] > 0:
            capacity[worker] -= 1
            return worker
    return None


def _grant(write: Transaction, head: _Head) -> None:
    write.execute("UPDATE runs SET placed = TRUE, in_line = FALSE WHERE seq = ?", (head.seq,))
    write.note(head.run_id, "granted")


def _take(write: Transaction, claimant: Claimant, seq: int, *, placed: bool | None) -> Taken:
    """Make a run this worker's; with ``placed`` None it keeps its place, or keeps having none."""
    row = write.execute(
        "UPDATE runs SET owner = ?, fence = fence + 1, in_line = FALSE,"
        " placed = coalesce(?::boolean, placed),"
        " started_at = coalesce(started_at, ?),"
        " phase = CASE phase WHEN 'queued' THEN 'running' ELSE phase END"
        " WHERE seq = ? RETURNING"
        " id, flow, queue, priority, fence, placed, cancel_by, cancel_reason",
        (claimant.worker, placed, claimant.now, seq),
    ).fetchone()
    run_id, flow, queue, priority, fence, is_placed, by, reason = row
    write.note(run_id, "taken", claimant.worker)
    text, recorded = recall(write, seq)
    asked = None if by is None else Cancellation(by, reason or "")
    return Taken(
        seq, run_id, flow, queue, priority, int(fence), bool(is_placed), asked, text, recorded
    )


def _named(claimant: Claimant) -> tuple[Sequence[str] | None, Sequence[str] | None]:
    names = None if claimant.queues is None else list(claimant.queues)
    return names, names
