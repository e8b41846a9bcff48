"""git as the database: the process wrapper, courier's own mirror, the state branch, the gate.

For: every byte that goes into or comes out of git.
Not for: what a record means (that is `courier.runs`) or when to write it (`courier.engine`).
"""
