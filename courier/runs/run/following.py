"""What a run knows of the checks of what it delivered, folded from its facts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple, assert_never

from courier.resources.model import Model
from courier.runs.run.facts.checked import ChecksAwaited, ChecksRed, ChecksSeen, HelpAsked
from courier.runs.run.facts.work import WorkDelivered


class FrozenCi(Model):
    """How the checks on the run's pull request are followed."""

    wait: bool = False
    """Whether the run is over only when they are green."""
    required: tuple[str, ...] = ()
    """The names of those that matter; all where there are none."""
    fix_attempts: int = 0
    """How often an agent may try to mend red ones."""
    timeout_seconds: int = 3600
    """How long to wait for those of one commit."""
    pace_seconds: float = 15
    """How long after a push, or after they turned red, to look; then ever more seldom."""

    @property
    def before_merge(self) -> tuple[str, ...] | None:
        """The checks that must be green before work merges by itself, as forges are told."""
        return self.required if self.wait or self.required else None


class Flaky(NamedTuple):
    """A check that was red and turned green without another commit."""

    head: str
    name: str


@dataclass(frozen=True, slots=True)
class Following:
    """What is known of the checks.

    Attributes:
        pushed: Every commit that was delivered, oldest first.
        awaited: The commit whose checks were last begun to be waited for.
        seen: The last look at those of the newest commit; None before there was one.
        since: Since when every look found the same.
        was_red: The names of those that were ever red at that commit and are not green since.
        reds: Why each red commit was, oldest first; each commit once.
        flaky: Those that turned green by themselves.
        helped: That people were asked to take over.
    """

    pushed: tuple[str, ...] = ()
    awaited: str | None = None
    seen: ChecksSeen | None = None
    since: datetime | None = None
    was_red: frozenset[str] = frozenset()
    reds: tuple[ChecksRed, ...] = ()
    flaky: tuple[Flaky, ...] = ()
    helped: HelpAsked | None = None

    @property
    def head(self) -> str | None:
        """Return the newest commit that was delivered."""
        return self.pushed[-1] if self.pushed else None

    @property
    def red(self) -> ChecksRed | None:
        """Return why the newest commit is red; None while it is not known to be."""
        newest = self.reds[-1] if self.reds else None
        return newest if newest is not None and newest.head == self.head else None


UNFOLLOWED: Final = Following()
"""Nothing was delivered yet."""

Checked = ChecksAwaited | ChecksSeen | ChecksRed | HelpAsked
"""Facts about checks."""


def delivered(known: Following, event: WorkDelivered) -> Following:
    """Return what is known after a delivery: of a new commit nothing yet."""
    if event.commit is None or event.refusal is not None or event.commit == known.head:
        return known
    return replace(
        known,
        pushed=(*known.pushed, event.commit),
        seen=None,
        since=None,
        was_red=frozenset(),
    )


def checked(known: Following, event: Checked) -> Following:
    """Return what is known after one more fact."""
    match event:
        case ChecksAwaited():
            return replace(known, awaited=event.head)
        case ChecksSeen():
            return _looked(known, event)
        case ChecksRed():
            if any(one.head == event.head for one in known.reds):
                return known
            return replace(known, reds=(*known.reds, event))
        case HelpAsked():
            return replace(known, helped=event)
        case _:
            assert_never(event)


def _looked(known: Following, seen: ChecksSeen) -> Following:
    if seen.checks.head != known.head:
        return known
    red = {one.name for one in seen.checks.checks if one.is_red}
    green = {one.name for one in seen.checks.checks if one.status == "success"}
    turned = sorted(known.was_red & green)
    is_same = known.seen is not None and seen.checks.says_the_same(known.seen.checks)
    return replace(
        known,
        since=known.since if is_same else seen.at,
        seen=seen,
        was_red=(known.was_red - green) | red,
        flaky=(*known.flaky, *_new(known.flaky, (Flaky(seen.checks.head, one) for one in turned))),
    )


def _new(known: tuple[Flaky, ...], found: Iterable[Flaky]) -> tuple[Flaky, ...]:
    return tuple(one for one in found if one not in known)
