"""What a run does next, decided from its plan and its facts; and what a step is told."""
