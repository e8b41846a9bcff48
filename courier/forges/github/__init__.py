"""GitHub: pull requests, comments, checks and merges over its REST and GraphQL interfaces.

For: one repository on GitHub, or on a GitHub Enterprise Server, as a `courier.ports.forges.Forge`.
Not for: git transport (that is `courier.storage`), nor for deciding what to propose or when.
"""

from courier.forges.github.address import Address, address_of
from courier.forges.github.auth import App, Credential, Token
from courier.forges.github.forge import GitHubForge
from courier.forges.github.limits import Limits
from courier.forges.github.rights import Right, rights
from courier.forges.github.transport import Transport

__all__ = [
    "Address",
    "App",
    "Credential",
    "GitHubForge",
    "Limits",
    "Right",
    "Token",
    "Transport",
    "address_of",
    "rights",
]
