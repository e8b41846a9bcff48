"""What an agent is asked for besides its work, and what its last words decide."""
