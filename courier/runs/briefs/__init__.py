"""What one attempt asks of an agent: its process, and what it is given."""
