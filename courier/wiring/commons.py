"""What all repositories of one process share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from courier import __version__
from courier.forges.github import Limits
from courier.ports.witness import Unwatched, Witness
from courier.system import EnvironmentSecrets, secret_names
from courier.telemetry.traces import traces_of


@dataclass(frozen=True, slots=True)
class Commons:
    """What all repositories of one process share.

    Attributes:
        secrets: Those of its environment, which nothing tells.
        witness: Is told what becomes of runs.
        limits: Until when nobody may ask GitHub anything.
    """

    secrets: EnvironmentSecrets
    witness: Witness = field(default_factory=Unwatched)
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Commons":
        """Return those of an environment, which says whether anybody takes spans."""
        secrets = EnvironmentSecrets(environment, names=secret_names(environment))
        return cls(secrets, traces_of(environment, version=__version__) or Unwatched())
