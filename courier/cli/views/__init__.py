"""Values to text for people and machines.

For: rendering; every function returns text and prints nothing.
Not for: deciding, reading or asking whether a terminal is there; colour is an argument.
"""
