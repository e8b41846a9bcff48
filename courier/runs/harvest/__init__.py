"""Harvests: runs whose answer becomes files of `.courier/`, written by the host and proposed.

For: what each sort of harvest asks of an agent, and reading what the agent answered.
Not for: making files of answers, which is `courier.planning.harvest`.
"""
