"""What courier answers over HTTP: a small server, its routes, and hints from forges.

For: requests in, responses out, with hosts, sizes and times kept in bounds before anything else.
Not for: deciding or doing; routes are given functions that do, by whoever wires them.
"""
