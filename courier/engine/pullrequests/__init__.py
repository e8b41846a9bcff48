"""Pull requests on their forges: what they tell, how they stand, opened again, restacked."""
