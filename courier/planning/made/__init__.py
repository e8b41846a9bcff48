"""Made runs: runs that a document of another kind asks for.

For: drafting the Run such a document comes to, starting it as any other, and saying what it comes
of. Not for: deciding when one is due, which each kind does in a room of its own.
"""
