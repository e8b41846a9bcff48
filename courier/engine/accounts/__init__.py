"""What people are told of runs, tasks and chains: from records, and from runs in flight."""
