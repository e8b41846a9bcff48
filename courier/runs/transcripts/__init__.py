"""What agents' processes tell, the same for every agent, and how they end."""
