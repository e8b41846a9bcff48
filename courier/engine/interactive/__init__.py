"""Keeping the sandboxes people work in: the flow of one, the way it goes, what is on record.

For: the durable flow behind a `kind: Sandbox`, and reading what became of it.
Not for: deciding what comes next; that is `courier.runs.interactive`, and it is pure.
"""
