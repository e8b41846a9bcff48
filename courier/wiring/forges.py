"""Which class is which forge."""

from collections.abc import Mapping

from courier.forges.local import LocalForge
from courier.ports.clock import Clock
from courier.ports.forges import Forge
from courier.ports.repository import Repository
from courier.ports.state import StateBranch


def make_forges(repository: Repository, state: StateBranch, clock: Clock) -> Mapping[str, Forge]:
    """Return every forge by the name Projects give it; none is talked to before it is used."""
    return {"local": LocalForge(repository=repository, state=state, clock=clock)}
