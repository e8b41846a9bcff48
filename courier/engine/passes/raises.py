"""Proposing more money: a pull request of one line, with what spent it, once for each shortage."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from courier.engine.commits.signing import signed
from courier.engine.passes.books import Books
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import CourierError, Misused
from courier.planning.plan import Plan, Raise
from courier.ports.repository import Identity
from courier.runs.pullrequests.pullrequest import Proposed
from courier.runs.usage.budget import dollars
from courier.runs.usage.spending import sums

log = logging.getLogger(__name__)

AUTHOR: Final = Identity("courier", "courier@localhost")
"""Who the one line is by; what agents make never gets there."""

_NUMBER: Final = re.compile(r"[0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?")
_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Raised:
    """What was proposed: its branch, and what it says."""

    branch: str
    title: str


class Raises:
    """Proposes raises; what was proposed once, whatever became of it, is not proposed again."""

    def __init__(self, world: World, reader: RunReader) -> None:
        self._world = world
        self._books = Books(world, reader)
        self._known: set[str] = set()

    async def carry_out(self, plan: Plan) -> Sequence[Raised]:
        """Propose what a plan asks for; return what is new."""
        found = []
        for wanted in plan.raises:
            if branch_of(wanted) in self._known:
                continue
            try:
                told = await self._propose(plan, wanted)
            except CourierError as fault:
                log.warning("%s is not proposed to be raised: %s", wanted.field, fault)
                continue
            self._known.add(branch_of(wanted))
            found += [told] if told is not None else []
        return found

    async def _propose(self, plan: Plan, wanted: Raise) -> Raised | None:
        repository, branch = self._world.repository, branch_of(wanted)
        forge = self._world.forge_named(wanted.forge)
        if any(pull.branch == branch for pull in await forge.list()):
            return None
        title = f"Raise {wanted.field} of {wanted.project} from {wanted.was:f} to {wanted.to:f}"
        blobs = await repository.files(plan.commit, wanted.path.rpartition("/")[0])
        (content,) = await repository.read([blobs[wanted.path]])
        files = {wanted.path: raised(content, wanted)}
        commit = await repository.with_files(plan.commit, files, message=title, author=AUTHOR)
        commit = await signed(self._world, wanted.signing_key, commit, beyond=(plan.commit,))
        expected = await repository.resolve(f"refs/remotes/origin/{branch}")
        await repository.push(commit, branch=branch, expected=expected)
        proposed = Proposed(
            run=branch.replace("/", "-"),
            title=title,
            body=await self._body(plan, wanted),
            base=plan.branch,
            branch=branch,
            head=commit,
        )
        await forge.propose(proposed)
        return Raised(branch, title)

    async def _body(self, plan: Plan, wanted: Raise) -> str:
        """Return what was used up and by what, as Markdown."""
        today = (plan.decided_at or self._world.clock.now()).date()
        since = today if wanted.field.endswith("perDay") else today.replace(day=1)
        rows = await self._spent(wanted, since, today)
        told = (
            f"This changes one line of `{wanted.path}`. Merging it lets the runs that wait go on; "
            "write another number there if this one is not yours. Closing it changes nothing, and "
            "it is not proposed again."
        )
        head = [f"| run | US dollars since {since} | lines |", "| --- | --- | --- |"]
        return "\n".join([wanted.message, "", told, "", *head, *rows, ""])

    async def _spent(self, wanted: Raise, since: date, until: date) -> Sequence[str]:
        """Return a row for each run that spent something, the dearest first."""
        lines = await self._books.lines(since=since, until=until)
        own = (line for line in lines if line.get("project") == wanted.project)
        by_run = sorted(sums(own, by="run").items(), key=lambda each: -(each[1].usd or 0))
        rows = [
            f"| `{run}` | {'at least ' if total.unknown else ''}"
            f"{dollars(total.usd or Decimal(0))} | {total.lines} |"
            for run, total in by_run
        ]
        more = len(rows) - _ROWS
        return [*rows[:_ROWS], f"| and {more} more | | |"] if more > 0 else rows


def branch_of(wanted: Raise) -> str:
    """Return the branch of a raise: one for each project, budget and period."""
    field = wanted.field.rpartition(".")[2]
    return f"courier-budget/{wanted.project}-{field}-{wanted.period}"


def raised(content: bytes, wanted: Raise) -> bytes:
    """Return a file with the one number changed.

    Raises:
        Misused: If no number stands there.
    """
    lines = content.decode().split("\n")
    line = lines[wanted.line - 1] if wanted.line <= len(lines) else ""
    before, rest = line[: wanted.column - 1], line[wanted.column - 1 :]
    found = _NUMBER.match(rest)
    if found is None:
        raise Misused(
            "The budget cannot be raised by one line.",
            detail=f"{wanted.path}:{wanted.line}:{wanted.column} is no plain number.",
            next_step="Raise it by hand.",
        )
    lines[wanted.line - 1] = f"{before}{wanted.to:f}{rest[found.end() :]}"
    return "\n".join(lines).encode()
