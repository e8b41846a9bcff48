"""Why a line is there: from its commit to the run, and the attempt, that wrote it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, Literal

from courier.ports.annotations import Annotations, Commit, Line
from courier.ports.index import RunIndex
from courier.ports.state import StateBranch
from courier.runs.records.provenance import Origin, attempt_of, attempts, origin, touching

_NUMBER: Final = re.compile(r".*\(#([0-9]{1,9})\)")
"""A subject that forges give to what they squash."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some lines are as they are.

    Attributes:
        lines: The lines, one below the other, all of one commit.
        commit: Who last changed them; None where that is not committed yet.
        how: What ties the commit to a run: its own trailers, a merge that brought it, or what the
            record says was merged; nothing where no run wrote it.
        run: The run's name; empty for none.
        record: The run's record; None where it is not there.
        attempt: Who of the run wrote it; None where that cannot be told.
        is_sure: Whether the attempt is known, and not only likely.
        carrier: The commit that brought the work here, where it is another one.
        asked_by: Who asked for the run; empty where history does not tell.
        note: What else is to be said of it.
    """

    lines: tuple[Line, ...]
    commit: Commit | None = None
    how: Literal["trailers", "merge", "squash", "nothing"] = "nothing"
    run: str = ""
    record: Mapping[str, Any] | None = None
    attempt: Mapping[str, Any] | None = None
    is_sure: bool = True
    carrier: Commit | None = None
    asked_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Tie:
    """What ties a commit to a run."""

    run: str
    how: Literal["trailers", "merge", "squash", "nothing"]
    made: Origin | None = None
    carrier: Commit | None = None


@dataclass
class Provenance:
    """Tells why lines are there, with what one clone and its records know."""

    state: StateBranch
    index: RunIndex
    annotations: Annotations
    _records: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    _ties: dict[str, _Tie | None] = field(default_factory=dict)

    async def why(self, path: str, first: int, last: int) -> Sequence[Reason]:
        """Return why lines are there, a reason for each stretch of one commit.

        Raises:
            NotFound: If there is no such file, or no such line.
        """
        lines = await self.annotations.lines(path, first, last)
        commits = await self.annotations.commits({one.commit for one in lines if one.commit})
        stretches = [tuple(some) for _, some in groupby(lines, key=lambda one: one.commit)]
        return [await self._reason(some, commits.get(some[0].commit or "")) for some in stretches]

    async def _reason(self, lines: tuple[Line, ...], commit: Commit | None) -> Reason:
        if commit is None:
            return Reason(lines)
        tie = await self._tied(commit, lines[0].path)
        if tie is None:
            return Reason(lines, commit)
        record = await self._record(tie.run)
        found = Reason(lines, commit, tie.how, tie.run, record, carrier=tie.carrier)
        if record is None:
            return _noted(found, "Its record is not on the branch courier/state here.")
        asked = await self._asked_by(record)
        attempt, is_sure = await self._attempt(tie, record, commit, lines[0])
        if attempt is None and tie.how == "merge":
            told = f"It came with the work of run {tie.run}; no run wrote it."
            return Reason(lines, commit, carrier=tie.carrier, note=told)
        return Reason(
            lines,
            commit,
            tie.how,
            tie.run,
            record,
            attempt,
            is_sure,
            tie.carrier,
            asked,
        )

    async def _tied(self, commit: Commit, path: str) -> _Tie | None:
        if commit.id not in self._ties:
            found = await self._tie(commit)
            self._ties[commit.id] = found or await self._squashed_by_hand(commit, path)
        return self._ties[commit.id]

    async def _squashed_by_hand(self, commit: Commit, path: str) -> _Tie | None:
        """Return the run whose pull request a subject names and whose work has the same file."""
        named = _NUMBER.fullmatch(commit.subject)
        for one in self.index.of_pull_request(int(named[1])) if named is not None else ():
            work = one.observed.commit
            if work and await self.annotations.same(path, commit.id, work):
                return _Tie(one.observed.run, "squash")
        return None

    async def _tie(self, commit: Commit) -> _Tie | None:
        made = origin(commit.trailers)
        if made is not None:
            return _Tie(made.run, "trailers" if made.step else "squash", made)
        known = self.index.of_commits([commit.id])
        if known:
            return _Tie(known[0].observed.run, "squash")
        merge = await self.annotations.brought_by(commit.id)
        if merge is None:
            return None
        carrier = (await self.annotations.commits([merge])).get(merge)
        named = origin(carrier.trailers) if carrier is not None else None
        if named is not None:
            return _Tie(named.run, "merge", carrier=carrier)
        known = self.index.of_commits([merge])
        return _Tie(known[0].observed.run, "merge", carrier=carrier) if known else None

    async def _record(self, run: str) -> Mapping[str, Any] | None:
        if run not in self._records:
            listed = self.index.named([run]).get(run)
            found = await self.state.read([listed.place]) if listed is not None else {}
            self._records[run] = next(map(_read, found.values()), None)
        return self._records[run]

    async def _attempt(
        self, tie: _Tie, record: Mapping[str, Any], commit: Commit, line: Line
    ) -> tuple[Mapping[str, Any] | None, bool]:
        """Return who of a run wrote a line, and whether that is certain."""
        if tie.made is not None and tie.made.step:
            return attempt_of(record, tie.made), True
        if tie.how == "merge":
            return await self._first_with(record, commit.id), True
        inside = await self._inside(record, commit, line)
        if inside is not None:
            return inside, True
        who = touching(record, line.path) or [one for one in attempts(record) if one.get("files")]
        return (who[-1], len(who) == 1) if who else (None, False)

    async def _first_with(self, record: Mapping[str, Any], commit: str) -> Mapping[str, Any] | None:
        """Return the first attempt whose work holds a commit."""
        for one in attempts(record):
            work = one.get("commit")
            if work and await self.annotations.contains(commit, tip=str(work)):
                return one
        return None

    async def _inside(
        self, record: Mapping[str, Any], squashed: Commit, line: Line
    ) -> Mapping[str, Any] | None:
        """Return who wrote a line by the commits a squash was made of, where these are here."""
        work = (record.get("work") or {}).get("commit")
        if not work or not await self.annotations.same(line.path, squashed.id, str(work)):
            return None
        (was,) = await self.annotations.lines(line.path, line.at, line.at, commit=str(work))
        found = (await self.annotations.commits([was.commit or ""])).get(was.commit or "")
        made = origin(found.trailers) if found is not None else None
        if made is not None and made.step:
            return attempt_of(record, made)
        return await self._first_with(record, was.commit or "")

    async def _asked_by(self, record: Mapping[str, Any]) -> str:
        retry, document = record.get("retryOf"), record.get("document")
        if isinstance(retry, dict):
            return str(retry.get("by", ""))
        if not document:
            return ""
        at = str(record.get("observedCommit"))
        return await self.annotations.author(str(document), commit=at) or ""


def _read(content: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _noted(reason: Reason, note: str) -> Reason:
    return Reason(
        reason.lines, reason.commit, reason.how, reason.run, carrier=reason.carrier, note=note
    )
