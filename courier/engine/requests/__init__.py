"""What people ask by command: requests on record, and how they reach runs."""
