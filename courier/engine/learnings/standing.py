"""How learnings stand: approved, proposed or rejected, and how often each was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from courier.engine.accounts.records import RunRecords
from courier.engine.learnings.memory import Memory
from courier.engine.world import World
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.learnings import every_lesson
from courier.planning.learned.batch import Rejected
from courier.planning.learned.figures import Figures, figures
from courier.ports.index import RunQuery
from courier.runs.learnings.lesson import Evidence, Lesson
from courier.runs.learnings.likeness import like, mark

MOST_READ = 500
"""So many of the newest records are counted, unless more are asked for."""


@dataclass(frozen=True, slots=True)
class StandingLesson:
    """One learning, and how it stands.

    Attributes:
        status: approved, expired, proposed or rejected.
        where: Its file, or the pull request it is in or was in.
        uses: How many runs that were counted were told it.
        evidence: The runs that showed it, those noted later included.
        contrary: Names of others it contradicts.
        rejected: Who rejected it, when and why; None where a document or nobody did.
    """

    lesson: Lesson
    status: str
    where: str
    uses: int = 0
    evidence: Sequence[Evidence] = ()
    contrary: Sequence[str] = ()
    rejected: Rejected | None = None


class Standing:
    """Looks at everything that is known of learnings."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._memory = Memory(world.state)

    async def look(self, catalog: Catalog) -> Sequence[StandingLesson]:
        """Return every learning by name; rejected ones that have no document last.

        Args:
            catalog: The documents of the tracked branch.
        """
        await self._world.index.follow()
        today = self._world.clock.now().date()
        told = (await self.figures()).by_lesson
        further = await self._memory.evidence()
        every = [*_documents(catalog, today), *await self._proposed(), *await self._rejected()]
        alive = [one.lesson for one in every if one.status in ("approved", "proposed")]
        return [
            replace(
                one,
                uses=told[one.lesson.name].runs if one.lesson.name in told else 0,
                evidence=_joined(one.lesson, further),
                contrary=[other.name for other in like(one.lesson, alive, "contrary")],
            )
            for one in every
        ]

    async def figures(self, limit: int | None = MOST_READ) -> Figures:
        """Return what is counted of the newest records.

        Args:
            limit: How many are read; None for all.
        """
        await self._world.index.follow()
        listed = self._world.index.page(RunQuery(limit=limit))
        return figures(await RunRecords(self._world.state, self._world.index).whole(listed))

    async def _proposed(self) -> Sequence[StandingLesson]:
        batches = (await self._memory.batches()).values()
        return [
            StandingLesson(one, "proposed", f"#{batch.number}" if batch.number else batch.branch)
            for batch in batches
            for one in batch.lessons
        ]

    async def _rejected(self) -> Sequence[StandingLesson]:
        return [
            StandingLesson(
                one.lesson,
                "rejected",
                f"#{one.number}" if one.number else one.by or "",
                rejected=one,
            )
            for one in await self._memory.rejected()
        ]


def _documents(catalog: Catalog, today: date) -> Sequence[StandingLesson]:
    return [
        StandingLesson(one, status if one.holds(today) else "expired", one.path)
        for status, one in every_lesson(catalog)
    ]


def _joined(lesson: Lesson, further: Mapping[str, Sequence[Evidence]]) -> Sequence[Evidence]:
    known = {one.run: one for one in (*lesson.evidence, *further.get(mark(lesson), ()))}
    return list(known.values())
