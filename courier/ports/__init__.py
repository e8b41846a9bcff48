"""What the shell must satisfy: one Protocol per outside thing, with the promises each makes.

For: the seams between `courier.engine` and its adapters; every adapter and fake passes the
contract tests of its port.
Not for: behaviour.
"""
