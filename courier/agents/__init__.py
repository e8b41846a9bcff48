"""Pure translators, one per agent CLI: brief to launch, output line to events, exit to outcome.

For: what is peculiar to one CLI: its flags, files, event stream and error shapes.
Not for: starting processes, reading files or holding secrets.
"""
