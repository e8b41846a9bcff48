"""courier: a GitOps runner for AI coding agents.

The package root holds the version and nothing else, so that importing any room costs that room.
"""

__version__ = "0.1.0"
