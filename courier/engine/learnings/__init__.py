"""Learnings on the state branch and in pull requests: versions kept, found ones proposed.

For: reading and writing what `runs.learnings` and `planning.catalog.learnings` decide.
"""
