"""What a run leaves on record, and what records say together."""
