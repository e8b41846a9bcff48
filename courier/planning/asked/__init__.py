"""What one run asks for: all documents it stands on, and effective values with their origin."""
