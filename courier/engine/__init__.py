"""What carries decisions out: the durable seam and its engine, the runner and the reconciler.

For: obeying plans and next steps through ports, so that a kill at any point loses nothing.
Not for: deciding (that is `courier.planning` and `courier.runs`) or knowing a vendor.
"""
