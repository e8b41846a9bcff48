"""Telling people: what happened becomes letters, and each letter a flow of the engine.

For: reading what the state branch gained, handing letters to the engine, trying them until they
are taken or given up.
Not for: how a chat or a mail server is spoken to; that is the port `Notifier`.
"""
