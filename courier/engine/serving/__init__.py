"""Processes that stay: daemons and workers, how they are woken, watched and told apart."""
