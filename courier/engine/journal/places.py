"""Places: how many runs may run at once, and who is next."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class Claim:
    """One run in line for a place; `grant` is called once, when it has got one.

    Attributes:
        priority: Lower goes first.
        seq: Equals go in this order.
        queue: Whose limit it counts against.
        grant: Goes on with the run.
        withdrawn: Whether it has left the line, or was served.
    """

    priority: int
    seq: int
    queue: str = field(compare=False)
    grant: Callable[[], None] = field(compare=False)
    withdrawn: bool = field(default=False, compare=False)


class Places:
    """Counts places taken per queue and hands out free ones in order."""

    def __init__(self) -> None:
        self._limits: dict[str | None, int] = {}
        self._taken: Counter[str] = Counter()
        self._served: Counter[str] = Counter()
        self._grants = 0
        self._all = 0
        self._lines: dict[str, list[Claim]] = {}

    def limit(self, queue: str | None, concurrency: int | None) -> None:
        """Set a queue's limit, or with None that of all queues together; None lifts it."""
        if concurrency is None:
            self._limits.pop(queue, None)
        else:
            self._limits[queue] = concurrency
        self._serve()

    def line_up(self, claim: Claim) -> None:
        """Put a claim in line; it may be granted at once."""
        heapq.heappush(self._lines.setdefault(claim.queue, []), claim)
        self._serve()

    def take(self, queue: str) -> None:
        """Take a place whatever the limits say."""
        self._taken[queue] += 1
        self._all += 1

    def give_back(self, queue: str) -> None:
        """Free a place; somebody else may get it at once."""
        self._taken[queue] -= 1
        self._all -= 1
        if not self._taken[queue]:
            del self._taken[queue]
        self._serve()

    def _serve(self) -> None:
        while (claim := self._next()) is not None:
            claim.withdrawn = True
            self._grants += 1
            self._served[claim.queue] = self._grants
            self.take(claim.queue)
            claim.grant()

    def _next(self) -> Claim | None:
        if None in self._limits and self._all >= self._limits[None]:
            return None
        heads = [head for queue in list(self._lines) if (head := self._head(queue)) is not None]
        if not heads:
            return None
        first = min(heads, key=self._order)
        heapq.heappop(self._lines[first.queue])
        return first

    def _order(self, head: Claim) -> tuple[int, int, int, int]:
        """Most urgent first; then the queue that runs least; then the one served longest ago."""
        return head.priority, self._taken[head.queue], self._served[head.queue], head.seq

    def _head(self, queue: str) -> Claim | None:
        if queue in self._limits and self._taken[queue] >= self._limits[queue]:
            return None
        line = self._lines[queue]
        while line and line[0].withdrawn:
            heapq.heappop(line)
        if not line:
            del self._lines[queue]
            return None
        return line[0]
