"""Other people's words, read without trust and quoted without effect."""
