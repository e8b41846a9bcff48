"""What one run will do, decided once and for all before it starts."""
