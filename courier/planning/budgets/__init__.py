"""Money and room: what projects may spend, what is left, what a run may cost."""
