"""Learnings: compiled to versions, told to steps, found in finished runs, held against each other.

For: pure functions from approved learnings to text, and from what an agent answered to learnings.
Not for: deciding which documents are approved, which is `courier.planning.catalog.learnings`.
"""
