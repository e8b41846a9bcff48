"""Recurring tasks: what their schedules make due, and what is done about it.

For: deciding, from a document, its diary and the time, which runs start and which are left out.
Not for: calendars and time zones, which are `courier.planning.schedules.schedule`.
"""
