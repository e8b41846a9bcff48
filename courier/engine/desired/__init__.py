"""What is asked for: the catalog of one commit, and what has to be looked at because of it."""
