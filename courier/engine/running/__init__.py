"""One run, from its claim to its record: its steps obeyed, its waiting, its work delivered."""
