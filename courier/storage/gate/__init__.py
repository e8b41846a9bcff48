"""The gate: every check on commits that come out of a sandbox.

For: judging a bundle as bytes, as a pack and as commits, in quarantine, before the mirror sees it.
Not for: talking to a remote, or deciding what becomes of a run whose work was refused.
"""
