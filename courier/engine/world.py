"""The outside of one repository, as ports: all that a run may touch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from courier.engine.money.ledger import Ledger
from courier.errors import Misconfigured
from courier.planning.documents.manifest import Schemas
from courier.ports.agents import AgentDriver
from courier.ports.checkpoints import Checkpoints
from courier.ports.clock import Clock
from courier.ports.forges import Forge
from courier.ports.index import RunIndex
from courier.ports.models import LanguageModels
from courier.ports.notifiers import Mute, Notifier
from courier.ports.repository import Repository
from courier.ports.sandboxes import Sandboxes
from courier.ports.secrets import Secrets
from courier.ports.state import StateBranch
from courier.ports.transcripts import Transcripts
from courier.ports.witness import Unwatched, Witness
from courier.resources.agent import AgentSpec
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.usage.pricing import EMBEDDED
from courier.shipped import schema_text


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside the engine.

    Attributes:
        home: A short id of this repository's state folder; labels its sandboxes.
        drivers: The built-in agents by name.
        forges: By the name a Project gives them, ``github`` or ``local``.
        describe: Makes the driver of an agent from its name and what a document says of it.
        agent_env: Variables every agent process gets besides its own, e.g. base URLs.
        machines: The service that charges for sandboxes.
        witness: Is told what becomes of runs.
        ledger: What projects spent, as far as this process knows.
        schemas: What documents are held against that courier itself writes.
        notifier: Brings letters to people.
    """

    home: str
    clock: Clock
    sandboxes: Sandboxes
    repository: Repository
    state: StateBranch
    index: RunIndex
    checkpoints: Checkpoints
    forges: Mapping[str, Forge]
    secrets: Secrets
    transcripts: Transcripts
    drivers: Mapping[str, AgentDriver]
    describe: Callable[[str, AgentSpec], AgentDriver]
    models: LanguageModels
    agent_env: Mapping[str, str] = field(default_factory=dict)
    machines: str = EMBEDDED
    witness: Witness = field(default_factory=Unwatched)
    ledger: Ledger = field(default_factory=Ledger)
    schemas: Schemas = field(default_factory=lambda: Schemas(schema_text))
    notifier: Notifier = field(default_factory=Mute)

    def forge_of(self, plan: FrozenPlan) -> Forge:
        """Return where the work of a run is proposed."""
        return self.forge_named(plan.delivery.forge)

    def forge_named(self, name: str) -> Forge:
        """Return the forge of that name.

        Raises:
            Misconfigured: If this repository is not on it.
        """
        found = self.forges.get(name)
        if found is None:
            raise Misconfigured(
                "This repository is not on the forge its project names.",
                detail=f"That is {name}.",
                next_step="Work on a clone of one that is, or change `repository.forge`.",
            )
        return found

    def driver(self, step: FrozenStep) -> AgentDriver:
        """Return what drives the agent of a step."""
        if step.described is not None:
            return self.describe(step.agent, step.described)
        return self.drivers[step.agent]
