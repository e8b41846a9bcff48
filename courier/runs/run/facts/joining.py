"""Facts about branches that were brought together."""

from datetime import datetime
from typing import Literal

from courier.resources.model import Model
from courier.runs.run.merging import MergeConflict, MergedBranch


class BranchesMerged(Model):
    """The host brought in branches, up to a conflict or to the last one."""

    kind: Literal["branchesMerged"] = "branchesMerged"
    at: datetime
    work: str
    """Everything that is brought in by now."""
    merged: tuple[MergedBranch, ...] = ()
    """What is done with now and was not before."""
    conflict: MergeConflict | None = None
    """What an agent has to resolve; null where nothing is left."""
