"""Tokens, seconds and money: what was used, what it costs, what may be spent."""
