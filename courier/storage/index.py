"""The index of records: the `RunIndex` port on SQLite, kept level with the state branch."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from courier.errors import NotFound, Unavailable
from courier.planning.observed.history import SAMPLES, Sample
from courier.planning.observed.listed import ListedRun, read_listed
from courier.planning.observed.observed import ObservedRun, Records
from courier.ports.clock import Clock
from courier.ports.index import RunQuery
from courier.ports.state import StateBranch
from courier.storage import indexfile
from courier.storage.indexfile import VERSION
from courier.storage.lookups import Histories, RunsByName

RECORDS: Final = "runs"
"""The folder of all records on the state branch."""

RECORD: Final = "/run.json"
"""How the path of a record ends."""

_AT_ONCE: Final = 1000
_PATIENCE: Final = 0.05

T = TypeVar("T")


class Index:
    """The index in a folder; any number of processes may share it, one at a time takes in.

    It is one transaction from what it was to what it is: a kill at any point leaves what it was.

    Args:
        state: Where records are.
        folder: Where the file is; it holds nothing that is not on the state branch.
        clock: Waits while another process takes in.
    """

    def __init__(self, state: StateBranch, folder: Path, clock: Clock) -> None:
        self._state = state
        self._path = folder / f"runs-{VERSION}.db"
        self._clock = clock
        self._link: sqlite3.Connection | None = None
        self._file: int | None = None
        self._turn = asyncio.Lock()
        self._seen = ""
        self._known: dict[str, ObservedRun | None] = {}

    async def follow(self) -> None:
        """Take in what the remote's records say now; what is broken is made again."""
        async with self._turn:
            try:
                await self._follow()
            except sqlite3.OperationalError as failed:
                raise _unwritable(self._path, failed) from failed
            except sqlite3.DatabaseError:
                self._discard()
                try:
                    await self._follow()
                except sqlite3.Error as failed:
                    raise _unwritable(self._path, failed) from failed

    def close(self) -> None:
        """Close the file."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def page(self, wanted: RunQuery) -> Sequence[ListedRun]:
        """Return records, the last started first.

        Raises:
            NotFound: If the run to go on behind is not on record.
        """
        terms, values = _terms(wanted)
        if wanted.after is not None:
            last = self.named([wanted.after]).get(wanted.after)
            if last is None:
                raise NotFound(
                    "There is no such run to go on behind.",
                    detail=wanted.after,
                    next_step="Begin with the first page.",
                )
            terms.append("(started, run) < (?, ?)")
            values += [indexfile.micros(last.started_at), wanted.after]
        where = f"WHERE {' AND '.join(terms)} " if terms else ""
        limit = -1 if wanted.limit is None else wanted.limit
        rest = f"{where}ORDER BY started DESC, run DESC LIMIT ?"
        return self._ask(lambda link: list(indexfile.select(link, rest, [*values, limit])))

    def figures(self, wanted: RunQuery) -> Sequence[Mapping[str, Any]]:
        """Return what statistics are made of, of all records that are wanted; no page of them."""
        terms, values = _terms(wanted)
        where = f"WHERE {' AND '.join(terms)} " if terms else ""
        rest = f"{where}ORDER BY started DESC, run DESC"
        return self._ask(lambda link: list(indexfile.figures(link, rest, values)))

    def named(self, runs: Collection[str]) -> Mapping[str, ListedRun]:
        """Return the records of some runs; those without one are missing."""
        found = self._ask(lambda link: list(indexfile.named(link, list(runs))))
        return {one.observed.run: one for one in found}

    def on_branches(self, branches: Collection[str]) -> Sequence[ListedRun]:
        """Return the records of runs whose work is on some branches."""
        wanted = list(branches)
        return self._ask(lambda link: list(indexfile.on_branches(link, wanted)))

    def beginning(self, prefix: str) -> Sequence[str]:
        """Return the names on record that begin so."""
        query = "SELECT run FROM runs WHERE run >= ? AND run < ? ORDER BY run"
        until = prefix + chr(0x10FFFF)
        return self._ask(lambda link: [row[0] for row in link.execute(query, (prefix, until))])

    def of_commits(self, commits: Collection[str]) -> Sequence[ListedRun]:
        """Return those whose work, or whose merge, is one of some commits, the newest first."""
        asked = [one for one in commits if one]
        marks = ", ".join("?" * len(asked))
        rest = (
            f"WHERE (work IS NOT NULL AND work IN ({marks})) "
            f"OR (merged != '' AND merged IN ({marks})) ORDER BY started DESC"
        )
        return self._ask(lambda link: list(indexfile.select(link, rest, [*asked, *asked])))

    def of_pull_request(self, number: int) -> Sequence[ListedRun]:
        """Return those whose pull request has a number, the newest first."""
        rest = "WHERE number = ? ORDER BY started DESC"
        return self._ask(lambda link: list(indexfile.select(link, rest, (number,))))

    def unproposed(self) -> Sequence[ListedRun]:
        """Return those whose pull request could not be opened."""
        return self._ask(lambda link: list(indexfile.select(link, "WHERE pull = 'failed'", ())))

    def proposed(self) -> Sequence[ListedRun]:
        """Return those with a pull request that a forge may still change."""
        return self._ask(lambda link: list(indexfile.select(link, "WHERE proposed", ())))

    def merging(self) -> Sequence[ListedRun]:
        """Return those that were merged, and whose checks after that have not all ended."""
        return self._ask(lambda link: list(indexfile.select(link, "WHERE merging", ())))

    def observed(self) -> Records:
        """Return all records for planning: each is read when it is asked for, and remembered."""
        total = self._ask(lambda link: int(indexfile.fact(link, "total") or "0", 16))
        return Records(RunsByName(self), total, Histories(self))

    def one(self, run: str) -> ObservedRun | None:
        """Return one run for planning; remembered until its record changes."""
        if run not in self._known:
            found = self.named([run]).get(run)
            self._known[run] = found.observed if found is not None else None
        return self._known[run]

    def names(self) -> Sequence[str]:
        """Return the name of every run on record."""
        return self.beginning("")

    def samples(self, workflow: str) -> tuple[Sample, ...]:
        """Return what the last completed runs of a workflow took, the newest first."""
        rest = (
            "WHERE workflow = ? AND tokens IS NOT NULL ORDER BY ended DESC, run DESC "
            f"LIMIT {SAMPLES}"
        )
        found = self._ask(lambda link: list(indexfile.select(link, rest, (workflow,))))
        return tuple(one.observed.sample for one in found if one.observed.sample is not None)

    def workflows(self) -> Sequence[str]:
        """Return every workflow that a run on record completed."""
        query = "SELECT DISTINCT workflow FROM runs WHERE tokens IS NOT NULL"
        return self._ask(lambda link: [row[0] for row in link.execute(query)])

    def _ask(self, look: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return look(self._linked())
        except sqlite3.OperationalError as failed:
            raise _unwritable(self._path, failed) from failed
        except sqlite3.DatabaseError as broken:
            self._discard()
            raise Unavailable(
                "The index of runs was damaged, and is made again.",
                detail=str(self._path),
                next_step="Try again.",
            ) from broken

    def _linked(self) -> sqlite3.Connection:
        """Return the open file."""
        if self._link is None:
            self._link = indexfile.connect(self._path)
            self._file = self._path.stat().st_ino
            self._forget()
        return self._link

    def _look_after(self) -> sqlite3.Connection:
        """Return the open file; it is another one where somebody deleted it."""
        there = self._path.stat().st_ino if self._path.exists() else None
        if there != self._file:
            self.close()
        return self._linked()

    def _forget(self) -> None:
        self._seen = ""
        self._known.clear()

    def _discard(self) -> None:
        self.close()
        self._forget()
        for ending in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)

    async def _follow(self) -> None:
        await self._state.refresh()
        tip = await self._state.tip() or ""
        link = self._look_after()
        if indexfile.fact(link, "tip") != tip or not indexfile.fact(link, "total"):
            tip = await self._level()
        elif tip != self._seen:
            # Somebody else took it in, so that what changed is not known here.
            self._known.clear()
        self._seen = tip

    async def _level(self) -> str:
        """Make the file level with the remote, alone; nobody reads what is half done."""
        link = indexfile.connect(self._path)
        try:
            while not indexfile.begin(link):
                await self._clock.sleep(_PATIENCE)
            tip = await self._take_in(link, indexfile.fact(link, "tip"))
            link.execute("COMMIT")
        except BaseException:
            self._forget()
            raise
        finally:
            link.close()
        return tip

    async def _take_in(self, link: sqlite3.Connection, held: str) -> str:
        """Write what differs, and return the tip it is as of, which is never an older one."""
        await self._state.refresh()
        tip = await self._state.tip() or ""
        if held != self._seen:
            self._known.clear()
        changed = await self._state.changed(RECORDS, since=held or None)
        places = [path for path in changed.there if path.endswith(RECORD)]
        if changed.whole:
            indexfile.clear(link)
            self._known.clear()
        gone = [path for path in changed.gone if path.endswith(RECORD)]
        for run in indexfile.remove(link, gone):
            self._known.pop(run, None)
        for start in range(0, len(places), _AT_ONCE):
            contents = await self._state.read(places[start : start + _AT_ONCE])
            await asyncio.to_thread(_put, link, contents)
        for place in places:
            self._known.pop(place.split("/")[-2], None)
        await asyncio.to_thread(indexfile.arrange, link)
        indexfile.note(link, "tip", tip)
        return tip


def _put(link: sqlite3.Connection, contents: Mapping[str, bytes]) -> None:
    indexfile.put(link, [read_listed(place, content) for place, content in contents.items()])


def _terms(wanted: RunQuery) -> tuple[list[str], list[object]]:
    asked = {"phase": wanted.phase, "project": wanted.project, "workflow": wanted.workflow}
    given = {column: value for column, value in asked.items() if value is not None}
    terms = [f"{column} = ?" for column in given]
    values: list[object] = list(given.values())
    if wanted.since is not None:
        terms.append("started >= ?")
        values.append(indexfile.micros(wanted.since))
    return terms, values


def _unwritable(path: Path, failed: sqlite3.Error) -> Unavailable:
    return Unavailable("The index of runs cannot be read or written.", detail=f"{path}: {failed}")
