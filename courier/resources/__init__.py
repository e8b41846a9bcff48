"""What people write: one module per family of kinds, and the JSON Schemas made from them.

For: the shape, defaults and meaning of every field of every kind.
Not for: reading files, resolving references, or deciding anything; that is `courier.planning`.
"""
