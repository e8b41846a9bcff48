"""What of `.courier/` in the person's working tree is not what courier works from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from courier.cli.views.ink import safe

if TYPE_CHECKING:
    from courier.ports.repository import Head
    from courier.storage.checkout import Checkout

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LocalChanges:
    """How a working tree is ahead of the tracked branch.

    Attributes:
        tracked: The tracked branch's short name.
        edited: Paths below `.courier/` that are not committed.
        commits: How many commits that change `.courier/` are not on the tracked branch.
        branch: The branch that is checked out; None if detached.
        has_origin: Whether commits have to be pushed to count.
    """

    tracked: str
    edited: tuple[str, ...] = ()
    commits: int = 0
    branch: str | None = None
    has_origin: bool = True

    @property
    def exist(self) -> bool:
        """Return whether there are any."""
        return bool(self.edited or self.commits)

    def told(self) -> str:
        """Return what is not there yet, in one sentence or two."""
        parts = []
        if self.edited:
            names = ", ".join(safe(path) for path in self.edited[:_SHOWN])
            more = len(self.edited) - _SHOWN
            parts.append(f"not committed: {names}{f' and {more} more' if more > 0 else ''}")
        if self.commits:
            noun = "commit" if self.commits == 1 else "commits"
            parts.append(f"{self.commits} {noun} not on {self.tracked}")
        where = "as origin has it" if self.has_origin else "as it is committed"
        return f"courier works from {self.tracked} {where}; {' and '.join(parts)}."

    def next_step(self) -> str:
        """Return the commands that bring them there."""
        steps = ['git add .courier && git commit -m "..."'] if self.edited else []
        if self.branch != self.tracked:
            steps.append(
                f"bring {self.branch or 'your commits'} to {self.tracked} (a pull request)"
            )
        elif self.has_origin:
            steps.append(f"git push origin {self.tracked}")
        return ", then ".join(steps)


async def local_changes(checkout: "Checkout", head: "Head") -> LocalChanges:
    """Return how the working tree is ahead of the tracked branch's tip."""
    return LocalChanges(
        tracked=head.branch,
        edited=tuple(await checkout.edited()),
        commits=await checkout.unpublished(head.commit, branch=head.branch),
        branch=await checkout.branch(),
        has_origin=await checkout.has_origin(),
    )
