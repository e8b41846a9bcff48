"""One pass: what is wanted, what is true, and the actions for what is missing."""
