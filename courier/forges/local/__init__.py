"""The forge without a service: proposals are files on the state branch, work is branches.

For: opening, following, merging and closing proposals, whoever merges and however.
Not for: how files get onto the state branch or merges into a branch (those are ports).
"""

from courier.forges.local.branches import KeyOf
from courier.forges.local.checks import ReportedChecks
from courier.forges.local.forge import LocalForge

__all__ = ["KeyOf", "LocalForge", "ReportedChecks"]
