"""Environment variables of processes in a sandbox: plain values, or names of secrets."""

from courier.resources.envelope import Spec
from courier.resources.rules import ExactlyOne
from courier.resources.values import EnvName, SecretName


class Variable(Spec):
    """One environment variable: a plain value or a reference to a secret."""

    RULES = (ExactlyOne(("value", "secretRef")),)

    name: EnvName
    """The variable's name."""
    value: str | None = None
    """Its value, in plain sight of everybody who can read the repository."""
    secret_ref: SecretName | None = None
    """The name of a secret in the operator's environment; its value is never written down."""


class SecretVariable(Spec):
    """One environment variable whose value is a secret."""

    name: EnvName
    """The variable's name."""
    secret_ref: SecretName
    """The name of the secret in the operator's environment."""
