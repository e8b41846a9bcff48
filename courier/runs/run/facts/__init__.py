"""The families of facts one run is folded from.

For: one module per family; `courier.runs.run.events` joins them into one union.
Not for: what follows from facts, which is `courier.runs.run.run` and `courier.runs.steps.progress`.
"""
