"""Harvests: from an agent's answer to files of `.courier/` that courier itself would accept.

For: one module for each sort, which makes documents and the words of the pull request.
Not for: asking the agent and reading its answer, which is `courier.runs.harvest`; commits.
"""
