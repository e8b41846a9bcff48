"""One agent in one sandbox, at one step of a run: opened, at work, its work taken out, ended."""
