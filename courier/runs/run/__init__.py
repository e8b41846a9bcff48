"""One run as values: its frozen plan, its facts, and all that is folded from them."""
