"""Harvesting: files made of a run's answer, in one commit that is the host's and no agent's."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from courier.engine.patience import patiently
from courier.engine.seam import Context, Json, StepIO
from courier.engine.world import World
from courier.errors import NotFound
from courier.planning.documents.manifest import read_manifest
from courier.planning.documents.sources import is_document
from courier.planning.harvest.crop import FOLDER, Crop, Known, KnownDocument, Unusable
from courier.planning.harvest.reap import SORTS, reap
from courier.ports.repository import Identity
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.proposal.commits import SUBJECT_LIMIT, trailers
from courier.runs.run.events import WorkHarvested
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.progress import Harvest
from courier.runs.texts.markdown import line


@dataclass(frozen=True, slots=True)
class Harvesting:
    """How the answer of one run becomes a commit."""

    world: World
    context: Context
    plan: FrozenPlan

    async def carry_out(self, decision: Harvest, *, stage: str) -> WorkHarvested:
        """Return what was made of an answer, in one durable step of the name ``stage``."""

        async def harvest(_io: StepIO) -> Json:
            told = await patiently(self.world.clock, partial(self._harvest, decision))
            return told.model_dump_json(by_alias=True)

        told = await self.context.step(stage, harvest)
        return WorkHarvested.model_validate_json(str(told))

    async def _harvest(self, decision: Harvest) -> WorkHarvested:
        harvest = self.plan.harvest
        assert harvest is not None  # noqa: S101 - nothing else is decided to be harvested
        known = await self._known(harvest)
        try:
            crop = reap(decision.answer, harvest, known, schemas=self.world.schemas)
        except Unusable as why:
            return self._told(Crop(message=str(why)), reason="AnswerUnusable", failed=True)
        if not crop.files:
            return self._told(crop, reason=crop.reason)
        return self._told(crop, commit=await self._commit(crop))

    async def _commit(self, crop: Crop) -> str:
        git, redact = self.plan.git, self.world.secrets.redact
        files = {path: redact(each.decode()).encode() for path, each in crop.files.items()}
        subject = line(crop.title, most=SUBJECT_LIMIT)
        told = "\n".join(trailers(self.plan, self.plan.steps[-1], 1))
        return await self.world.repository.with_files(
            git.base_commit,
            files,
            message=f"{subject}\n\n{told}\n",
            author=Identity(git.author_name, git.author_email),
        )

    def _told(
        self, crop: Crop, *, commit: str | None = None, reason: str = "", failed: bool = False
    ) -> WorkHarvested:
        redact = self.world.secrets.redact
        return WorkHarvested(
            at=self.world.clock.now(),
            commit=commit,
            files=tuple(sorted(crop.files)),
            title=redact(crop.title),
            body=redact(crop.body),
            reason=reason,
            message=redact(crop.message),
            failed=failed,
        )

    async def _known(self, harvest: FrozenHarvest) -> Known:
        """Return what is there by now: at the base, on its branch, and in open pull requests."""
        repository, git = self.world.repository, self.plan.git
        kinds = SORTS[harvest.sort].kinds
        blobs = dict(await repository.files(git.base_commit, FOLDER.rstrip("/")))
        content = None
        if harvest.path in blobs:
            (content,) = await repository.read([blobs[harvest.path]])
        found = [*await self._documents(blobs, kinds, "")]
        paths = set(blobs)
        seen = set(blobs.values())
        async for where, commit in self._others():
            theirs = await repository.files(commit, FOLDER.rstrip("/"))
            new = {path: blob for path, blob in theirs.items() if blob not in seen}
            found += await self._documents(new, kinds, where)
            paths |= theirs.keys()
            seen |= set(new.values())
        return Known(tuple(found), frozenset(paths), content)

    async def _others(self) -> AsyncIterator[tuple[str, str]]:
        """Yield where else documents may be, and the commit."""
        repository, git = self.world.repository, self.plan.git
        await repository.fetch()
        yield "", (await repository.head(git.base_branch)).commit
        for pull in await self.world.forge_of(self.plan).list(status="created"):
            if pull.run == self.plan.run:
                continue
            try:
                yield f"pull request #{pull.number}", (await repository.head(pull.branch)).commit
            except NotFound:
                continue

    async def _documents(
        self, blobs: Mapping[str, str], kinds: tuple[str, ...], where: str
    ) -> Iterator[KnownDocument]:
        wanted = [path for path in sorted(blobs) if is_document(path.removeprefix(FOLDER))]
        contents = await self.world.repository.read([blobs[path] for path in wanted])
        manifests = (
            read_manifest(path, content, schemas=self.world.schemas, folder=FOLDER)
            for path, content in zip(wanted, contents, strict=True)
        )
        return (
            KnownDocument(one.ref.kind, one.ref.name, one.value, where)
            for manifest in manifests
            for one in manifest.documents
            if one.ref.kind in kinds
        )
