"""What is true now, as values: records, courses and diaries read back, runs in flight, tips."""
