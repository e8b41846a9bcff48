"""What runs taught: looking finished runs through, and what is proposed of what was found.

For: when a run is looked through and by whom, which finds are new, the pull request about them.
Not for: approved learnings and their versions, which are `courier.planning.catalog.learnings`.
"""
