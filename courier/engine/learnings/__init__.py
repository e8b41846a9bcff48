"""Learnings on the state branch and in pull requests: versions kept, found ones proposed.

For: reading and writing what `courier.runs.learnings` and `courier.planning.learnings` decide.
"""
