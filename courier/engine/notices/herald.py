"""The herald: reads what the state branch gained, and hands letters about it to the engine."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from courier.engine.inflight import Json
from courier.engine.notices.mailing import COMMENTS, FLOW, KEPT, PRIORITY, QUEUE
from courier.engine.notices.memory import Heard, remember, remembered
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import CourierError
from courier.planning.budgets.exhausted import exhausted
from courier.planning.catalog.catalog import Catalog
from courier.planning.chains.notices import sprints_ended
from courier.planning.observed.course import FOLDERS, Course, read_course
from courier.planning.plan import Headroom
from courier.ports.index import RunQuery
from courier.resources.notification import Notification
from courier.resources.project import Project
from courier.runs.notices.happenings import happened
from courier.runs.notices.notice import Letter, Notice, wants
from courier.runs.texts.told import object_of

log = logging.getLogger(__name__)

MOST_WAITING: Final = 500
"""Letters that may wait for one sink; more are kept as dead letters at once."""

_RECORD: Final = "/run.json"
_REMEMBERED: Final = 5_000
_LOOK_BACK: Final = timedelta(days=2)


class Herald:
    """Tells what happened since it last looked; asked again, it tells nothing twice.

    What it read up to is a file; where that is missing, the engine's last letter knows from where
    on to read again. A letter's name is made of what it tells and whom, so that the engine refuses
    it a second time.

    Args:
        world: Where records are.
        engine: Carries letters.
        repository: Where the repository is, without credentials.
        memory: The file that says up to where was read.
    """

    def __init__(self, world: World, engine: RunClient, *, repository: str, memory: Path) -> None:
        self._world = world
        self._engine = engine
        self._repository = repository
        self._memory = memory
        self._heard: Heard | None = None
        self._budgets: set[str] = set()

    async def tell(self, catalog: Catalog, budgets: Iterable[Headroom] = ()) -> int:
        """Return how many letters are new; what cannot be done now is done the next time.

        Args:
            catalog: The documents in force.
            budgets: What projects may spend and have spent.
        """
        try:
            return await self._tell(sinks_of(catalog), tuple(budgets))
        except CourierError as fault:
            log.warning("nobody can be told now: %s", fault)
            return 0

    async def _tell(
        self, sinks: Mapping[str, Sequence[Notification]], budgets: Sequence[Headroom]
    ) -> int:
        tip, now = await self._world.state.tip() or "", self._world.clock.now()
        heard = await self._known(tip, now)
        notices = [*self._of_budgets(budgets, now)]
        if sinks and heard.tip != tip:
            notices += [*await self._of_records(heard, now), *await self._of_sprints(heard, now)]
        # Older ones may have been told by letters that are known no more.
        young = [one for one in notices if one.at > now - KEPT]
        new = await self._hand_over(young, sinks, heard.tip)
        self._budgets |= {one.key for one in notices if one.budget is not None}
        if heard.tip != tip or not self._memory.exists():
            self._heard = Heard(tip=tip, at=now)
            remember(self._memory, self._heard)
        return new

    async def _known(self, tip: str, now: datetime) -> Heard:
        """Return up to where was read; who never did begins now, and tells nothing of the past."""
        if self._heard is None:
            self._heard = remembered(self._memory) or await self._told_last()
        if self._heard is None:
            self._heard = Heard(tip=tip, at=now)
        return self._heard

    async def _told_last(self) -> Heard | None:
        for state in await self._engine.list(limit=_REMEMBERED):
            if state.flow == FLOW:
                given = await self._engine.submitted(state.run_id)
                letter = Letter.model_validate_json(json.dumps(given))
                if letter.seen is not None:
                    return Heard(tip=letter.seen, at=state.submitted_at)
        return None

    def _of_budgets(self, budgets: Sequence[Headroom], now: datetime) -> Iterable[Notice]:
        found = (one for room in budgets for one in exhausted(room, now=now))
        return [one for one in found if one.key not in self._budgets]

    async def _of_records(self, heard: Heard, now: datetime) -> Iterable[Notice]:
        state = self._world.state
        changed = await state.changed("runs", since=heard.tip or None)
        is_lost = changed.whole and bool(heard.tip)
        paths = self._recent(heard) if is_lost else changed.there
        records = [path for path in paths if path.endswith(_RECORD)]
        after = await state.read(records)
        before = {} if is_lost or not heard.tip else await state.read(records, at=heard.tip)
        found = [
            notice
            for path in records
            if (value := object_of(after.get(path))) is not None
            for notice in happened(object_of(before.get(path)), value, seen_at=now)
        ]
        return [one for one in found if not is_lost or one.at >= heard.at]

    async def _of_sprints(self, heard: Heard, now: datetime) -> Iterable[Notice]:
        state, folder = self._world.state, FOLDERS["SprintChain"]
        changed = await state.changed(folder, since=heard.tip or None)
        if changed.whole and heard.tip:
            # Nothing tells when a sprint ended, so nothing tells what of this is new.
            return []
        after = await state.read(changed.there)
        before = await state.read(changed.there, at=heard.tip) if heard.tip else {}
        return [
            notice
            for path, content in after.items()
            if (course := read_course(content).course) is not None
            for notice in sprints_ended(_course(before.get(path)), course, now=now)
        ]

    def _recent(self, heard: Heard) -> Sequence[str]:
        """Return the records to look at where history was made anew."""
        found = self._world.index.page(RunQuery(since=heard.at - _LOOK_BACK))
        return [one.place for one in found]

    async def _hand_over(
        self, notices: Sequence[Notice], sinks: Mapping[str, Sequence[Notification]], seen: str
    ) -> int:
        letters = [
            Letter(repository=self._repository, notice=notice, sink=sink, seen=seen)
            for notice in notices
            for sink in sinks.get(notice.project, ())
            if wants(sink, notice)
        ]
        if not letters:
            return 0
        live = await self._engine.list(live=True)
        waiting = Counter(sink_of(one.run_id) for one in live if one.flow == FLOW)
        new = 0
        for letter in letters:
            too_many = waiting[letter.sink.name] >= MOST_WAITING
            given = letter.model_copy(update={"overflows": too_many})
            if await submit(self._engine, given):
                waiting[letter.sink.name] += 1
                new += 1
        return new


async def submit(engine: RunClient, letter: Letter, *, again: int = 0) -> bool:
    """Hand a letter to the engine; return whether it is new.

    Args:
        engine: Carries it.
        letter: What to send.
        again: How often a person asked for it again.
    """
    given: Json = json.loads(letter.model_dump_json(by_alias=True))
    queue = COMMENTS if letter.sink.type == "pullRequest" else QUEUE
    return await engine.submit(
        name_of(letter, again=again), flow=FLOW, input=given, queue=queue, priority=PRIORITY
    )


def name_of(letter: Letter, *, again: int = 0) -> str:
    """Return the engine's name of a letter; no run's has a dot, and none begins so."""
    return f"notice-{letter.id[:16]}.{letter.sink.name}" + (f".{again}" if again else "")


def sink_of(name: str) -> str:
    """Return the sink a letter's name tells."""
    return name.split(".")[1] if "." in name else ""


def sinks_of(catalog: Catalog) -> Mapping[str, Sequence[Notification]]:
    """Return each project's sinks; projects without any are missing."""
    found = (catalog.resource(ref) for ref in catalog.of_kind("Project"))
    return {
        one.metadata.name: one.spec.notifications
        for one in found
        if isinstance(one, Project) and one.spec.notifications
    }


def _course(content: bytes | None) -> Course | None:
    return read_course(content).course if content is not None else None
