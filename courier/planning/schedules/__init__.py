"""When things are due: cron expressions, time zones, and how often to look."""
