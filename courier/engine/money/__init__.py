"""What is spent: by one process, by projects in a period, and by all workers together."""
