"""What is over and takes room: found, told, and taken away.

For: transcripts, checkpoints, rows of the engine, live files and sandboxes that outlived their run.
Not for: records, which are kept for ever, nor for anything of a run that is not settled.
"""
