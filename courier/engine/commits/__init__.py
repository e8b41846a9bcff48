"""Commits on their way out: held against the gate, joined with other branches, signed."""
