"""Scans: looks through a repository that propose issues.

For: what a scan asks of its agent, and deciding when one that is done once is due.
Not for: schedules, which are `courier.planning.recurring`; files of issues, which are
`courier.planning.harvest`.
"""
