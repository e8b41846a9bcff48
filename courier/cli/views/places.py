"""Where the runs of a plan wait for people, and what these and agents look at, as lines."""

from collections.abc import Iterator

from courier.cli.views.figures import took
from courier.runs.run.frozen import FrozenApproval, FrozenPlan


def place_lines(plan: FrozenPlan) -> Iterator[tuple[str, str]]:
    """Yield a label and a line for every approval and every picture."""
    for approval in plan.approvals:
        yield "approval", _place(approval)
    for image in plan.images:
        yield "image", f"{image.path} ({image.type}, {image.size:,} bytes)"


def _place(approval: FrozenApproval) -> str:
    where = f"before {approval.before}" if approval.before else f"after {approval.after}"
    whom = " or ".join(approval.by) or "an admin or owner"
    within = approval.timeout_seconds
    limit = f", at most {took(float(within))}" if within is not None else ""
    return f"{approval.name}: {where} waits for {whom}{limit}"
