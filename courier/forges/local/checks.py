"""Results of checks as files ``checks/<commit>.json`` of the state branch, told by any CI."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from courier.errors import Conflict, Misconfigured
from courier.ports.clock import Clock
from courier.ports.state import StateBranch, SwapFile
from courier.resources.model import Model
from courier.runs.pullrequests.checks import Check, Checks, newest
from courier.runs.texts.material import bounded

LOG_LIMIT: Final = 16_000
"""Most characters that are kept of one check's log."""

_TRIES: Final = 50


class _Told(Model):
    """One check and what it wrote, as kept."""

    check: Check
    log: str = ""


class _Kept(Model):
    """Everything told of one commit."""

    commit: str
    told: tuple[_Told, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportedChecks:
    """What was told of commits; the state branch must have been refreshed to see what is new."""

    state: StateBranch
    clock: Clock

    async def of(self, commit: str) -> Checks:
        """Return the checks told of a commit.

        Raises:
            Misconfigured: If what is kept of it cannot be read.
        """
        kept, _ = await self._read(commit)
        checks = newest(one.check for one in kept.told)
        return Checks(head=commit, checks=checks, last_polled=self.clock.now())

    async def log(self, commit: str, check: str) -> str:
        """Return what was kept of a check's log; empty if nothing was."""
        kept, _ = await self._read(commit)
        return next((one.log for one in kept.told if one.check.name == check), "")

    async def tell(self, commit: str, check: Check, *, log: str = "") -> Check:
        """Keep how a check of a commit stands now, in place of what was told of it before.

        Args:
            commit: Its whole id.
            check: The result; its times are filled in where it tells none.
            log: What it wrote; the beginning and the end of it are kept.

        Raises:
            Conflict: If other processes kept telling something.
        """
        for _ in range(_TRIES):
            kept, was = await self._read(commit)
            before = next((one for one in kept.told if one.check.name == check.name), None)
            told = _Told(check=self._timed(check, before), log=bounded(log, LOG_LIMIT))
            others = (one for one in kept.told if one.check.name != check.name)
            everything = sorted((*others, told), key=lambda one: one.check.name)
            content = _content(_Kept(commit=commit, told=tuple(everything)))
            swap = SwapFile(_path(commit), content, was=was)
            await self.state.write([swap], message=f"Check {check.status}: {commit[:12]}")
            if (await self.state.read([swap.path])).get(swap.path) == content:
                return told.check
        raise Conflict("The checks of the commit kept changing.", next_step="Try again.")

    def _timed(self, check: Check, before: _Told | None) -> Check:
        now = self.clock.now()
        began = before.check.started_at if before and before.check.status == "pending" else None
        started = check.started_at or began or now
        if check.status == "pending":
            return check.model_copy(update={"started_at": started, "ended_at": None})
        ended = check.ended_at or now
        return check.model_copy(update={"started_at": started, "ended_at": ended})

    async def _read(self, commit: str) -> tuple[_Kept, bytes | None]:
        path = _path(commit)
        contents: Mapping[str, bytes] = await self.state.read([path])
        content = contents.get(path)
        if content is None:
            return _Kept(commit=commit), None
        try:
            return _Kept.model_validate_json(content), content
        except ValidationError as broken:
            raise Misconfigured(
                "Results of checks on the state branch are malformed.",
                detail=f"{path}: {broken}",
                next_step="Mend or delete the file on the state branch.",
            ) from broken


def _path(commit: str) -> str:
    return f"checks/{commit}.json"


def _content(kept: _Kept) -> bytes:
    value = kept.model_dump(mode="json", by_alias=True, exclude_none=True)
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
