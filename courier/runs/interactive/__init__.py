"""Sandboxes people work in: what one will do, what happened to it, and what comes next.

For: the frozen value, the facts, their fold, the next move, the words of prompts and proposals,
and the committed account of one `kind: Sandbox`.
Not for: touching a sandbox; the engine's room of the same name does that.
"""
