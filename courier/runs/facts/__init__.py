"""The families of facts one run is folded from.

For: one module per family; `courier.runs.events` joins them into one union.
Not for: what follows from facts, which is `courier.runs.run` and `courier.runs.progress`.
"""
