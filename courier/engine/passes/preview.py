"""Previews: what would be done if other documents than the tracked branch's were in force."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TypeVar

from courier.diagnostics import has_errors
from courier.engine.attempts.machines import wanted_machine
from courier.engine.desired.desired import FOLDER
from courier.engine.desired.stacks import CommitAssets, Stacks
from courier.engine.desired.wants import wants_of
from courier.engine.passes.observation import Observation
from courier.engine.world import World
from courier.errors import InvalidCatalog, Misused, NotFound, Unavailable
from courier.planning.asked.library import Library
from courier.planning.budgets.budgets import caps_by_project
from courier.planning.catalog.catalog import Catalog, Reading, read_catalog, unread
from courier.planning.chains.named import run_named
from courier.planning.comparison import Comparison, compare, news
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze, held
from courier.planning.freezing.templates import machines
from courier.planning.made.making import Made, Sight, dressed
from courier.planning.observed.observed import Observed
from courier.planning.plan import Held, Plan
from courier.planning.planner import Pass, plan_pass
from courier.planning.rehearsal import rehearsed
from courier.planning.sketch import Sketch, sketch
from courier.ports.assets import Assets
from courier.ports.repository import Repository
from courier.runs.run.frozen import FrozenPlan, FrozenSandbox

_COMMIT = re.compile(r"[0-9a-f]{40}")


def read_files(files: Mapping[str, bytes], schemas: Schemas) -> Reading:
    """Return the catalog of files given by their path from the repository's root."""
    blobs = {path: sha256(content).hexdigest() for path, content in files.items()}
    return read_catalog(blobs, {path: files[path] for path in unread(blobs)}, schemas=schemas)


async def read_commit(repository: Repository, commit: str, schemas: Schemas) -> Reading:
    """Return the catalog of a commit.

    Raises:
        Unavailable: If the repository has no such commit.
    """
    blobs = await repository.files(commit, FOLDER)
    contents = await repository.read(list(blobs.values()))
    return read_files(dict(zip(blobs, contents, strict=True)), schemas)


Decided = TypeVar("Decided")


def _nothing_starts(catalog: Catalog, ref: Ref) -> Held:
    return held(catalog, ref, "Simulated", "Nothing starts in a preview.")


class Preview:
    """Plans that are shown and never carried out."""

    def __init__(self, world: World, observation: Observation, schemas: Schemas) -> None:
        self._world = world
        self._observation = observation
        self._schemas = schemas

    async def of_files(self, files: Mapping[str, bytes], *, beside: Assets) -> Plan:
        """Return the plan for files of a working tree; it is marked as dirty.

        Args:
            files: Path from the root to content.
            beside: Gives the other files of that working tree.

        Raises:
            InvalidCatalog: If the documents have errors.
        """
        await self._world.repository.fetch()
        return await self._planned(read_files(files, self._schemas), beside)

    async def of_commit(self, ref: str) -> Plan:
        """Return the plan for the documents of any branch or commit of the remote.

        Args:
            ref: A branch's short name, or a full commit id.

        Raises:
            NotFound: If the remote has no such branch or commit.
            InvalidCatalog: If the documents have errors.
        """
        repository = self._world.repository
        await repository.fetch()
        commit = ref if _COMMIT.fullmatch(ref) else (await repository.head(ref)).commit
        try:
            reading = await self._read(commit)
        except Unavailable as unknown:
            raise NotFound("The remote has no such commit.", detail=ref) from unknown
        return await self._planned(reading, CommitAssets(repository, commit))

    async def of_change(
        self, files: Mapping[str, bytes], *, beside: Assets, base: str
    ) -> Comparison:
        """Return what files of a working tree change, compared with a commit of the remote.

        Args:
            files: Path from the root to content.
            beside: Gives the other files of that working tree.
            base: The full id of the commit.

        Raises:
            NotFound: If the remote has no such commit.
        """
        await self._world.repository.fetch()
        now = read_files(files, self._schemas)
        try:
            was = await self._read(base)
        except Unavailable as unknown:
            raise NotFound("The remote has no such commit.", detail=base) from unknown
        fresh, known = news(was.diagnostics, now.diagnostics)
        if has_errors(now.diagnostics):
            return Comparison(None, diagnostics=fresh, known=known, has_errors=True)
        assets = CommitAssets(self._world.repository, base)
        before = None if has_errors(was.diagnostics) else await self._sketched(was, assets)
        found = compare(before, await self._sketched(now, beside))
        return replace(found, diagnostics=fresh, known=known)

    async def _sketched(self, reading: Reading, beside: Assets) -> Sketch:
        return await self._decided(reading, beside, sketch)

    async def frozen(self, files: Mapping[str, bytes], run: str, *, beside: Assets) -> FrozenPlan:
        """Return everything a Run among these files would do, whatever is on record of it.

        Args:
            files: Path from the root to content.
            run: Its name; or that of an issue's run, or of the run of a part of a chain.
            beside: Gives the other files of that working tree.

        Raises:
            InvalidCatalog: If the documents have errors.
            NotFound: If no document is that Run.
            Misused: If it cannot be done, with the reason.
        """
        catalog, ref = self._catalog(files), Ref("Run", run)
        made = run_named(catalog, run)
        if made is None and ref not in catalog.documents:
            raise NotFound(f"No document in .courier/ is {ref}.")
        await self._world.repository.fetch()
        observed = await self._observed(catalog)
        return await self._frozen((catalog, observed), made or ref, beside)

    async def rehearsed(
        self, files: Mapping[str, bytes], cause: Ref, *, beside: Assets
    ) -> FrozenPlan:
        """Return what the run would do that a document of another kind comes to.

        Args:
            files: Path from the root to content.
            cause: The document.
            beside: Gives the other files of that working tree.

        Raises:
            InvalidCatalog: If the documents have errors.
            Misused: If it comes to none, or that cannot be done, with the reason.
        """
        catalog = self._catalog(files)
        await self._world.repository.fetch()
        observed = await self._observed(catalog)
        sight = Sight(catalog, observed, self._world.clock.now(), {}, _nothing_starts)
        made = rehearsed(sight, cause)
        if isinstance(made, str):
            raise Misused(f"{cause} cannot be done.", detail=made)
        return await self._frozen((catalog, observed), made, beside)

    def _catalog(self, files: Mapping[str, bytes]) -> Catalog:
        reading = read_files(files, self._schemas)
        if has_errors(reading.diagnostics):
            raise InvalidCatalog(reading.diagnostics)
        return reading.catalog

    async def _frozen(
        self, seen: tuple[Catalog, Observed], what: Made | Ref, beside: Assets
    ) -> FrozenPlan:
        catalog, observed = seen
        made = what if isinstance(what, Made) else None
        ref = what if isinstance(what, Ref) else what.ref
        if made is not None:
            catalog = catalog.with_documents([made.document, *made.stands_on])
        drivers = self._world.drivers.keys()

        def decide(library: Library) -> FrozenPlan | Held:
            return freeze(catalog, ref, observed=observed, drivers=drivers, library=library)

        found = await Stacks(self._world.repository, beside).planned(decide)
        if isinstance(found, Held):
            raise Misused(f"Run {ref.name} cannot be done.", detail=found.message)
        return found if made is None else dressed(made, found)

    def machines(self, files: Mapping[str, bytes]) -> Mapping[str, FrozenSandbox]:
        """Return the machine of every Template among these files, by name.

        Args:
            files: Path from the root to content.

        Raises:
            InvalidCatalog: If the documents have errors.
        """
        return machines(self._catalog(files))

    async def prepare(self, machine: FrozenSandbox) -> str:
        """Return the provider's name of a machine's template, built first if it is not there.

        Raises:
            Misconfigured: If a command of it fails.
        """
        repository = self._world.repository
        await repository.fetch()
        wanted = await wanted_machine(repository, machine, (await repository.head()).commit)
        return await self._world.sandboxes.prepare(wanted)

    async def tracked(self) -> Reading:
        """Return the documents of the tracked branch as the remote has it."""
        repository = self._world.repository
        await repository.fetch()
        return await self._read((await repository.head()).commit)

    async def _read(self, commit: str) -> Reading:
        return await read_commit(self._world.repository, commit, self._schemas)

    async def _planned(self, reading: Reading, beside: Assets) -> Plan:
        if has_errors(reading.diagnostics):
            raise InvalidCatalog(reading.diagnostics)
        return await self._decided(reading, beside, plan_pass)

    async def _decided(
        self,
        reading: Reading,
        beside: Assets,
        by: Callable[[Catalog, Observed, Pass], Decided],
    ) -> Decided:
        world = self._world
        observed = await self._observed(reading.catalog)
        now, drivers = world.clock.now(), world.drivers.keys()

        def decide(library: Library) -> Decided:
            return by(reading.catalog, observed, Pass(now, drivers, dirty=True, library=library))

        return await Stacks(world.repository, beside).planned(decide)

    async def _observed(self, catalog: Catalog) -> Observed:
        self._world.ledger.keep_to(caps_by_project(catalog))
        head = await self._world.repository.head()
        return await self._observation.look(head, wants=wants_of(catalog, head.branch))
