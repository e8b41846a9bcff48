"""What happens to one run, as values: facts, their fold, the next step, prompts and verdicts.

For: pure decisions about a run that has a frozen plan.
Not for: YAML, catalogs, clocks, disks or sandboxes; facts arrive as arguments.
"""
