"""What a writer has yet to commit, and what it tells the others of it."""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from courier.engine.journal.writer import Asked, Fact
from courier.engine.postgres.session import Session

GROUP_SIZE = 200
TOLD = frozenset({"submitted", "ended", "rested", "granted", "taken", "cancelAsked", "sent"})
"""Facts other workers hear of."""
_LONGEST_NOTICE = 7_000


class Done(Enum):
    """What came of trying to commit a group."""

    YES = "yes"
    NOT = "not"
    APART = "apart"
    NEVER = "never"


@dataclass(slots=True)
class Line:
    """What was asked for and is not done: in groups, or, where it touches others' runs, alone."""

    waiting: "deque[tuple[Asked[object], bool]]" = field(default_factory=deque)

    def next_group(self) -> "list[Asked[object]]":
        """Return what is to be committed next, together."""
        group: list[Asked[object]] = []
        while self.waiting and len(group) < GROUP_SIZE:
            asked, alone = self.waiting[0]
            if alone and group:
                break
            group.append(asked)
            self.waiting.popleft()
            if alone:
                break
        return group


def notify(session: Session, channel: str, facts: Sequence[Fact]) -> None:
    """Tell every worker, once the transaction is committed, what it put on record."""
    told = {(fact.run, fact.kind, fact.name) for fact in facts if fact.kind in TOLD}
    if not told:
        return
    texts = [json.dumps(fact) for fact in sorted(told)]
    texts = [text if len(text) < _LONGEST_NOTICE else '["", "lookAgain"]' for text in texts]
    session.execute("SELECT pg_notify(?, told) FROM unnest(?::text[]) AS told", (channel, texts))
