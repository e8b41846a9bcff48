"""Drafts: goals that people want turned into sprint plans.

For: what an agent is asked for one, and starting it once for each request.
Not for: the plan's document, which is `courier.planning.harvest`; working it off, which is
`courier.planning.chains`.
"""
