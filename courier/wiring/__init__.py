"""Wiring: the one place that names concrete classes and joins them to a working courier.

For: turning settings and a repository into a `World`, an engine and a reconciler.
Not for: behaviour; what is decided here is only which class does it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path

from courier.agents.claude import ClaudeDriver
from courier.agents.codex import CodexDriver
from courier.agents.described import DescribedDriver
from courier.agents.opencode import OpenCodeDriver
from courier.agents.pi import PiDriver
from courier.agents.shell import ShellDriver
from courier.engine.desired.desired import DesiredState
from courier.engine.desired.forges import Offices
from courier.engine.desired.keys import Keys
from courier.engine.journal.writer import Observer
from courier.engine.money.ledger import Ledger
from courier.engine.notices.herald import Herald
from courier.engine.ownership import guarded_world
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.preview import Preview
from courier.engine.passes.reconciler import Reconciler
from courier.engine.passes.retention import Broom, Housekeeping
from courier.engine.passes.rounds import Rounds
from courier.engine.passes.shelf import Shelf
from courier.engine.seam import Engine, RunClient
from courier.engine.serving.daemon import INTERVAL_SECONDS, Daemon, Post
from courier.engine.serving.engines import Client, Engines, keep_to, led
from courier.engine.serving.errand import Errand
from courier.engine.serving.flows import register_flows
from courier.engine.serving.presence import Presence
from courier.engine.share import EVERYTHING, Share
from courier.engine.world import World
from courier.llm.providers import Providers
from courier.notify.http import Route
from courier.notify.notifiers import Notifiers
from courier.planning.documents.manifest import Schemas
from courier.ports.agents import AgentDriver
from courier.ports.repository import SigningKey
from courier.ports.sandboxes import Sandboxes
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.usage.pricing import EMBEDDED
from courier.sandboxd.launcher import status as server_status
from courier.sandboxes.e2b import E2BSandboxes
from courier.sandboxes.ondemand import OnDemandSandboxes
from courier.settings import Home as Home
from courier.settings import Settings
from courier.settings import home_of as home_of
from courier.shipped import schema_text
from courier.storage.checkpoints import CheckpointRefs
from courier.storage.failures import without_userinfo
from courier.storage.index import Index
from courier.storage.live import LiveTranscripts
from courier.storage.lookout import ref_places
from courier.storage.mirror import Mirror
from courier.storage.shared import SharedMirror
from courier.storage.state import StateBranch
from courier.storage.tags import Tags
from courier.system import SystemClock, watch
from courier.web.webhooks import PULLS
from courier.wiring.commons import Commons as Commons
from courier.wiring.embedded import serve_sandboxes as serve_sandboxes
from courier.wiring.embedded import server_arguments as server_arguments
from courier.wiring.embedded import server_folder as server_folder
from courier.wiring.forges import GitHubPlace, make_forges

DRIVERS: Mapping[str, AgentDriver] = {
    driver.name: driver
    for driver in (ShellDriver(), ClaudeDriver(), CodexDriver(), OpenCodeDriver(), PiDriver())
}
"""Every agent this build can run."""


class Wiring:
    """Builds each part once, when it is first asked for, and closes what it built.

    Args:
        settings: How courier runs here.
        home: The repository's state folder.
        environment: The process's environment: secrets and git's own set-up come from it.
        commons: What all repositories of the process share.
        stand_in: Gives what drives an agent instead of its own driver.
    """

    def __init__(
        self,
        settings: Settings,
        home: Home,
        environment: MutableMapping[str, str],
        *,
        commons: Commons | None = None,
        stand_in: Callable[[AgentDriver], AgentDriver] = lambda driver: driver,
    ) -> None:
        self.settings = settings
        self._stand_in = stand_in
        self.home = home
        self.clock = SystemClock()
        commons = commons or Commons.of(environment)
        self.secrets, self._witness = commons.secrets, commons.witness
        self._environment = environment
        self.github = GitHubPlace(home, settings, self.secrets, self.clock, commons.limits)
        self.mirror = (Mirror if settings.database_url is None else SharedMirror)(
            home.folder,
            remote=home.remote,
            clock=self.clock,
            credentials=self.github.credentials(environment),
        )
        self.state = StateBranch(self.mirror)
        self.index = Index(self.state, home.folder / "index", self.clock)
        self.forges = make_forges(
            self.mirror, self.state, self.clock, self.github, key_of=self._key_of
        )
        live = LiveTranscripts(home.folder / "transcripts", redact=self.secrets.redact)
        self._engines = Engines(home.id, self.journal, settings.database_url, self.clock, live)
        self.transcripts, self.ledger = self._engines.transcripts, Ledger(self._engines.pool)
        turn = self._engines.pace("sandboxes", settings.sandbox_rate)
        self.sandboxes = OnDemandSandboxes(self._provider, turn=turn)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Wiring"]:
        """Open the mirror, and close everything at the end."""
        async with self.github.opened():
            await self.mirror.open()
            try:
                await self._engines.learn()
                yield self
            finally:
                await self._engines.close()
                await self.sandboxes.close()
                await self.state.close()
                self.index.close()
                await self.mirror.close()

    @property
    def world(self) -> World:
        """Return everything outside the engine, as ports."""
        world = World(
            home=self._engines.label,
            clock=self.clock,
            sandboxes=self.sandboxes,
            repository=self.mirror,
            state=self.state,
            index=self.index,
            checkpoints=CheckpointRefs(self.mirror.plumbing, self.mirror.remote),
            forges=self.forges,
            secrets=self.secrets,
            transcripts=self.transcripts,
            drivers={name: self._stand_in(driver) for name, driver in DRIVERS.items()},
            describe=lambda name, spec: self._stand_in(DescribedDriver(name, spec)),
            models=Providers(self.secrets, self.settings.agent_env or {}, self.clock),
            agent_env=self.settings.agent_env or {},
            witness=self._witness,
            machines="e2b" if self.settings.sandboxes == "cloud" else EMBEDDED,
            ledger=self.ledger,
            notifier=Notifiers(
                self.secrets, self.clock, Route.of(self._environment), forges=self.forges
            ),
        )
        return world if self.settings.database_url is None else guarded_world(world)

    def engine(self, observer: Observer | None = None, *, share: Share = EVERYTHING) -> Engine:
        """Return the engine of this repository; start it to run what is in flight."""
        engine = self._engines.engine(observer, share=share)
        register_flows(engine, lambda: self.world, repository=self.home.remote)
        return engine

    def client(self) -> Client:
        """Return a client of whatever engine runs, or will run, this repository's runs."""
        return self._engines.client()

    @property
    def presence(self) -> Presence:
        """Return what knows whether somebody else runs this repository's runs."""
        return self._engines.presence()

    def reconciler(self, engine: RunClient) -> Reconciler:
        """Return the reconciler that hands runs to that engine."""
        world = self.world
        observation = Observation(world, engine, remote=self.home.remote)
        address = without_userinfo(self.home.remote)
        return Reconciler(
            world,
            DesiredState(world, Schemas(schema_text)),
            observation,
            Dispatcher(world, engine, observation, keep_to=keep_to(engine)),
            Housekeeping(Broom(world, engine, is_served=self.is_served), self.clock),
            herald=Herald(world, engine, repository=address, memory=self.home.notices_file),
            rounds=Rounds(world, engine),
        )

    def offices(self) -> Offices:
        """Return the forges its Projects name."""
        return Offices(self.world, DesiredState(self.world, Schemas(schema_text)))

    def broom(self) -> Broom:
        """Return what takes away what is over."""
        return Broom(self.world, self.client(), is_served=self.is_served)

    def housekeeping(self, engine: RunClient) -> Housekeeping:
        """Return what takes away what is over on this machine, where others do the rest."""
        broom = Broom(self.world, engine, is_served=self.is_served, only_here=True)
        return Housekeeping(broom, self.clock)

    def is_served(self) -> bool:
        """Return whether the provider of sandboxes is there without being started."""
        is_cloud = self.settings.sandboxes == "cloud"
        return is_cloud or server_status(server_folder(self.settings)).running

    def shelf(self) -> Shelf:
        """Return the assets this repository shares."""
        return Shelf(self.mirror, Tags(self.mirror.remote), self.home.remote, Schemas(schema_text))

    def preview(self) -> Preview:
        """Return what plans documents that are not on the tracked branch."""
        world = self.world
        observation = Observation(world, self.client(), remote=self.home.remote)
        return Preview(world, observation, Schemas(schema_text))

    def errand(self) -> Errand:
        """Return one pass on a person's behalf, with an engine for as long as it lasts."""
        return Errand(
            self.engine(),
            self.client(),
            self.reconciler,
            clock=self.clock,
            presence=self.presence,
        )

    def daemon(self, engine: Engine, *, interval: float = INTERVAL_SECONDS) -> Daemon:
        """Return the daemon of this repository, woken by its remote's refs where they are files."""
        is_own = self.mirror.remote.is_own
        reconciler = self.reconciler(engine)

        def hinted(ref: str) -> None:
            if ref == PULLS:
                reconciler.look_again()

        post = Post(self.home.remote, self.home.status_file, self._wakes, interval, is_own, hinted)
        return Daemon(led(reconciler, engine), engine, self.clock, post=post)

    async def _wakes(self, stop: asyncio.Event) -> AsyncIterator[None]:
        # What is there now is what the first pass finds.
        self.mirror.remote.was_moved()
        async for _ in watch(ref_places(self.home.remote), stop):
            if self.mirror.remote.was_moved():
                yield

    @property
    def journal(self) -> Path:
        """Return the folder of the engine's journal."""
        return self.home.folder / "journal"

    async def _key_of(self, pull: PullRequest) -> SigningKey | None:
        return await Keys(self.world).of(pull)

    async def _provider(self) -> Sandboxes:
        environ = self._environment
        if self.settings.sandboxes == "cloud":
            key = self.secrets.resolve(["E2B_API_KEY"])["E2B_API_KEY"]
            return E2BSandboxes(
                api_key=key, clock=self.clock, environ=environ, api_url=self.settings.e2b_api_url
            )
        endpoint = await asyncio.to_thread(serve_sandboxes, self.settings)
        return E2BSandboxes(
            api_key=endpoint.api_key,
            clock=self.clock,
            environ=environ,
            api_url=endpoint.url,
            sandbox_url=endpoint.url,
        )
