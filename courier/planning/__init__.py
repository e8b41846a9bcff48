"""From text to a plan: documents, catalog, effective values, and the actions that are missing.

For: deciding, from a catalog, what was observed and the time, what should be done and why.
Not for: doing it, nor for reading clocks, disks or networks.
"""
