"""Sandboxes people work in: what is decided about one, and what is to be done about each."""
