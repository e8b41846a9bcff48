"""Chains: issues or sprints that are worked off one after the other.

For: deciding, from a chain's document, its course and what became of its runs, which part starts,
and from which commit. Not for: what one run does, which is frozen like any other.
"""
