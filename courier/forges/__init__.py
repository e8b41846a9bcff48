"""Adapters of the forge port: where proposed changes are opened, followed and merged.

For: one module per forge.
Not for: deciding what to propose, nor for git transport (that is `courier.storage`).
"""
