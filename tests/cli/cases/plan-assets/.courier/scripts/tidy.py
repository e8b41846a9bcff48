"""Takes spaces away from the ends of lines."""
