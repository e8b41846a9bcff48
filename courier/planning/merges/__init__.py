"""Merges: documents that ask for branches to be brought together, and the runs that do it.

For: when such a run starts, and what it is told.
Not for: bringing branches together, which is `courier.engine.commits.merging`.
"""
