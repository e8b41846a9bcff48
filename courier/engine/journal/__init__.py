"""The embedded engine: a journal of runs and steps on SQLite, for one machine.

For: the `Engine` of `courier.engine.seam` whose promises hold through a kill at any point.
Not for: knowing what a run does; flows are given to it by name.
"""

from courier.engine.journal.embedded import JournalEngine
from courier.engine.journal.lock import FolderHeld, FolderLock, holder
from courier.engine.journal.reader import JournalClient, JournalReader
from courier.engine.journal.schema import Durability
from courier.engine.journal.writer import Fact, Observer

__all__ = [
    "Durability",
    "Fact",
    "FolderHeld",
    "FolderLock",
    "JournalClient",
    "JournalEngine",
    "JournalReader",
    "Observer",
    "holder",
]
