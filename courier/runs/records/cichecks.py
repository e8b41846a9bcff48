"""What a record says of checks: while its run follows them, and later until all is settled."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from courier.resources.model import Model
from courier.runs.pullrequests.checks import Check, Checks, Overall
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.run.following import Flaky
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

MERGED_FOR: Final = timedelta(hours=2)
"""How long the checks of a merge are looked at."""


class RedCommit(Model):
    """A delivered commit whose checks were red."""

    head: str
    at: datetime
    checks: tuple[str, ...]
    """The names of the red ones."""
    repair: str | None = None
    """The commit that was to mend it; null where there is none."""


class FlakyCheck(Model):
    """A check that was red and turned green without another commit."""

    head: str
    name: str


class AfterMerge(Model):
    """The checks of what the merge made of the base."""

    commit: str
    merged_at: datetime
    overall: Overall = "none"
    checks: tuple[Check, ...] = ()
    last_polled: datetime | None = None
    settled: bool = False
    """Whether nobody looks any more."""


class CiChecks(Model):
    """The checks of one run's pull request."""

    overall: Overall = "none"
    """How those that matter stand together."""
    head: str | None = None
    """The commit they are of."""
    required: tuple[str, ...] = ()
    """The names of those that matter; all where there are none."""
    checks: tuple[Check, ...] = ()
    last_polled: datetime | None = None
    """When they were looked at, for what is told here; null for never."""
    red: tuple[RedCommit, ...] = ()
    """Every commit that was red, oldest first."""
    flaky: tuple[FlakyCheck, ...] = ()
    fix_attempts: int = 0
    """How often an agent began to mend red ones."""
    needs_human: bool = False
    """Whether people were asked to take over."""
    merges: bool = False
    """Whether the pull request is to merge by itself once they are green."""
    after_merge: AfterMerge | None = None
    """Null before the pull request is merged."""

    @property
    def has_settled(self) -> bool:
        """Whether those that matter have all ended."""
        known = Checks(head=self.head or "", checks=self.checks, last_polled=_LONG_AGO)
        is_over = self.overall in ("success", "failure")
        return is_over and not known.awaited(self.required)

    def looked(self, checks: Checks) -> "CiChecks":
        """Return what is known after another look at the head of the open pull request."""
        same = checks.head == self.head
        was_red = {one.name for one in self.checks if one.is_red} if same else set[str]()
        green = {one.name for one in checks.checks if one.status == "success"}
        turned = (FlakyCheck(head=checks.head, name=one) for one in sorted(was_red & green))
        red = tuple(one.name for one in checks.red(self.required))
        new = red and all(one.head != checks.head for one in self.red)
        added = (RedCommit(head=checks.head, at=checks.last_polled, checks=red),) if new else ()
        return self.model_copy(
            update={
                "overall": checks.overall(self.required),
                "head": checks.head,
                "checks": checks.checks,
                "last_polled": checks.last_polled,
                "red": (*self.red, *added),
                "flaky": (*self.flaky, *(one for one in turned if one not in self.flaky)),
            }
        )

    def merged(self, pull: PullRequest) -> "CiChecks":
        """Return what is known once the pull request was decided about."""
        if pull.status != "merged" or self.after_merge is not None:
            return self
        commit = pull.merge_commit or pull.head
        after = AfterMerge(commit=commit, merged_at=pull.updated_at)
        return self.model_copy(update={"after_merge": after})

    def looked_after(self, checks: Checks) -> "CiChecks":
        """Return what is known after another look at the commit of the merge."""
        known = self.after_merge
        if known is None:
            return self
        overall = checks.overall(self.required)
        late = checks.last_polled - known.merged_at >= MERGED_FOR
        done = overall in ("success", "failure") and not checks.awaited(self.required)
        after = known.model_copy(
            update={
                "overall": overall,
                "checks": checks.checks,
                "last_polled": checks.last_polled,
                "settled": late or done,
            }
        )
        return self.model_copy(update={"after_merge": after})

    def says_the_same(self, other: "CiChecks") -> bool:
        """Return whether another account differs in nothing but when it was looked."""
        return _timeless(self) == _timeless(other)


def read_checks(record: Mapping[str, object]) -> CiChecks | None:
    """Return what a record, as plain JSON values, says of checks; None where that is nothing."""
    try:
        told = record.get("ciChecks")
        return CiChecks.model_validate_json(json.dumps(told)) if told else None
    except ValueError:
        return None


def ci_checks(plan: FrozenPlan, run: Run) -> CiChecks | None:
    """Return what a run knows of its checks; None where it proposed nothing."""
    pull = pull_request_of(run)
    if run.delivered is None or pull is None or not pull.number:
        return None
    known, required = run.ci, plan.ci.required
    checks = known.seen.checks if known.seen else None
    tried = {one.repairs: one.commit for one in run.attempts if one.repairs is not None}
    told = CiChecks(
        overall=checks.overall(required) if checks else "none",
        head=known.head,
        required=required,
        checks=checks.checks if checks else (),
        last_polled=checks.last_polled if checks else None,
        red=tuple(
            RedCommit(
                head=one.head,
                at=one.at,
                checks=tuple(red.name for red in one.red),
                repair=tried.get(one.head),
            )
            for one in known.reds
        ),
        flaky=tuple(map(_flaky, known.flaky)),
        fix_attempts=len(tried),
        needs_human=known.helped is not None,
        merges=plan.delivery.auto_merge and plan.ci.before_merge is not None and not pull.draft,
    )
    return told.merged(pull)


def pull_request_of(run: Run) -> PullRequest | None:
    """Return the pull request of what was delivered, as last seen."""
    if run.ci.seen is not None:
        return run.ci.seen.pull_request
    return run.delivered.pull_request if run.delivered else None


def _flaky(one: Flaky) -> FlakyCheck:
    return FlakyCheck(head=one.head, name=one.name)


def _timeless(known: CiChecks) -> CiChecks:
    after = known.after_merge and known.after_merge.model_copy(update={"last_polled": None})
    return known.model_copy(update={"last_polled": None, "after_merge": after})
