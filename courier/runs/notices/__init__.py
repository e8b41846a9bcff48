"""What somebody may be told of what happened."""
