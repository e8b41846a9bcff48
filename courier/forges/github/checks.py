"""What continuous integration says on GitHub: check runs, statuses, and workflows."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from courier.errors import CourierError, NotFound
from courier.forges.github import queries
from courier.forges.github.faults import GraphQLFault, RestFault
from courier.forges.github.transport import Transport
from courier.runs.pullrequests.checks import Check, Checks, CheckStatus, newest
from courier.runs.texts.material import bounded

LOG_LIMIT: Final = 16_000
"""Most characters of what a check wrote."""

_PAGES: Final = 10
_CONCLUSIONS: Final[Mapping[str, CheckStatus]] = {
    "SUCCESS": "success",
    "NEUTRAL": "neutral",
    "SKIPPED": "skipped",
    "CANCELLED": "cancelled",
}
_STATES: Final[Mapping[str, CheckStatus]] = {
    "SUCCESS": "success",
    "PENDING": "pending",
    "EXPECTED": "pending",
}
_ID: Final = re.compile(r"[0-9a-f]{40,64}")
_STAMP: Final = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ChecksReader:
    """Reads checks of one repository."""

    transport: Transport

    async def of(self, commit: str, number: int | None) -> Checks:
        """Return what is said of a commit; who may not see checks is told of workflows."""
        try:
            found = [each async for each in self._rollup(commit, number)]
        except GraphQLFault as fault:
            if not _is_hidden(fault):
                raise
            found = [*await self._workflows(commit), *await self._statuses(commit)]
        return self._of(commit, found)

    async def of_heads(self, numbers: Collection[int]) -> Mapping[int, Checks]:
        """Return what is said of the heads of pull requests, by number."""
        found: dict[int, Checks] = {}
        wanted = sorted(number for number in set(numbers) if number > 0)
        for start in range(0, len(wanted), queries.AT_ONCE):
            found |= await self._of_some(wanted[start : start + queries.AT_ONCE])
        return found

    async def of_commits(self, commits: Collection[str]) -> Mapping[str, Checks]:
        """Return what is said of commits, by their ids."""
        found: dict[str, Checks] = {}
        wanted = sorted(commit for commit in set(commits) if _ID.fullmatch(commit))
        for start in range(0, len(wanted), queries.AT_ONCE):
            found |= await self._at(wanted[start : start + queries.AT_ONCE])
        return found

    async def _at(self, commits: Sequence[str]) -> Mapping[str, Checks]:
        try:
            told = (await self.transport.query(queries.commits(commits), {}))["repository"]
        except GraphQLFault as fault:
            if not _is_hidden(fault):
                raise
            return {commit: await self.of(commit, None) for commit in commits}
        said = {one["oid"]: one for one in told.values() if one}
        return {one: await self._of_commit(one, said.get(one) or {}, None) for one in commits}

    async def _of_some(self, numbers: Sequence[int]) -> Mapping[int, Checks]:
        try:
            told = (await self.transport.query(queries.heads(numbers), {}))["repository"]
        except GraphQLFault as fault:
            if not _is_hidden(fault):
                raise
            # Who may not see checks is told of workflows, one after the other.
            raw = (await self.transport.query(queries.pulls(numbers), {}))["repository"]
            heads = {one["number"]: one["headRefOid"] for one in raw.values() if one}
            return {number: await self.of(head, number) for number, head in heads.items()}
        return {one["number"]: await self._of_head(one) for one in told.values() if one}

    async def _of_head(self, told: Mapping[str, Any]) -> Checks:
        head, nodes = told["headRefOid"], told["commits"]["nodes"]
        commit = nodes[-1]["commit"] if nodes else {}
        return await self._of_commit(
            head, commit if commit.get("oid") == head else {}, told["number"]
        )

    async def _of_commit(self, commit: str, told: Mapping[str, Any], number: int | None) -> Checks:
        rollup = told.get("statusCheckRollup")
        contexts = rollup["contexts"] if rollup else {"nodes": (), "pageInfo": {}}
        if contexts["pageInfo"].get("hasNextPage"):
            return await self.of(commit, number)
        return self._of(commit, [_of(one) for one in contexts["nodes"]])

    def _of(self, commit: str, found: Iterable[Check]) -> Checks:
        # The one that began last counts; one that has not begun comes after all.
        order = sorted(found, key=lambda one: (one.started_at is None, one.started_at or _FIRST))
        return Checks(head=commit, checks=newest(order), last_polled=self.transport.clock.now())

    async def log(self, commit: str, check: Check) -> str:
        """Return what a check wrote that tells why it failed; empty where nothing is to be had."""
        if check.id is None:
            own = [one for one in await self._told(commit) if one["context"] == check.name]
            return str(own[0]["description"] or "") if own else ""
        try:
            told = (await self.transport.mine("GET", f"/check-runs/{check.id}")).value
        except (RestFault, NotFound):
            told = {}
        output = told.get("output") or {}
        parts = [str(output.get(key) or "") for key in ("title", "summary", "text")]
        if output.get("annotations_count"):
            parts += await self._annotations(check.id)
        parts.append(await self._output(check.id))
        return bounded("\n\n".join(part for part in parts if part.strip()), LOG_LIMIT)

    async def _rollup(self, commit: str, number: int | None) -> Any:
        text, after = queries.rollup(of_pull=number is not None), None
        own = {"number": number} if number is not None else {}
        for _ in range(_PAGES):
            values = {"commit": commit, "after": after, **own}
            told = (await self.transport.query(text, values))["repository"]["object"]
            rollup = (told or {}).get("statusCheckRollup")
            if rollup is None:
                return
            contexts = rollup["contexts"]
            for one in contexts["nodes"]:
                yield _of(one)
            after = contexts["pageInfo"]["endCursor"]
            if not contexts["pageInfo"]["hasNextPage"]:
                return

    async def _workflows(self, commit: str) -> Iterable[Check]:
        params = {"head_sha": commit, "per_page": "100"}
        told = (await self.transport.mine("GET", "/actions/runs", params=params)).value
        return [
            Check(
                name=one["name"],
                status=_status(one["status"], one["conclusion"]),
                url=one["html_url"],
                started_at=_moment(one["run_started_at"]),
                ended_at=_moment(one["updated_at"]) if one["status"] == "completed" else None,
            )
            for one in told["workflow_runs"]
        ]

    async def _told(self, commit: str) -> Sequence[Mapping[str, Any]]:
        """Return the newest status of each context."""
        try:
            told = (await self.transport.mine("GET", f"/commits/{commit}/status")).value
        except (RestFault, NotFound):
            return ()
        statuses: Sequence[Mapping[str, Any]] = told["statuses"]
        return statuses

    async def _statuses(self, commit: str) -> Iterable[Check]:
        return [
            Check(
                name=one["context"],
                status=_STATES.get(one["state"].upper(), "failure"),
                url=one["target_url"],
                started_at=_moment(one["created_at"]),
            )
            for one in await self._told(commit)
        ]

    async def _annotations(self, check: str) -> list[str]:
        try:
            told = (await self.transport.mine("GET", f"/check-runs/{check}/annotations")).value
        except (RestFault, NotFound):
            return []
        return [f"{one['path']}:{one['start_line']}: {one['message']}" for one in told]

    async def _output(self, check: str) -> str:
        """Return the log of a workflow's job, whose id is that of its check; the end matters."""
        try:
            answer = await self.transport.mine("GET", f"/actions/jobs/{check}/logs")
        except CourierError:
            return ""
        return _STAMP.sub("", answer.text)[-LOG_LIMIT:]


def _is_hidden(fault: GraphQLFault) -> bool:
    return fault.is_forbidden or fault.says("not accessible")


def _of(told: Mapping[str, Any]) -> Check:
    return _of_run(told) if told["__typename"] == "CheckRun" else _of_context(told)


def _of_run(told: Mapping[str, Any]) -> Check:
    return Check(
        name=told["name"],
        status=_status(told["status"], told["conclusion"]),
        required=told.get("isRequired"),
        url=told["detailsUrl"],
        started_at=_moment(told["startedAt"]),
        ended_at=_moment(told["completedAt"]),
        id=str(told["databaseId"]) if told["databaseId"] else None,
    )


def _of_context(told: Mapping[str, Any]) -> Check:
    return Check(
        name=told["context"],
        status=_STATES.get(told["state"], "failure"),
        required=told.get("isRequired"),
        url=told["targetUrl"],
        started_at=_moment(told["createdAt"]),
    )


def _status(status: str, conclusion: str | None) -> CheckStatus:
    if status.upper() != "COMPLETED":
        return "pending"
    return _CONCLUSIONS.get((conclusion or "").upper(), "failure")


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


_FIRST: Final = datetime.fromisoformat("1970-01-01T00:00:00Z")
